use chrono::{DateTime, SubsecRound, Utc};
use onsale_application::ports::{Clock, Ids};
use uuid::Uuid;

/// The machine's wall clock, truncated to microseconds: what every store keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock port's adapter")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// Random `UUIDv7` ids (RFC 9562, 5.7), each later than those that this process made before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct UuidIds;

impl Ids for UuidIds {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter of the port for ids")]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

#[cfg(test)]
mod tests {
    use onsale_application::ports::{Clock, Ids};

    use super::{SystemClock, UuidIds};

    #[test]
    fn the_clock_keeps_no_more_than_a_store_does() {
        assert!((0..100).all(|_| SystemClock.now().timestamp_subsec_nanos().is_multiple_of(1_000)));
    }

    #[test]
    fn every_id_is_later_than_the_one_before() {
        let ids: Vec<_> = (0..10_000).map(|_| UuidIds.new_id()).collect();
        assert!(ids.is_sorted_by(|earlier, later| earlier < later));
        assert_eq!(ids[0].get_version_num(), 7);
    }
}
