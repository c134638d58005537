//! How many requests one client address gets answered.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

/// Cells of the table, 8 bytes each: half a megabyte whatever arrives. With 10,000 clients at once, a customer shares
/// the cell of one given greedy client with a chance of 1 in 65,536.
const CELLS: usize = 1 << 16;

/// The bits of an IPv6 address that name a customer's network.
const IPV6_NETWORK: u128 = !0 << 64;

/// A limit per client address: GCRA, by the `governor` crate, over a table of fixed size.
///
/// Clients share a fixed number of cells by a hash that is secret and new with each process, so memory cannot grow,
/// nothing needs sweeping, and nobody can choose whose cell to drain.
pub(crate) struct ClientLimit {
    limiter: RateLimiter<usize, Cells, DefaultClock>,
    clock: DefaultClock,
    hasher: RandomState,
}

struct Cells(Box<[InMemoryState]>);

impl StateStore for Cells {
    type Key = usize;

    fn measure_and_replace<T, F, E>(&self, cell: &usize, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0[*cell].measure_and_replace(&NotKeyed::NonKey, decide)
    }
}

impl ClientLimit {
    /// A limit of `per_second` with `burst` at once; none if `per_second` is 0.
    pub(crate) fn per_second(per_second: u32, burst: u32) -> Option<Self> {
        Some(Self::new(Quota::per_second(NonZeroU32::new(per_second)?), burst))
    }

    /// A limit of `per_minute` with `burst` at once; none if `per_minute` is 0.
    pub(crate) fn per_minute(per_minute: u32, burst: u32) -> Option<Self> {
        Some(Self::new(Quota::per_minute(NonZeroU32::new(per_minute)?), burst))
    }

    fn new(quota: Quota, burst: u32) -> Self {
        let quota = quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN));
        let cells = Cells((0..CELLS).map(|_| InMemoryState::default()).collect());
        let clock = DefaultClock::default();
        Self { limiter: RateLimiter::new(quota, cells, clock.clone()), clock, hasher: RandomState::new() }
    }

    /// Counts one request of `client`.
    ///
    /// # Errors
    /// The time until the next one would be answered.
    pub(crate) fn check(&self, client: IpAddr) -> Result<(), Duration> {
        let cell = usize::try_from(self.hasher.hash_one(customer(client)) % CELLS as u64).unwrap_or_default();
        self.limiter.check_key(&cell).map_err(|refused| refused.wait_time_from(self.clock.now()))
    }
}

/// One IPv4 address, or one IPv6 /64: a customer can use any address of it.
pub(crate) fn customer(client: IpAddr) -> Ipv6Addr {
    match client.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & IPV6_NETWORK),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_client_that_used_its_burst_is_told_when_to_come_back() {
        let limit = ClientLimit::per_second(1, 2).expect("a limit");
        assert_eq!(limit.check(address("192.0.2.1")), Ok(()));
        assert_eq!(limit.check(address("192.0.2.1")), Ok(()));
        let wait = limit.check(address("192.0.2.1")).expect_err("the burst is used");
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1));
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        assert_eq!(customer(address("2001:db8:1:2::1")), customer(address("2001:db8:1:2:ffff::9")));
        assert_ne!(customer(address("2001:db8:1:2::1")), customer(address("2001:db8:1:3::1")));
        assert_ne!(customer(address("192.0.2.1")), customer(address("192.0.2.2")));
        assert_eq!(customer(address("::ffff:192.0.2.1")), customer(address("192.0.2.1")));
    }

    #[test]
    fn zero_lifts_the_limit() {
        assert!(ClientLimit::per_second(0, 5).is_none() && ClientLimit::per_minute(0, 5).is_none());
    }
}
