use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::settings::CacheSettings;

/// The pause before looking again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// How much one reading counts against those before it.
const WEIGHT: u64 = 8;

/// How long a reading of this kind usually takes, and so how long one waits for another's.
#[derive(Default)]
pub(super) struct Patience {
    /// In microseconds; 0 before the first.
    usual: AtomicU64,
}

impl Patience {
    pub(super) fn learn(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let usual = self.usual.load(Ordering::Relaxed);
        let usual = if usual == 0 { took } else { usual - usual / WEIGHT + took / WEIGHT };
        self.usual.store(usual, Ordering::Relaxed); // one that is lost between two readings does not matter
    }

    pub(super) fn limit(&self, settings: &CacheSettings) -> Duration {
        let usual = Duration::from_micros(self.usual.load(Ordering::Relaxed));
        usual.max(settings.patience).min(settings.lease)
    }
}

/// Somebody who looks again and again, with growing pauses, until the limit.
pub(super) struct Waiting {
    until: Instant,
    pause: Duration,
}

impl Waiting {
    pub(super) fn new(limit: Duration) -> Self {
        Self { until: Instant::now() + limit, pause: FIRST_PAUSE }
    }

    /// Pauses; says whether it is worth while to look again.
    pub(super) async fn goes_on(&mut self) -> bool {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        sleep(self.pause.min(left)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}
