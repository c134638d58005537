use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_domain::allotment::Allotment;
use onsale_domain::ids::{CategoryId, PerformanceId};
use onsale_domain::performance::{CategoryKind, Performance};
use onsale_domain::plan::SeatingPlan;
use onsale_domain::seat::SeatState;

use super::{AvailabilitySnapshot, CategoryAvailability};
use crate::ports::{AllotmentDelta, AllotmentMap, SeatDelta, SeatMap};

/// Free: any moment is past it.
const FREE: i64 = i64::MIN;
/// Sold: no moment is past it.
const SOLD: i64 = i64::MAX;

/// The parts of a performance that never change while it is sold.
#[derive(Clone)]
pub(super) struct Layout {
    pub(super) performance: PerformanceId,
    /// Those of seats, in the plan's order, then those of tickets without seats.
    pub(super) categories: Vec<CategoryId>,
    /// The index in `categories` of each seat; by seat number.
    pub(super) category_of: Arc<[u16]>,
}

impl Layout {
    pub(super) fn new(performance: &Performance, plan: Option<&SeatingPlan>) -> Self {
        let of_seats = plan.into_iter().flat_map(|plan| plan.categories.iter().map(|category| category.id));
        let is_allotment = |kind| matches!(kind, CategoryKind::Allotment { .. });
        let allotments = performance.categories.iter().filter(|priced| is_allotment(priced.kind));
        let category_of = plan.map(|plan| plan.seats.iter().map(|seat| seat.category).collect());
        Self {
            performance: performance.id,
            categories: of_seats.chain(allotments.map(|priced| priced.id)).collect(),
            category_of: category_of.unwrap_or_default(),
        }
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
    tickets: HashMap<CategoryId, Tickets>,
}

/// What is known of an allotment.
struct Tickets {
    allotment: Allotment,
    /// How many of the taken tickets are held until each moment, in microseconds.
    ends: BTreeMap<i64, u32>,
}

impl Tickets {
    fn new(map: &AllotmentMap) -> Self {
        let ends = map.ends.iter().map(|(until, tickets)| (until.timestamp_micros(), *tickets)).collect();
        Self { allotment: map.allotment, ends }
    }

    fn follow(&mut self, delta: &AllotmentDelta) {
        self.allotment = delta.allotment;
        for (until, change) in &delta.ends {
            let until = until.timestamp_micros();
            let tickets = i64::from(self.ends.get(&until).copied().unwrap_or_default()) + change;
            match u32::try_from(tickets) {
                Ok(tickets @ 1..) => self.ends.insert(until, tickets),
                _ => self.ends.remove(&until),
            };
        }
    }

    fn left(&self, now_micros: i64) -> u32 {
        let ended: u32 = self.ends.range(..=now_micros).map(|(_, tickets)| *tickets).sum();
        self.allotment.give_back(ended).left()
    }
}

impl Image {
    pub(super) fn new(layout: Layout, map: &SeatMap) -> Self {
        let mut image = Self {
            epoch: map.epoch,
            version: map.version,
            taken_until: vec![FREE; layout.seats()],
            tickets: map.allotments.iter().map(|map| (map.allotment.category, Tickets::new(map))).collect(),
            layout,
        };
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

    /// How much it keeps, in seats.
    pub(super) fn weight(&self) -> usize {
        1 + self.taken_until.len() + self.tickets.values().map(|tickets| tickets.ends.len()).sum::<usize>()
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
            for change in &delta.allotments {
                if let Some(tickets) = self.tickets.get_mut(&change.allotment.category) {
                    tickets.follow(change);
                }
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

    /// What is free at `now`: what a hold has that has ended counts as free, whether or not it has been tidied.
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
        for (category, available) in self.layout.categories.iter().zip(&mut available) {
            *available += self.tickets.get(category).map_or(0, |tickets| tickets.left(now_micros));
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use onsale_domain::ids::ReservationId;
    use uuid::Uuid;

    use super::*;

    const SEATS: CategoryId = CategoryId(Uuid::from_u128(1));
    const STANDING: CategoryId = CategoryId(Uuid::from_u128(2));

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    const fn standing(taken: u32) -> Allotment {
        Allotment { category: STANDING, capacity: 10, taken }
    }

    /// One free seat, and ten tickets of which five are taken, three of them until 100.
    fn image() -> Image {
        let layout = Layout {
            performance: PerformanceId(Uuid::nil()),
            categories: vec![SEATS, STANDING],
            category_of: [0].into(),
        };
        let allotments = vec![AllotmentMap { allotment: standing(5), ends: vec![(at(100), 3)] }];
        Image::new(layout, &SeatMap { epoch: 1, version: 1, taken: Vec::new(), allotments })
    }

    fn delta(version: i64, taken: u32, ends: &[(i64, i64)]) -> SeatDelta {
        let ends = ends.iter().map(|(until, change)| (at(*until), *change)).collect();
        let allotments = vec![AllotmentDelta { allotment: standing(taken), ends }];
        SeatDelta { performance: PerformanceId(Uuid::nil()), epoch: 1, version, seats: Vec::new(), allotments }
    }

    fn left(image: &Image, seconds: i64) -> Vec<u32> {
        image.snapshot(at(seconds)).categories.iter().map(|left| left.available).collect()
    }

    #[test]
    fn tickets_are_counted_beside_seats_and_an_ended_hold_has_none() {
        let mut image = image();
        assert_eq!((left(&image, 99), left(&image, 100)), (vec![1, 5], vec![1, 8]));
        let state = SeatState::Sold { to: ReservationId(Uuid::nil()) };
        assert!(image.follow(&SeatDelta { seats: vec![(0, state)], ..delta(2, 7, &[(200, 2)]) }));
        assert_eq!((left(&image, 99), left(&image, 199), left(&image, 200)), (vec![0, 3], vec![0, 6], vec![0, 8]));
    }

    #[test]
    fn tickets_of_a_hold_that_was_paid_or_ended_are_not_counted_at_its_end() {
        let mut image = image();
        assert!(image.follow(&delta(2, 5, &[(100, -1)])));
        assert_eq!(left(&image, 100), [1, 7]);
        assert!(image.follow(&delta(3, 3, &[(100, -2)])));
        assert_eq!((left(&image, 99), left(&image, 100)), (vec![1, 7], vec![1, 7]));
    }

    #[test]
    fn a_missed_change_is_noticed() {
        assert!(!image().follow(&delta(3, 6, &[])));
    }
}
