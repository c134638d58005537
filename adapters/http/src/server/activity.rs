//! Which connections to give up: those that are slow to ask, and those that do nothing.
//!
//! hyper arms a new timer for every request head, and lets idle connections run into the same timer. Here a connection
//! only counts what happens on it, and looks at the counters a few times per limit: a request costs two additions.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What happens on one connection. Only its own tasks look at it, so no ordering is needed between the counters.
#[derive(Debug)]
pub(super) struct Activity {
    /// Rises with every read or write that moved bytes.
    moved: AtomicU32,
    /// Requests whose response head is not made yet.
    running: AtomicU32,
    /// Rises with every request.
    begun: AtomicU32,
    /// Bytes came, or are expected first, that no request was made of yet.
    heading: AtomicBool,
    /// On HTTP/2, bytes between requests are not the beginning of a head but may be anything.
    is_multiplexed: AtomicBool,
}

impl Activity {
    /// A new connection owes a request head.
    pub(super) fn new() -> Self {
        Self {
            moved: AtomicU32::new(0),
            running: AtomicU32::new(0),
            begun: AtomicU32::new(0),
            heading: AtomicBool::new(true),
            is_multiplexed: AtomicBool::new(false),
        }
    }

    pub(super) fn multiplexed(&self) {
        self.is_multiplexed.store(true, Ordering::Relaxed);
    }

    /// Counts a request until the guard is dropped.
    pub(super) fn begin(self: Arc<Self>) -> Running {
        self.running.fetch_add(1, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.heading.store(false, Ordering::Relaxed);
        Running(self)
    }

    fn read(&self) {
        self.moved.fetch_add(1, Ordering::Relaxed);
        if self.running.load(Ordering::Relaxed) == 0 && !self.is_multiplexed.load(Ordering::Relaxed) {
            self.heading.store(true, Ordering::Relaxed);
        }
    }

    fn written(&self) {
        self.moved.fetch_add(1, Ordering::Relaxed);
        if self.begun.load(Ordering::Relaxed) > 0 {
            self.heading.store(false, Ordering::Relaxed);
        }
    }

    fn look(&self) -> Look {
        Look {
            moved: self.moved.load(Ordering::Relaxed),
            begun: self.begun.load(Ordering::Relaxed),
            is_running: self.running.load(Ordering::Relaxed) > 0,
            is_heading: self.heading.load(Ordering::Relaxed),
        }
    }
}

/// One look at the counters.
#[derive(Clone, Copy, Debug)]
struct Look {
    moved: u32,
    begun: u32,
    is_running: bool,
    is_heading: bool,
}

/// A request that is being answered.
pub(super) struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why a connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The request head did not arrive in time.
    Head,
    /// Nothing happened for too long.
    Idle,
}

/// Judges a connection from successive looks at it.
struct Patience {
    last: Look,
    looks_at_head: u32,
    idle_looks: u32,
    idle_looks_allowed: u32,
}

impl Patience {
    /// Looks twice per head timeout, so a head is overdue after one to one and a half of it.
    const LOOKS_PER_HEAD: u32 = 2;

    fn new(first: Look, look_every: Duration, idle_timeout: Duration) -> Self {
        let allowed = idle_timeout.as_millis().div_ceil(look_every.as_millis().max(1));
        let idle_looks_allowed = u32::try_from(allowed).unwrap_or(u32::MAX).max(1);
        Self { last: first, looks_at_head: 0, idle_looks: 0, idle_looks_allowed }
    }

    fn judge(&mut self, look: Look) -> Option<Overdue> {
        let same_head = look.is_heading && self.last.is_heading && look.begun == self.last.begun;
        self.looks_at_head = if same_head { self.looks_at_head + 1 } else { 0 };
        let is_idle = !look.is_running && look.moved == self.last.moved;
        self.idle_looks = if is_idle { self.idle_looks + 1 } else { 0 };
        self.last = look;
        if self.looks_at_head >= Self::LOOKS_PER_HEAD {
            return Some(Overdue::Head);
        }
        (self.idle_looks >= self.idle_looks_allowed).then_some(Overdue::Idle)
    }
}

/// Waits until the connection is to be given up.
pub(super) async fn overdue(activity: &Activity, head_timeout: Duration, idle_timeout: Duration) -> Overdue {
    let look_every = (head_timeout / Patience::LOOKS_PER_HEAD).max(Duration::from_millis(1));
    let mut patience = Patience::new(activity.look(), look_every, idle_timeout);
    loop {
        tokio::time::sleep(look_every).await;
        if let Some(overdue) = patience.judge(activity.look()) {
            return overdue;
        }
    }
}

/// A TCP stream that counts what moves.
pub(super) struct Watched {
    stream: TcpStream,
    activity: Arc<Activity>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }

    fn count_written(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.activity.written();
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.activity.read();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.count_written(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.count_written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_secs(5);
    const IDLE: Duration = Duration::from_secs(20);

    fn patience(activity: &Activity) -> Patience {
        Patience::new(activity.look(), LOOK, IDLE)
    }

    #[test]
    fn a_connection_that_never_completes_its_first_head_is_overdue() {
        let activity = Activity::new();
        let mut patience = patience(&activity);
        activity.read();
        assert_eq!(patience.judge(activity.look()), None);
        activity.read();
        assert_eq!(patience.judge(activity.look()), Some(Overdue::Head));
    }

    #[test]
    fn a_trickling_second_head_is_overdue_but_a_slow_answer_is_not() {
        let activity = Arc::new(Activity::new());
        let mut patience = patience(&activity);
        let running = Arc::clone(&activity).begin();
        for _ in 0..10 {
            assert_eq!(patience.judge(activity.look()), None, "the request is being answered");
        }
        activity.written();
        drop(running);
        activity.read();
        assert_eq!(patience.judge(activity.look()), None);
        activity.read();
        assert_eq!(patience.judge(activity.look()), None);
        activity.read();
        assert_eq!(patience.judge(activity.look()), Some(Overdue::Head));
    }

    #[test]
    fn silence_between_requests_is_allowed_for_the_idle_time() {
        let activity = Arc::new(Activity::new());
        drop(Arc::clone(&activity).begin());
        activity.written();
        let mut patience = patience(&activity);
        let judged: Vec<_> = (0..4).map(|_| patience.judge(activity.look())).collect();
        assert_eq!(judged, [None, None, None, Some(Overdue::Idle)]);
    }

    #[test]
    fn a_stream_that_writes_stays() {
        let activity = Arc::new(Activity::new());
        drop(Arc::clone(&activity).begin());
        let mut patience = patience(&activity);
        for _ in 0..10 {
            activity.written();
            assert_eq!(patience.judge(activity.look()), None);
        }
    }

    #[test]
    fn frames_between_http2_requests_are_no_head() {
        let activity = Arc::new(Activity::new());
        activity.multiplexed();
        drop(Arc::clone(&activity).begin());
        let mut patience = patience(&activity);
        for _ in 0..10 {
            activity.read();
            assert_eq!(patience.judge(activity.look()), None);
        }
    }
}
