use std::collections::HashMap;
use std::ops::Range;

use crate::ids::CategoryId;
use crate::plan::{PlanSeat, Point, SeatingPlan};
use crate::seat::SeatNo;

/// More than one and a half times the usual spacing is an aisle; squared, as distances are compared.
const AISLE_SQUARED: f64 = 1.5 * 1.5;

/// A row of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its first seat.
    pub(super) first: SeatNo,
    /// How many seats it has.
    pub(super) length: u32,
    /// How many rows its zone has before it.
    pub(super) rows_before: u32,
}

/// Adjacent seats of one category, as many as there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The seats.
    pub(super) seats: Range<SeatNo>,
    /// The index of their category.
    pub(super) category: u16,
    /// The row that they are in.
    pub(super) row: Row,
}

/// Which seats of a seating plan are adjacent, and how far they are from the front and middle; it never changes.
#[derive(Clone, Debug)]
pub struct BlockPlan {
    categories: Vec<CategoryId>,
    /// By seat number, without gaps.
    stretches: Vec<Stretch>,
}

impl BlockPlan {
    /// Finds the rows, aisles and stretches of `plan`.
    #[must_use]
    pub fn new(plan: &SeatingPlan) -> Self {
        let mut rows_of_zones: HashMap<u16, u32> = HashMap::new();
        let mut stretches = Vec::new();
        let mut first = 0;
        for seats in plan.seats.chunk_by(|one, next| one.zone == next.zone && one.row == next.row) {
            let rows = rows_of_zones.entry(seats[0].zone).or_default();
            let row = Row { first, length: count(seats), rows_before: *rows };
            *rows += 1;
            first += row.length;
            stretches.extend(stretches_of(row, seats));
        }
        stretches.shrink_to_fit();
        let categories = plan.categories.iter().map(|category| category.id).collect();
        Self { categories, stretches }
    }

    pub(super) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// How many categories the plan has.
    pub(super) fn categories(&self) -> usize {
        self.categories.len()
    }

    /// The index of a category of the plan.
    pub(super) fn category(&self, id: CategoryId) -> Option<usize> {
        self.categories.iter().position(|category| *category == id)
    }

    /// The stretch that the seat is in.
    pub(super) fn stretch(&self, no: SeatNo) -> Option<&Stretch> {
        let index = self.stretches.partition_point(|stretch| stretch.seats.end <= no);
        self.stretches.get(index)
    }
}

fn count(seats: &[PlanSeat]) -> u32 {
    u32::try_from(seats.len()).expect("seats are limited")
}

fn stretches_of(row: Row, seats: &[PlanSeat]) -> impl Iterator<Item = Stretch> {
    let spacing = usual_spacing_squared(seats);
    let adjacent = move |one: &PlanSeat, next: &PlanSeat| {
        let aisle = spacing > 0.0 && distance_squared(one.position, next.position) > AISLE_SQUARED * spacing;
        one.category == next.category && !aisle
    };
    let mut start = row.first;
    seats.chunk_by(adjacent).map(move |seats| {
        let end = start + count(seats);
        let stretch = Stretch { seats: start..end, category: seats[0].category, row };
        start = end;
        stretch
    })
}

/// The smaller median of the distances of neighbours, squared; 0 for a row of one seat.
fn usual_spacing_squared(seats: &[PlanSeat]) -> f64 {
    let mut distances: Vec<f64> =
        seats.windows(2).map(|pair| distance_squared(pair[0].position, pair[1].position)).collect();
    let Some(middle) = distances.len().checked_sub(1).map(|last| last / 2) else { return 0.0 };
    *distances.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Squares order distances as well as distances do, and need no root, which machines may round differently.
fn distance_squared(from: Point, to: Point) -> f64 {
    let (x, y) = (to.x - from.x, to.y - from.y);
    x * x + y * y
}
