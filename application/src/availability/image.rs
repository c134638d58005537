use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_domain::ids::{CategoryId, PerformanceId};
use onsale_domain::plan::SeatingPlan;
use onsale_domain::seat::SeatState;

use super::{AvailabilitySnapshot, CategoryAvailability};
use crate::ports::{SeatDelta, SeatMap};

/// Free: any moment is past it.
const FREE: i64 = i64::MIN;
/// Sold: no moment is past it.
const SOLD: i64 = i64::MAX;

/// The parts of a performance that never change while it is sold.
#[derive(Clone)]
pub(super) struct Layout {
    pub(super) performance: PerformanceId,
    pub(super) categories: Vec<CategoryId>,
    /// The index in `categories` of each seat; by seat number.
    pub(super) category_of: Arc<[u16]>,
}

impl Layout {
    pub(super) fn new(performance: PerformanceId, plan: Option<&SeatingPlan>) -> Self {
        let categories = plan.map(|plan| plan.categories.iter().map(|category| category.id).collect());
        let category_of = plan.map(|plan| plan.seats.iter().map(|seat| seat.category).collect());
        Self { performance, categories: categories.unwrap_or_default(), category_of: category_of.unwrap_or_default() }
    }

    pub(super) fn seats(&self) -> usize {
        self.category_of.len()
    }
}

/// Who has which seats, as far as is known: for each seat the moment from which it is free, in microseconds.
pub(super) struct Image {
    layout: Layout,
    epoch: i64,
    version: i64,
    taken_until: Vec<i64>,
}

impl Image {
    pub(super) fn new(layout: Layout, map: &SeatMap) -> Self {
        let mut image =
            Self { epoch: map.epoch, version: map.version, taken_until: vec![FREE; layout.seats()], layout };
        for seat in &map.taken {
            image.set(seat.no, seat.state);
        }
        image
    }

    /// Whether it shows `version`, or a later one that was announced meanwhile.
    pub(super) fn is_at_least(&self, epoch: i64, version: i64) -> bool {
        self.epoch == epoch && self.version >= version
    }

    /// The epoch and the version that it shows.
    pub(super) fn version(&self) -> (i64, i64) {
        (self.epoch, self.version)
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Follows one announced change; false when some before it were missed.
    pub(super) fn follow(&mut self, delta: &SeatDelta) -> bool {
        if delta.epoch != self.epoch || delta.version > self.version + 1 {
            return false;
        }
        if delta.version == self.version + 1 {
            for (no, state) in &delta.seats {
                self.set(*no, *state);
            }
            self.version = delta.version;
        }
        true
    }

    fn set(&mut self, no: u32, state: SeatState) {
        let Some(until) = self.taken_until.get_mut(no as usize) else { return };
        *until = match state {
            SeatState::Free => FREE,
            SeatState::Held { until, .. } => until.timestamp_micros(),
            SeatState::Sold { .. } => SOLD,
        };
    }

    /// What is free at `now`: a hold that has ended counts as free, whether or not it has been tidied.
    pub(super) fn snapshot(&self, now: DateTime<Utc>) -> AvailabilitySnapshot {
        let now_micros = now.timestamp_micros();
        let mut free = vec![0_u8; self.taken_until.len().div_ceil(8)];
        let mut available = vec![0_u32; self.layout.categories.len()];
        for (no, until) in self.taken_until.iter().enumerate() {
            if *until <= now_micros {
                free[no / 8] |= 1 << (no % 8);
                available[usize::from(self.layout.category_of[no])] += 1;
            }
        }
        let left = |(category, available): (&CategoryId, u32)| CategoryAvailability { category: *category, available };
        AvailabilitySnapshot {
            performance: self.layout.performance,
            epoch: self.epoch,
            version: self.version,
            at: now,
            categories: self.layout.categories.iter().zip(available).map(left).collect(),
            seats: u32::try_from(self.taken_until.len()).unwrap_or(u32::MAX),
            free,
        }
    }
}
