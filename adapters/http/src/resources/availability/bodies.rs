//! Answers about what is free, rendered once for each snapshot of the board.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::availability::AvailabilitySnapshot;
use onsale_application::ports::{Seals, StreamClaims};
use onsale_domain::ids::PerformanceId;
use parking_lot::Mutex;

use super::objects::AvailabilityObject;
use crate::rendered::RenderedBody;

/// How long the address of a stream is good: whoever opened the page in the morning still follows in the evening.
const TICKET_LIFE: TimeDelta = TimeDelta::hours(12);
/// For how long the same address is given out, so that equal answers have equal bytes and can be answered by 304.
const TICKET_SHARED: TimeDelta = TimeDelta::hours(1);
/// The most performances of which an answer is kept: about 100 KB each with 200,000 seats.
const ENTRIES_LIMIT: usize = 256;

/// Keeps the last answer of each performance that somebody looks at.
pub(crate) struct AvailabilityBodies {
    seals: Arc<dyn Seals>,
    kept: Mutex<HashMap<PerformanceId, Kept>>,
}

#[derive(Clone)]
struct Kept {
    snapshot: Arc<AvailabilitySnapshot>,
    body: RenderedBody,
    address: Address,
}

/// Where a performance's changes can be followed.
#[derive(Clone)]
struct Address {
    url: Arc<str>,
    made_at: DateTime<Utc>,
}

impl AvailabilityBodies {
    pub(crate) fn new(seals: Arc<dyn Seals>) -> Self {
        Self { seals, kept: Mutex::default() }
    }

    /// Whether a snapshot of the performance was shown before: then visitors may know of it.
    pub(crate) fn knows(&self, performance: PerformanceId) -> bool {
        self.kept.lock().contains_key(&performance)
    }

    /// The answer that shows `snapshot`.
    pub(crate) fn body(&self, snapshot: &Arc<AvailabilitySnapshot>) -> RenderedBody {
        let known = {
            let kept = self.kept.lock();
            match kept.get(&snapshot.performance) {
                Some(kept) if Arc::ptr_eq(&kept.snapshot, snapshot) => return kept.body.clone(),
                known => known.cloned(),
            }
        };
        let kept = self.render(snapshot, known);
        let body = kept.body.clone();
        self.keep(snapshot.performance, kept);
        body
    }

    fn render(&self, snapshot: &Arc<AvailabilitySnapshot>, known: Option<Kept>) -> Kept {
        let is_shared = |kept: &Kept| (snapshot.at - kept.address.made_at).abs() < TICKET_SHARED;
        match known.filter(is_shared) {
            Some(kept) if shows_the_same(&kept.snapshot, snapshot) => Kept { snapshot: Arc::clone(snapshot), ..kept },
            Some(kept) => Self::rendered(snapshot, kept.address),
            None => Self::rendered(snapshot, self.address(snapshot)),
        }
    }

    fn rendered(snapshot: &Arc<AvailabilitySnapshot>, address: Address) -> Kept {
        let body = RenderedBody::json(&AvailabilityObject::new(snapshot, &address.url));
        Kept { snapshot: Arc::clone(snapshot), body, address }
    }

    fn address(&self, snapshot: &AvailabilitySnapshot) -> Address {
        let performance = snapshot.performance;
        let claims = StreamClaims { performance, expires_at: snapshot.at + TICKET_LIFE };
        let ticket = self.seals.stream_ticket(&claims);
        let url = format!("/v1/performances/{performance}/availability/events?ticket={ticket}");
        Address { url: url.into(), made_at: snapshot.at }
    }

    fn keep(&self, performance: PerformanceId, new: Kept) {
        let mut kept = self.kept.lock();
        if kept.len() >= ENTRIES_LIMIT && !kept.contains_key(&performance) {
            kept.clear(); // those that are asked for are back with their next request
        }
        kept.insert(performance, new);
    }
}

fn shows_the_same(one: &AvailabilitySnapshot, other: &AvailabilitySnapshot) -> bool {
    (one.epoch, one.version) == (other.epoch, other.version)
        && one.free == other.free
        && one.categories == other.categories
}
