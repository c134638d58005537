//! The same rules as a search of every block, from the plan itself.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::best_available::{NoBlock, QUANTITY_LIMIT};
use crate::ids::CategoryId;
use crate::plan::{PlanSeat, SeatingPlan};
use crate::seat::{SeatNo, SeatState};

/// Smaller is better: distance, orphan, rows before, first seat.
type Rank = (usize, bool, usize, usize);

pub(super) struct Reference {
    plan: SeatingPlan,
    rows: Vec<Row>,
    states: HashMap<SeatNo, SeatState>,
}

struct Row {
    /// Indexes in the plan.
    seats: Vec<usize>,
    /// Whether the seat at each place is adjacent to the one before it.
    adjacent: Vec<bool>,
    /// How many rows of its zone come before.
    rows_before: usize,
}

impl Reference {
    pub(super) fn new(plan: SeatingPlan) -> Self {
        let rows = rows(&plan);
        Self { plan, rows, states: HashMap::new() }
    }

    pub(super) fn set(&mut self, no: SeatNo, state: SeatState) {
        self.states.insert(no, state);
    }

    pub(super) fn best(&self, category: CategoryId, quantity: u32, now: DateTime<Utc>) -> Result<Vec<SeatNo>, NoBlock> {
        if let Some((.., first)) = self.best_rank(category, quantity, now) {
            let first = SeatNo::try_from(first).unwrap();
            return Ok((first..first + quantity).collect());
        }
        let possible = |quantity: &u32| self.best_rank(category, *quantity, now).is_some();
        Err(NoBlock { largest: (1..=QUANTITY_LIMIT).filter(possible).max().unwrap_or(0) })
    }

    fn best_rank(&self, category: CategoryId, quantity: u32, now: DateTime<Utc>) -> Option<Rank> {
        let quantity = quantity as usize;
        let mut ranks = Vec::new();
        for row in &self.rows {
            for from in 0..row.seats.len() {
                let to = from + quantity;
                if quantity == 0 || to > row.seats.len() {
                    continue;
                }
                let block = &row.seats[from..to];
                let wanted = |seat: &usize| self.plan.category_of(&self.plan.seats[*seat]).id == category;
                let free = block.iter().all(|seat| self.is_free(*seat, now));
                let adjacent = (from + 1..to).all(|place| row.adjacent[place]);
                if free && adjacent && block.iter().all(wanted) {
                    let off_middle = (from + to).abs_diff(row.seats.len());
                    let orphan = self.leaves_orphan(row, from, to, now);
                    ranks.push((2 * row.rows_before + off_middle, orphan, row.rows_before, block[0]));
                }
            }
        }
        ranks.into_iter().min()
    }

    fn is_free(&self, seat: usize, now: DateTime<Utc>) -> bool {
        self.states.get(&SeatNo::try_from(seat).unwrap()).is_none_or(|state| state.is_free(now))
    }

    /// Whether taking the places `from..to` of the row isolates a free seat beside them.
    fn leaves_orphan(&self, row: &Row, from: usize, to: usize, now: DateTime<Utc>) -> bool {
        let free = |place: usize| self.is_free(row.seats[place], now);
        let left = from > 0 && row.adjacent[from] && free(from - 1);
        let beyond_left = from > 1 && row.adjacent[from - 1] && free(from - 2);
        let right = to < row.seats.len() && row.adjacent[to] && free(to);
        let beyond_right = to + 1 < row.seats.len() && row.adjacent[to + 1] && free(to + 1);
        (left && !beyond_left) || (right && !beyond_right)
    }
}

fn rows(plan: &SeatingPlan) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let name = |seat: usize| (plan.seats[seat].zone, &plan.seats[seat].row);
    for seat in 0..plan.seats.len() {
        match rows.last_mut() {
            Some(row) if name(row.seats[0]) == name(seat) => row.seats.push(seat),
            _ => {
                let rows_before = rows.iter().filter(|row| name(row.seats[0]).0 == name(seat).0).count();
                rows.push(Row { seats: vec![seat], adjacent: Vec::new(), rows_before });
            }
        }
    }
    for row in &mut rows {
        row.adjacent = (0..row.seats.len()).map(|place| place > 0 && adjacent(plan, &row.seats, place)).collect();
    }
    rows
}

fn adjacent(plan: &SeatingPlan, row: &[usize], place: usize) -> bool {
    let seat = |place: usize| &plan.seats[row[place]];
    let mut distances: Vec<i64> = (1..row.len()).map(|place| distance_squared(seat(place - 1), seat(place))).collect();
    let distance = distances[place - 1];
    distances.sort_unstable();
    let usual = distances[(distances.len() - 1) / 2];
    let aisle = usual != 0 && 4 * distance > 9 * usual;
    seat(place - 1).category == seat(place).category && !aisle
}

/// Exact: random plans have whole coordinates.
#[expect(clippy::cast_possible_truncation, reason = "the coordinates are small whole numbers")]
fn distance_squared(from: &PlanSeat, to: &PlanSeat) -> i64 {
    let x = (to.position.x - from.position.x) as i64;
    let y = (to.position.y - from.position.y) as i64;
    x * x + y * y
}
