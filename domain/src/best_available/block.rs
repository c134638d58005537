use std::ops::Range;

use super::block_plan::Row;
use crate::seat::SeatNo;

/// One way to take a number of adjacent seats; the best sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block {
    /// From the front and middle of the zone, in half seats; a row counts as one seat.
    distance: u32,
    leaves_orphan: bool,
    rows_before: u32,
    /// Its first seat.
    pub(super) first: SeatNo,
}

impl Block {
    /// The best block of `quantity` seats in a run of free seats of `row`; nothing when the run is shorter.
    ///
    /// The distance grows from the middle of the row to both sides, so only the one or two places nearest to the middle
    /// can be best.
    pub(super) fn best_of(run: &Range<SeatNo>, row: Row, quantity: u32) -> Option<Self> {
        let last = run.end.checked_sub(quantity).filter(|last| run.start <= *last)?;
        let beside = row.length - quantity;
        let at = |first: SeatNo| Self::at(first.clamp(run.start, last), run, row, quantity);
        Some(at(row.first + beside / 2).min(at(row.first + beside.div_ceil(2))))
    }

    fn at(first: SeatNo, run: &Range<SeatNo>, row: Row, quantity: u32) -> Self {
        let off_middle = (2 * (first - row.first) + quantity).abs_diff(row.length);
        Self {
            distance: 2 * row.rows_before + off_middle,
            leaves_orphan: first - run.start == 1 || run.end - (first + quantity) == 1,
            rows_before: row.rows_before,
            first,
        }
    }
}
