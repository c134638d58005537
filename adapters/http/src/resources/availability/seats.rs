//! The seats of a performance, one by one.

use onsale_application::availability::AvailabilitySnapshot;
use onsale_domain::ids::CategoryId;
use onsale_domain::performance::Performance;
use onsale_domain::plan::{PlanSeat, SeatingPlan};
use onsale_domain::seat::SeatNo;
use uuid::Uuid;

use super::objects::{SeatObject, SeatPage, SeatStatus};
use crate::paging::Cursor;

/// Which seats to list; what is absent is not asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct SeatFilter {
    pub(super) zone: Option<String>,
    pub(super) category: Option<CategoryId>,
    pub(super) status: Option<SeatStatus>,
}

/// A performance with its plan, and what is free of it.
pub(super) struct Hall<'a> {
    pub(super) performance: &'a Performance,
    pub(super) plan: &'a SeatingPlan,
    pub(super) snapshot: &'a AvailabilitySnapshot,
}

impl Hall<'_> {
    /// At most `limit` seats after `cursor`, in the order of their numbers.
    pub(super) fn page(&self, filter: &SeatFilter, cursor: Option<Cursor>, limit: u32) -> SeatPage {
        let start = cursor.map_or(0, |cursor| seat_after(cursor) as usize);
        let seats = (0..).zip(&self.plan.seats).skip(start);
        let mut wanted = seats.filter(|(no, seat)| self.is_wanted(filter, *no, seat)).map(|(no, _)| no);
        let numbers: Vec<SeatNo> = wanted.by_ref().take(limit as usize).collect();
        let has_more = wanted.next().is_some();
        let last = numbers.last().filter(|_| has_more).copied();
        let object = |no: SeatNo| SeatObject::new(no, self.plan, self.performance, self.snapshot);
        SeatPage { items: numbers.into_iter().filter_map(object).collect(), next_cursor: last.and_then(cursor_at) }
    }

    fn is_wanted(&self, filter: &SeatFilter, no: SeatNo, seat: &PlanSeat) -> bool {
        let is_in = |zone: &String| self.plan.zones.get(usize::from(seat.zone)) == Some(zone);
        let has = |category: CategoryId| self.plan.category_of(seat).id == category;
        let is = |status| (status == SeatStatus::Free) == self.snapshot.is_free(no);
        filter.zone.as_ref().is_none_or(is_in) && filter.category.is_none_or(has) && filter.status.is_none_or(is)
    }
}

/// Cursors carry ids; a seat's number goes into one as it is.
fn cursor_at(last: SeatNo) -> Option<Cursor> {
    Cursor::after(Some(Uuid::from_u128(last.into())))
}

/// The first seat that the caller does not have; none at all for a cursor of another list.
fn seat_after(cursor: Cursor) -> SeatNo {
    let last: Option<Uuid> = Cursor::id(Some(cursor));
    let last = last.and_then(|last| SeatNo::try_from(last.as_u128()).ok()).unwrap_or(SeatNo::MAX);
    last.saturating_add(1)
}
