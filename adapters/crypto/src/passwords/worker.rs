use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use tracing::error;

use super::count;
use super::hasher::Hasher;
use super::metrics::{PasswordMetrics, now};

/// How long an idle thread keeps its memory: long enough to bridge a rush, short enough to be small at night.
const IDLE: Duration = Duration::from_secs(5);

/// One password's work.
pub(super) type Job = Box<dyn FnOnce(&mut Hasher) + Send>;

/// A thread that hashes.
pub(super) struct Worker {
    pub(super) waiting: Receiver<Job>,
    pub(super) hasher: Hasher,
    pub(super) metrics: PasswordMetrics,
}

impl Worker {
    /// Works until nobody can submit any more.
    pub(super) fn run(mut self) {
        yield_to_others();
        while let Some(job) = self.next() {
            self.metrics.waiting.set(count(self.waiting.len()));
            let started = now();
            // A thread that died would be missing for good; the job's caller learns of a panic by the lost reply.
            if catch_unwind(AssertUnwindSafe(|| job(&mut self.hasher))).is_err() {
                error!("hashing a password panicked");
            }
            self.metrics.seconds.record(started.elapsed());
        }
    }

    fn next(&mut self) -> Option<Job> {
        if self.hasher.is_resting() {
            return self.waiting.recv().ok();
        }
        match self.waiting.recv_timeout(IDLE) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                self.hasher.rest();
                self.waiting.recv().ok()
            }
        }
    }
}

/// Lets threads that serve requests go first: on Linux, niceness belongs to the thread that asks for it (`nice(2)`).
#[cfg(target_os = "linux")]
fn yield_to_others() {
    /// About a tenth of a core's time while others want all of it.
    const NICENESS: i32 = 10;
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "the threads that hash passwords keep their priority");
    }
}

/// Elsewhere niceness belongs to the whole process.
#[cfg(not(target_os = "linux"))]
fn yield_to_others() {}
