//! How often something may happen to each of many: accounts, visitors, places.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// The table is swept after this many events at the earliest, so that sweeping costs little.
pub(crate) const SWEEP_AFTER: usize = 4_096;

/// A limit for each key: GCRA, by the `governor` crate.
///
/// What is remembered of a key is forgotten when its quota is whole again, and the table is swept when it may have
/// doubled: so it never keeps more than twice the events of that time, about 32 bytes each.
pub(crate) struct KeyedLimit<C: Clock = DefaultClock> {
    limiter: RateLimiter<u64, DashMapStateStore<u64>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    hasher: RandomState,
    left_until_sweep: AtomicUsize,
}

impl KeyedLimit {
    /// A limit on the process's clock.
    pub(crate) fn new(quota: Quota) -> Self {
        Self::with_clock(quota, DefaultClock::default())
    }
}

impl<C: Clock + Clone> KeyedLimit<C> {
    pub(crate) fn with_clock(quota: Quota, clock: C) -> Self {
        Self {
            limiter: RateLimiter::dashmap_with_clock(quota, clock.clone()),
            clock,
            hasher: RandomState::new(),
            left_until_sweep: AtomicUsize::new(SWEEP_AFTER),
        }
    }

    /// Counts one event of `key`.
    ///
    /// # Errors
    /// The time until the next one would be allowed.
    pub(crate) fn check(&self, key: impl Hash) -> Result<(), Duration> {
        self.sweep_when_due();
        let key = self.hasher.hash_one(key);
        self.limiter.check_key(&key).map_err(|refused| refused.wait_time_from(self.clock.now()))
    }

    /// How many keys are remembered.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.limiter.len()
    }

    fn sweep_when_due(&self) {
        if self.left_until_sweep.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.limiter.retain_recent();
            self.left_until_sweep.store(self.limiter.len().max(SWEEP_AFTER), Ordering::Relaxed);
        }
    }
}
