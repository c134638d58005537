//! What is free, as the API shows it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use onsale_application::availability::{AvailabilitySnapshot, SeatDifference};
use onsale_domain::money::Amount;
use onsale_domain::performance::Performance;
use onsale_domain::plan::SeatingPlan;
use onsale_domain::seat::SeatNo;
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use crate::paging::Cursor;

/// How much is left of a category.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "CategoryAvailability")]
pub(crate) struct CategoryLeft {
    /// Names the category.
    pub(crate) category_id: Uuid,
    /// How many seats or tickets are free.
    pub(crate) available: u32,
}

/// What is free at this moment.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "Availability")]
pub(crate) struct AvailabilityObject {
    /// Names the sequence of versions; versions of different epochs cannot be compared.
    pub(crate) epoch: String,
    /// Rises with every change that customers make, and when an operator changes how many tickets there are.
    pub(crate) version: i64,
    /// How much is left, by category.
    pub(crate) categories: Vec<CategoryLeft>,
    /// Padded base64 (RFC 4648, section 4): byte i holds seats 8i to 8i + 7, lowest bit first, 1 = free.
    pub(crate) seats: String,
    /// Where changes can be followed as server-sent events: opaque, good for this one stream, for 11 hours at least, or as
    /// long as the pass that was shown.
    pub(crate) events_url: String,
}

/// The data of a `snapshot` event: what is free at this moment.
#[derive(Clone, Debug, PartialEq, Object)]
pub(crate) struct AvailabilitySnapshotEvent {
    /// Names the sequence of versions.
    pub(crate) epoch: String,
    /// The version that this shows.
    pub(crate) version: i64,
    /// How much is left, by category.
    pub(crate) categories: Vec<CategoryLeft>,
    /// Padded base64: byte i holds seats 8i to 8i + 7, lowest bit first, 1 = free.
    pub(crate) seats: String,
}

/// The data of a `delta` event: what has changed since the event before it.
#[derive(Clone, Debug, PartialEq, Object)]
pub(crate) struct AvailabilityDeltaEvent {
    /// Names the sequence of versions; another than before means: take a new snapshot.
    pub(crate) epoch: String,
    /// The version of the event before it; another than that means: take a new snapshot.
    pub(crate) previous_version: i64,
    /// The version that this leads to; the same as before when holds have ended by themselves.
    pub(crate) version: i64,
    /// Seats that are no longer free, in ascending order.
    pub(crate) taken: Vec<SeatNo>,
    /// Seats that are free again, in ascending order.
    pub(crate) freed: Vec<SeatNo>,
    /// How much is left now, of every category.
    pub(crate) categories: Vec<CategoryLeft>,
}

/// Whether a seat can be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub(crate) enum SeatStatus {
    /// It can be held.
    Free,
    /// Somebody has it, on hold or paid.
    Taken,
}

/// A seat of a performance.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "Seat", skip_serializing_if_is_none)]
pub(crate) struct SeatObject {
    /// Its number: the index in the seating plan, from 0, in file order.
    pub(crate) seat_no: SeatNo,
    /// Its name in the plan file.
    pub(crate) seat_guid: String,
    /// The name of its zone.
    pub(crate) zone: String,
    /// The label of its row.
    pub(crate) row: String,
    /// Its label within the row.
    pub(crate) number: String,
    /// Its price category.
    pub(crate) category_id: Uuid,
    /// What it costs, in the smallest unit of the performance's currency.
    pub(crate) price: Option<i64>,
    /// Whether it can be held.
    pub(crate) status: SeatStatus,
    /// Where it is, from the left, absolute, in the plan's own units.
    pub(crate) x: f64,
    /// Where it is, from the top, absolute, in the plan's own units.
    pub(crate) y: f64,
}

/// Seats in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct SeatPage {
    /// The seats.
    pub(crate) items: Vec<SeatObject>,
    /// Where the list goes on; absent at its end.
    pub(crate) next_cursor: Option<Cursor>,
}

impl AvailabilityObject {
    pub(crate) fn new(snapshot: &AvailabilitySnapshot, events_url: &str) -> Self {
        Self {
            epoch: snapshot.epoch.to_string(),
            version: snapshot.version,
            categories: categories(snapshot),
            seats: STANDARD.encode(&snapshot.free),
            events_url: events_url.to_owned(),
        }
    }
}

impl AvailabilitySnapshotEvent {
    pub(crate) fn new(snapshot: &AvailabilitySnapshot) -> Self {
        Self {
            epoch: snapshot.epoch.to_string(),
            version: snapshot.version,
            categories: categories(snapshot),
            seats: STANDARD.encode(&snapshot.free),
        }
    }
}

impl AvailabilityDeltaEvent {
    pub(crate) fn new(
        before: &AvailabilitySnapshot,
        snapshot: &AvailabilitySnapshot,
        difference: SeatDifference,
    ) -> Self {
        Self {
            epoch: snapshot.epoch.to_string(),
            previous_version: before.version,
            version: snapshot.version,
            taken: difference.taken,
            freed: difference.freed,
            categories: categories(snapshot),
        }
    }
}

impl SeatObject {
    /// The seat of that number, if `plan` has it.
    pub(crate) fn new(
        no: SeatNo,
        plan: &SeatingPlan,
        performance: &Performance,
        snapshot: &AvailabilitySnapshot,
    ) -> Option<Self> {
        let seat = plan.seat(no)?;
        let category = plan.category_of(seat).id;
        Some(Self {
            seat_no: no,
            seat_guid: seat.guid.to_string(),
            zone: plan.zones.get(usize::from(seat.zone)).cloned().unwrap_or_default(),
            row: seat.row.to_string(),
            number: seat.number.to_string(),
            category_id: category.0,
            price: performance.price(category).map(Amount::units),
            status: if snapshot.is_free(no) { SeatStatus::Free } else { SeatStatus::Taken },
            x: seat.position.x,
            y: seat.position.y,
        })
    }
}

fn categories(snapshot: &AvailabilitySnapshot) -> Vec<CategoryLeft> {
    let left = snapshot.categories.iter();
    left.map(|left| CategoryLeft { category_id: left.category.0, available: left.available }).collect()
}
