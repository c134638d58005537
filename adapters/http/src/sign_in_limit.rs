//! How often one client may try to sign in to one account.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;
use governor::clock::{Clock, DefaultClock};

use crate::keyed_limit::KeyedLimit;
use crate::middleware::customer;

/// Attempts at once: more than anybody needs who has forgotten a password, and next to nothing for a guesser.
const BURST: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
/// One more attempt after each six seconds.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("not zero");

/// A limit per account and client address together.
///
/// Together, so that nobody can lock another out by failing in their name from elsewhere.
pub(crate) struct SignInLimit<C: Clock = DefaultClock>(KeyedLimit<C>);

fn quota() -> Quota {
    Quota::per_minute(PER_MINUTE).allow_burst(BURST)
}

impl SignInLimit {
    /// A limit on the process's clock.
    pub(crate) fn new() -> Self {
        Self(KeyedLimit::new(quota()))
    }
}

impl<C: Clock + Clone> SignInLimit<C> {
    /// Counts one attempt of `client` on the account of `email`.
    ///
    /// # Errors
    /// The time until the next one would be answered.
    pub(crate) fn check(&self, email: &str, client: IpAddr) -> Result<(), Duration> {
        self.0.check((email.trim().to_lowercase(), customer(client)))
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::keyed_limit::SWEEP_AFTER;

    fn limit() -> (SignInLimit<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (SignInLimit(KeyedLimit::with_clock(quota(), clock.clone())), clock)
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
        let remembered = limit.0.remembered();
        assert!(remembered <= 2 * SWEEP_AFTER, "{remembered} attempts are remembered");
    }
}
