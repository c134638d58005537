//! Who asks next, and when.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use super::{Load, Until};

/// The requests of one load, handed to whichever connection is free.
pub(super) struct Turns {
    started: OnceLock<Instant>,
    next: AtomicU64,
    total: u64,
    lasting: Option<Duration>,
    rhythm: Option<Rhythm>,
    connections: usize,
}

/// Requests at fixed moments: one permit each, given when it is due.
struct Rhythm {
    interval_seconds: f64,
    due: Semaphore,
}

/// One request of a load.
#[derive(Clone, Copy)]
pub(super) struct Due {
    pub(super) number: u64,
    /// When it was meant to start; now, unless the load has a rate.
    pub(super) at: Instant,
}

impl Turns {
    pub(super) fn new(load: &Load) -> Self {
        let (total, lasting) = match (load.until, load.per_second) {
            (Until::Requests(total), _) => (total, None),
            (Until::Elapsed(lasting), None) => (u64::MAX, Some(lasting)),
            (Until::Elapsed(lasting), Some(per_second)) => (whole(lasting.as_secs_f64() * per_second), None),
        };
        let rhythm = load.per_second.map(|rate| Rhythm { interval_seconds: 1.0 / rate, due: Semaphore::new(0) });
        let connections = load.connections;
        Self { started: OnceLock::new(), next: AtomicU64::new(0), total, lasting, rhythm, connections }
    }

    pub(super) fn start(&self) {
        self.started.get_or_init(Instant::now);
    }

    pub(super) fn started(&self) -> Instant {
        *self.started.get_or_init(Instant::now)
    }

    /// The next request; none at the end.
    pub(super) async fn next(&self) -> Option<Due> {
        if let Some(rhythm) = &self.rhythm {
            rhythm.due.acquire().await.ok()?.forget();
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.total {
            return None;
        }
        let now = Instant::now();
        if self.lasting.is_some_and(|lasting| now.duration_since(self.started()) >= lasting) {
            return None;
        }
        let at = self.rhythm.as_ref().map_or(now, |rhythm| rhythm.moment(self.started(), number));
        Some(Due { number, at })
    }

    /// Gives the permits when they are due, from the calling thread: its sleep is exact to tens of microseconds, the
    /// runtime's timers only to a millisecond. Returns at once when the load has no rate.
    pub(super) fn pace(&self) {
        let Some(rhythm) = &self.rhythm else { return };
        let mut given = 0;
        while given < self.total {
            let passed = self.started().elapsed().as_secs_f64();
            let due = (whole(passed / rhythm.interval_seconds) + 1).min(self.total);
            rhythm.give(due.saturating_sub(given));
            given = given.max(due);
            thread::sleep(rhythm.moment(self.started(), given).saturating_duration_since(Instant::now()));
        }
        rhythm.due.add_permits(self.connections); // each connection takes one more and finds that nothing is left
    }
}

impl Rhythm {
    fn moment(&self, started: Instant, number: u64) -> Instant {
        #[expect(clippy::cast_precision_loss, reason = "a load has far fewer than 2^53 requests")]
        let offset = self.interval_seconds * number as f64;
        started + Duration::from_secs_f64(offset)
    }

    fn give(&self, permits: u64) {
        self.due.add_permits(usize::try_from(permits).unwrap_or(Semaphore::MAX_PERMITS));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of requests, small and positive")]
fn whole(count: f64) -> u64 {
    count as u64
}
