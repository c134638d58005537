//! A bounded buffer of log lines, and the thread that writes it out.
//!
//! Callers append to one buffer; the thread swaps it for an empty one and writes the whole batch at once, then rests a
//! moment so that the next batch gathers. So a busy log wakes the thread at most two hundred times a second, where a
//! channel wakes it once per line.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use metrics::{Unit, counter, describe_counter};
use parking_lot::{Condvar, Mutex};
use tracing_subscriber::fmt::MakeWriter;

const DROPPED: &str = "onsale_log_lines_dropped_total";

/// How long a line may wait for company.
const REST: Duration = Duration::from_millis(5);
/// How long the end of the process waits for the output.
const FLUSH_LIMIT: Duration = Duration::from_secs(2);
/// Memory a buffer keeps between batches; one that grew in a burst gives the rest back.
const KEPT_BYTES: usize = 512 * 1024;

/// The caller's end of the buffer.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<Shared>);

/// The thread's end; dropping it writes out what is left and stops the thread.
#[derive(Debug)]
pub(super) struct WriterThread(Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    limit_bytes: usize,
    buffer: Mutex<Buffer>,
    /// There is something to write, or the thread should stop.
    work: Condvar,
    /// The thread has stopped.
    stopped: Condvar,
}

#[derive(Debug, Default)]
struct Buffer {
    lines: Vec<u8>,
    dropped: u64,
    stopping: bool,
    stopped: bool,
}

/// Makes the counter of dropped lines visible before the first is dropped.
pub(crate) fn describe_metrics() {
    describe_counter!(DROPPED, Unit::Count, "Log lines dropped because the output was too slow or failed.");
    counter!(DROPPED).increment(0);
}

/// Starts the thread that writes to `output`, with at most `limit_bytes` waiting.
pub(super) fn start(output: impl Write + Send + 'static, limit_bytes: usize) -> io::Result<(Lines, WriterThread)> {
    let shared =
        Arc::new(Shared { limit_bytes, buffer: Mutex::default(), work: Condvar::new(), stopped: Condvar::new() });
    let writer = Arc::clone(&shared);
    thread::Builder::new().name("log-writer".to_owned()).spawn(move || writer.write_until_stopped(output))?;
    Ok((Lines(Arc::clone(&shared)), WriterThread(shared)))
}

impl Shared {
    fn append(&self, line: &[u8]) {
        let mut buffer = self.buffer.lock();
        if buffer.stopping || buffer.lines.len() + line.len() > self.limit_bytes {
            buffer.dropped += 1;
            return;
        }
        let first = buffer.lines.is_empty();
        buffer.lines.extend_from_slice(line);
        drop(buffer);
        if first {
            self.work.notify_one(); // costs nothing while the thread rests
        }
    }

    fn write_until_stopped(&self, mut output: impl Write) {
        let mut batch = Vec::new();
        loop {
            let (dropped, stopping) = self.take(&mut batch);
            let lost = if write_batch(&mut output, &batch).is_ok() { 0 } else { count_lines(&batch) };
            if dropped + lost > 0 {
                counter!(DROPPED).increment(dropped + lost);
            }
            if stopping {
                break;
            }
            batch.clear();
            batch.shrink_to(KEPT_BYTES);
            thread::sleep(REST);
        }
        self.buffer.lock().stopped = true;
        self.stopped.notify_all();
    }

    /// Waits for lines and swaps them for the empty `batch`; says how many did not fit, and whether these are the last.
    fn take(&self, batch: &mut Vec<u8>) -> (u64, bool) {
        let mut buffer = self.buffer.lock();
        self.work.wait_while(&mut buffer, |buffer| buffer.lines.is_empty() && !buffer.stopping);
        std::mem::swap(&mut buffer.lines, batch);
        (std::mem::take(&mut buffer.dropped), buffer.stopping)
    }
}

fn write_batch(output: &mut impl Write, batch: &[u8]) -> io::Result<()> {
    output.write_all(batch)?;
    output.flush()
}

fn count_lines(batch: &[u8]) -> u64 {
    batch.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        let mut buffer = self.0.buffer.lock();
        buffer.stopping = true;
        self.0.work.notify_one();
        // An output that is stuck for good must not keep the process from ending.
        self.0.stopped.wait_while_for(&mut buffer, |buffer| !buffer.stopped, FLUSH_LIMIT);
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Shared;

    fn make_writer(&'a self) -> Self::Writer {
        &self.0
    }
}

/// Takes whole lines: the formatting layer writes each event with one call.
impl Write for &Shared {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.append(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// An output that is stuck until the test lets it go on.
    struct Stuck {
        release: mpsc::Receiver<()>,
        reached: mpsc::Sender<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.reached.send(()).ok();
            self.release.recv().ok();
            self.written.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_output_drops_lines_beyond_the_limit_and_never_the_caller() {
        let (release, released) = mpsc::channel();
        let (reached, writing) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let output = Stuck { release: released, reached, written: Arc::clone(&written) };
        let (lines, thread) = start(output, 20).expect("a thread");

        lines.0.append(b"first\n");
        writing.recv().expect("the thread writes");
        for line in [b"12345678\n", b"abcdefgh\n", b"too long\n"] {
            lines.0.append(line);
        }
        assert_eq!(lines.0.buffer.lock().dropped, 1);
        drop(release);
        drop(thread);
        assert_eq!(String::from_utf8_lossy(&written.lock()), "first\n12345678\nabcdefgh\n");
        assert_eq!(lines.0.buffer.lock().dropped, 0, "the thread has counted it");
    }

    #[test]
    fn lines_of_many_threads_stay_whole_and_complete() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let (release, released) = mpsc::channel();
        drop(release); // never stuck
        let output = Stuck { release: released, reached: mpsc::channel().0, written: Arc::clone(&written) };
        let (lines, thread) = start(output, 1 << 20).expect("a thread");
        thread::scope(|scope| {
            for writer in 0..4 {
                let lines = lines.clone();
                scope
                    .spawn(move || (0..1_000).for_each(|line| lines.0.append(format!("{writer} {line}\n").as_bytes())));
            }
        });
        drop(thread);
        let written = String::from_utf8(written.lock().clone()).expect("whole lines");
        for writer in 0..4 {
            let own: Vec<_> = written.lines().filter_map(|line| line.strip_prefix(&format!("{writer} "))).collect();
            assert_eq!(own, (0..1_000).map(|line| line.to_string()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn lines_after_the_end_are_counted_as_dropped() {
        let (lines, thread) = start(io::sink(), 100).expect("a thread");
        drop(thread);
        lines.0.append(b"late\n");
        assert_eq!(lines.0.buffer.lock().dropped, 1);
    }
}
