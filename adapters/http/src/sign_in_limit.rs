//! How often one client may try to sign in to one account.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::middleware::customer;

/// Attempts at once: more than anybody needs who has forgotten a password, and next to nothing for a guesser.
const BURST: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
/// One more attempt after each six seconds.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
/// The table is swept after this many attempts at the earliest, so that sweeping costs little.
const SWEEP_AFTER: usize = 4_096;

/// A limit per account and client address together: GCRA, by the `governor` crate.
///
/// Together, so that nobody can lock another out by failing in their name from elsewhere. What is remembered of an
/// attempt is forgotten six seconds later, and the table is swept when it may have doubled: so it never keeps more than
/// twice the attempts of six seconds, about 32 bytes each.
pub(crate) struct SignInLimit<C: Clock = DefaultClock> {
    limiter: RateLimiter<u64, DashMapStateStore<u64>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    hasher: RandomState,
    left_until_sweep: AtomicUsize,
}

impl SignInLimit {
    /// A limit on the process's clock.
    pub(crate) fn new() -> Self {
        Self::with_clock(DefaultClock::default())
    }
}

impl<C: Clock + Clone> SignInLimit<C> {
    fn with_clock(clock: C) -> Self {
        let quota = Quota::per_minute(PER_MINUTE).allow_burst(BURST);
        Self {
            limiter: RateLimiter::dashmap_with_clock(quota, clock.clone()),
            clock,
            hasher: RandomState::new(),
            left_until_sweep: AtomicUsize::new(SWEEP_AFTER),
        }
    }

    /// Counts one attempt of `client` on the account of `email`.
    ///
    /// # Errors
    /// The time until the next one would be answered.
    pub(crate) fn check(&self, email: &str, client: IpAddr) -> Result<(), Duration> {
        self.sweep_when_due();
        let key = self.hasher.hash_one((email.trim().to_lowercase(), customer(client)));
        self.limiter.check_key(&key).map_err(|refused| refused.wait_time_from(self.clock.now()))
    }

    fn sweep_when_due(&self) {
        if self.left_until_sweep.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.limiter.retain_recent();
            self.left_until_sweep.store(self.limiter.len().max(SWEEP_AFTER), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limit() -> (SignInLimit<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (SignInLimit::with_clock(clock.clone()), clock)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn the_eleventh_attempt_waits_six_seconds() {
        let (limit, clock) = limit();
        let attempt = || limit.check("min@example.com", address("192.0.2.1"));
        assert!((0..10).all(|_| attempt().is_ok()));
        assert_eq!(attempt(), Err(Duration::from_secs(6)));
        clock.advance(Duration::from_secs(6));
        assert_eq!(attempt(), Ok(()));
        assert!(attempt().is_err());
    }

    #[test]
    fn nobody_is_locked_out_by_another() {
        let (limit, _) = limit();
        while limit.check("min@example.com", address("192.0.2.1")).is_ok() {}
        assert!(limit.check(" Min@Example.com ", address("192.0.2.1")).is_err(), "another spelling");
        assert!(limit.check("min@example.com", address("192.0.2.2")).is_ok(), "the owner, elsewhere");
        assert!(limit.check("joon@example.com", address("192.0.2.1")).is_ok(), "a neighbour");
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let (limit, clock) = limit();
        for attempt in 0..10 * SWEEP_AFTER {
            let _ = limit.check(&format!("{attempt}@example.com"), address("192.0.2.1"));
            if attempt % SWEEP_AFTER == 0 {
                clock.advance(Duration::from_secs(10));
            }
        }
        assert!(limit.limiter.len() <= 2 * SWEEP_AFTER, "{} attempts are remembered", limit.limiter.len());
    }
}
