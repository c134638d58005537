//! What everybody hears who keeps a copy of what is free.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use onsale_application::ports::{AllotmentDelta, SeatDelta};
use onsale_domain::box_office::Changes;
use onsale_domain::ids::{CategoryId, PerformanceId, ReservationId};
use onsale_domain::reservation::{Reservation, ReservationState};

use super::performance::Version;

/// Reservations as they were before a group.
pub(super) type Reservations = HashMap<ReservationId, Reservation>;

/// What a group changed.
pub(super) fn of(performance: PerformanceId, version: Version, changes: &Changes, before: &Reservations) -> SeatDelta {
    let mut ends = ends(changes, before);
    let allotments = changes.allotments.values().map(|allotment| AllotmentDelta {
        allotment: *allotment,
        ends: ends.remove(&allotment.category).unwrap_or_default().into_iter().collect(),
    });
    SeatDelta {
        performance,
        epoch: version.epoch,
        version: version.number,
        seats: changes.seats.values().map(|seat| (seat.no, seat.state)).collect(),
        allotments: allotments.collect(),
    }
}

/// That something may have changed without anybody knowing what.
pub(super) fn unknown(performance: PerformanceId) -> SeatDelta {
    SeatDelta { performance, epoch: 0, version: 0, seats: Vec::new(), allotments: Vec::new() }
}

type Ends = BTreeMap<DateTime<Utc>, i64>;

/// By how many the tickets that are held until each moment rose or fell.
fn ends(changes: &Changes, before: &Reservations) -> BTreeMap<CategoryId, Ends> {
    let is_held = |reservation: &Reservation| reservation.state == ReservationState::Held;
    let mut ends: BTreeMap<CategoryId, Ends> = BTreeMap::new();
    for reservation in changes.reservations.values() {
        let was_held = before.get(&reservation.id).is_some_and(is_held);
        let change = i64::from(is_held(reservation)) - i64::from(was_held);
        for (category, tickets) in reservation.tickets().into_iter().filter(|_| change != 0) {
            *ends.entry(category).or_default().entry(reservation.held_until).or_default() +=
                change * i64::from(tickets);
        }
    }
    ends
}
