//! How often places in waiting rooms may be asked for.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::VisitorId;

use crate::keyed_limit::KeyedLimit;
use crate::middleware::customer;
use crate::problem::{Code, Problem};
use crate::settings::HttpLimits;

/// Questions after a place that are answered within a second: the fastest that anybody is told to ask is one.
const POLLS_PER_SECOND: NonZeroU32 = NonZeroU32::new(5).expect("not zero");
/// Questions at once: several tabs that come back from sleep.
const POLLS_AT_ONCE: NonZeroU32 = NonZeroU32::new(20).expect("not zero");

/// Limits on entering, per visitor and client address, and on asking, per place.
pub(crate) struct EntryLimit {
    by_visitor: Option<KeyedLimit>,
    by_client: Option<KeyedLimit>,
    polls: KeyedLimit,
}

impl EntryLimit {
    /// As `limits` say.
    pub(crate) fn new(limits: &HttpLimits) -> Self {
        let per_minute = |count| NonZeroU32::new(count).map(|count| KeyedLimit::new(Quota::per_minute(count)));
        Self {
            by_visitor: per_minute(limits.visitor_entries_per_minute),
            by_client: per_minute(limits.client_entries_per_minute),
            polls: KeyedLimit::new(Quota::per_second(POLLS_PER_SECOND).allow_burst(POLLS_AT_ONCE)),
        }
    }

    /// Counts an entry of `visitor`, from `client` unless somebody else enters it.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) fn enter(
        &self,
        room: WaitingRoomId,
        visitor: &VisitorId,
        client: Option<IpAddr>,
    ) -> Result<(), Problem> {
        if let Some(limit) = &self.by_visitor {
            limit.check((room, visitor)).map_err(limited)?;
        }
        match (&self.by_client, client) {
            (Some(limit), Some(client)) => limit.check(customer(client)).map_err(limited),
            _ => Ok(()),
        }
    }

    /// Counts a question after a place.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) fn poll(&self, room: WaitingRoomId, visitor: &VisitorId) -> Result<(), Problem> {
        self.polls.check((room, visitor)).map_err(limited)
    }
}

fn limited(wait: Duration) -> Problem {
    Problem::new(Code::RateLimited).retry_after(wait)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ROOM: WaitingRoomId = WaitingRoomId(Uuid::nil());

    fn visitor(number: u32) -> VisitorId {
        VisitorId::new(&format!("visitor-{number}")).expect("a name")
    }

    fn limit(client_entries_per_minute: u32, visitor_entries_per_minute: u32) -> EntryLimit {
        let limits = HttpLimits { client_entries_per_minute, visitor_entries_per_minute, ..HttpLimits::default() };
        EntryLimit::new(&limits)
    }

    fn client(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_visitor_asks_for_its_place_now_and_then() {
        let limit = limit(0, 2);
        let enter = |number| limit.enter(ROOM, &visitor(number), None).map_err(|problem| problem.code());
        assert_eq!([enter(1), enter(1), enter(1)], [Ok(()), Ok(()), Err(Code::RateLimited)]);
        assert_eq!(enter(2), Ok(()), "another visitor");
    }

    #[test]
    fn an_address_enters_so_many_visitors_and_a_tenant_any_number() {
        let limit = limit(2, 0);
        let enter = |number, client| limit.enter(ROOM, &visitor(number), client).is_ok();
        assert!(enter(1, Some(client("192.0.2.1"))) && enter(2, Some(client("192.0.2.1"))));
        assert!(!enter(3, Some(client("192.0.2.1"))));
        assert!(enter(3, Some(client("192.0.2.2"))));
        assert!((0..100).all(|number| enter(number, None)));
    }

    #[test]
    fn a_place_that_is_asked_after_without_pause_is_told_to_wait() {
        let limit = limit(0, 0);
        let answered = (0..100).take_while(|_| limit.poll(ROOM, &visitor(1)).is_ok()).count();
        assert!((20..30).contains(&answered), "{answered}");
        assert!(limit.poll(ROOM, &visitor(2)).is_ok());
    }
}
