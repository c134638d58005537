//! Answers about what is free, rendered once for each snapshot of the board.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::availability::AvailabilitySnapshot;
use onsale_application::ports::{PassClaims, Seals, StreamClaims};
use onsale_domain::box_office::Admission;
use onsale_domain::ids::PerformanceId;
use parking_lot::Mutex;

use super::objects::{AvailabilityObject, AvailabilitySnapshotEvent};
use crate::rendered::{RenderedBody, SharedObject};

/// How long the address of a stream is good: whoever opened the page in the morning still follows in the evening.
const TICKET_LIFE: TimeDelta = TimeDelta::hours(12);
/// For how long the same address is given out, so that equal answers have equal bytes and can be answered by 304.
const TICKET_SHARED: TimeDelta = TimeDelta::hours(1);
/// The most performances of which an answer is kept: about 100 KB each with 200,000 seats.
const ENTRIES_LIMIT: usize = 256;
/// The most bytes of answers to single passes that are kept, of all performances together: each has an address of its own. The
/// answers to 6,000 passes to a hall of 15,000 seats take a third of it.
const OF_PASSES_LIMIT: usize = 64 * 1024 * 1024;

/// Keeps the last answer of each performance that somebody looks at.
pub(crate) struct AvailabilityBodies {
    seals: Arc<dyn Seals>,
    kept: Mutex<HashMap<PerformanceId, Kept>>,
    guarded: Mutex<HashMap<PerformanceId, Guarded>>,
    of_passes: Mutex<OfPasses>,
}

/// What everybody who was let in sees of a performance, but for the address that is each one's own.
#[derive(Clone)]
struct Guarded {
    snapshot: Arc<AvailabilitySnapshot>,
    shown: Arc<SharedObject>,
}

/// The last answers to single passes.
#[derive(Default)]
struct OfPasses {
    by_pass: HashMap<(PerformanceId, Admission), OfPass>,
    bytes: usize,
}

/// The answer to a pass, and what it shows.
struct OfPass {
    shown: Arc<SharedObject>,
    body: RenderedBody,
}

impl OfPasses {
    /// The answer to a pass, if it was shown the same before.
    fn get(&self, pass: (PerformanceId, Admission), shown: &Arc<SharedObject>) -> Option<RenderedBody> {
        let known = self.by_pass.get(&pass).filter(|known| Arc::ptr_eq(&known.shown, shown))?;
        Some(known.body.clone())
    }

    fn keep(&mut self, pass: (PerformanceId, Admission), new: OfPass) {
        if self.bytes + new.body.weight() > OF_PASSES_LIMIT {
            *self = Self::default(); // those that are asked for are back with their next request
        }
        self.bytes += new.body.weight();
        if let Some(replaced) = self.by_pass.insert(pass, new) {
            self.bytes -= replaced.body.weight();
        }
    }
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
        Self { seals, kept: Mutex::default(), guarded: Mutex::default(), of_passes: Mutex::default() }
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
        keep(&mut self.kept.lock(), snapshot.performance, kept);
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

    /// The answer that shows `snapshot` to somebody who was let in, and may follow it as long as the pass is good.
    pub(crate) fn body_of(&self, snapshot: &Arc<AvailabilitySnapshot>, pass: &PassClaims) -> RenderedBody {
        let shown = self.shown(snapshot);
        let admission = Admission { room: pass.room, number: pass.number };
        let key = (snapshot.performance, admission);
        let known = self.of_passes.lock().get(key, &shown);
        if let Some(body) = known {
            return body;
        }
        let body = shown.with("events_url", &self.url(snapshot.performance, Some(admission), pass.expires_at));
        self.of_passes.lock().keep(key, OfPass { shown, body: body.clone() });
        body
    }

    fn shown(&self, snapshot: &Arc<AvailabilitySnapshot>) -> Arc<SharedObject> {
        let known = self.guarded.lock().get(&snapshot.performance).cloned();
        let shown = match known {
            Some(known) if Arc::ptr_eq(&known.snapshot, snapshot) => return known.shown,
            Some(known) if shows_the_same(&known.snapshot, snapshot) => known.shown,
            _ => Arc::new(SharedObject::json(&AvailabilitySnapshotEvent::new(snapshot))),
        };
        let new = Guarded { snapshot: Arc::clone(snapshot), shown: Arc::clone(&shown) };
        keep(&mut self.guarded.lock(), snapshot.performance, new);
        shown
    }

    fn address(&self, snapshot: &AvailabilitySnapshot) -> Address {
        let url = self.url(snapshot.performance, None, snapshot.at + TICKET_LIFE);
        Address { url: url.into(), made_at: snapshot.at }
    }

    fn url(&self, performance: PerformanceId, admission: Option<Admission>, expires_at: DateTime<Utc>) -> String {
        let ticket = self.seals.stream_ticket(&StreamClaims { performance, admission, expires_at });
        format!("/v1/performances/{performance}/availability/events?ticket={ticket}")
    }
}

fn keep<T>(kept: &mut HashMap<PerformanceId, T>, performance: PerformanceId, new: T) {
    if kept.len() >= ENTRIES_LIMIT && !kept.contains_key(&performance) {
        kept.clear(); // those that are asked for are back with their next request
    }
    kept.insert(performance, new);
}

fn shows_the_same(one: &AvailabilitySnapshot, other: &AvailabilitySnapshot) -> bool {
    (one.epoch, one.version) == (other.epoch, other.version)
        && one.free == other.free
        && one.categories == other.categories
}
