//! The best free block of adjacent seats, for customers who ask for "two together" instead of picking seats.
//!
//! A **row** is a run of consecutive seats of the plan, in file order, with the same zone and row label. Two neighbours of
//! a row are **adjacent** unless an aisle is between them: their distance is more than one and a half times the row's
//! usual spacing, which is the median distance of its neighbours (of two medians the smaller). A row whose usual spacing
//! is 0, such as one without positions, has no aisles. Adjacent seats are also of one category. So each row falls into
//! **stretches**, and a **block** of `quantity` seats lies inside one stretch.
//!
//! Of two blocks the better one is, in this order,
//! 1. the one less far from the front and middle of its zone: how many rows the zone has before its row, in file order,
//!    plus how many seats the middle of the block is off the middle of its row (in half seats it is a whole number);
//! 2. the one that leaves no **orphan**: a free seat beside the block that has no free neighbour in its stretch any more;
//! 3. the one nearer to the front;
//! 4. the one with the lower seat numbers.
//!
//! So there is exactly one best block, and every replica finds the same. The middle is that of the row's own seats,
//! counted: it is exact, and rows may be rotated, curved or numbered from either side, where a coordinate would mislead.
//! An aisle does not move it, and a row that stands off centre is still filled from its own middle. Zones are equals: the
//! first row of a balcony is as near to a front as the first row of the stalls; what is worth more is another category.
//!
//! [`BlockPlan`] is what follows from the seating plan, shared by all its performances; [`FreeSeats`] knows which seats
//! of one performance are free. Inside a stretch the free seats form **runs**, and the best block of a run is found by
//! arithmetic: the one nearest to the middle. So a seat that is taken or freed changes at most three runs, however long
//! the stretch is, and the best block of all is the first of an ordered set.

mod block;
mod block_plan;
mod free_runs;
mod free_seats;
#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::performance::MAX_SEATS_PER_CUSTOMER_LIMIT;

pub use block_plan::BlockPlan;
pub use free_seats::FreeSeats;

/// The most seats a block may have: no customer may have more. Each quantity that is asked for is indexed from then on,
/// so this bounds the memory.
pub const QUANTITY_LIMIT: u32 = MAX_SEATS_PER_CUSTOMER_LIMIT;

/// So many adjacent seats of the category are not free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("there is no free block of so many adjacent seats; the largest has {largest}")]
pub struct NoBlock {
    /// The most adjacent seats that may be asked for instead: at most [`QUANTITY_LIMIT`], and 0 when none is free.
    pub largest: u32,
}
