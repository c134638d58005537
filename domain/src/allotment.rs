//! Allotments: tickets without seats.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::CategoryId;

/// The most tickets that one allotment may have.
pub const CAPACITY_LIMIT: u32 = 1_000_000;

/// The most allotments that one performance may have.
pub const ALLOTMENTS_LIMIT: usize = 100;

/// The tickets of one category of a performance, and how many of them are taken.
///
/// `taken` counts the tickets of every reservation that is held or paid, a hold past its end among them until somebody
/// ends it: whoever needs its tickets does so first. So the number always equals the reservations, whatever the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allotment {
    /// Its price category.
    pub category: CategoryId,
    /// How many tickets there are.
    pub capacity: u32,
    /// How many of them are taken.
    pub taken: u32,
}

/// The capacity would be smaller than what is taken already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{taken} tickets are taken already")]
pub struct CapacityBelowTaken {
    /// How many are taken.
    pub taken: u32,
}

impl Allotment {
    /// How many tickets nobody has.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.capacity.saturating_sub(self.taken)
    }

    /// The allotment with `quantity` more tickets taken; nothing when so many are not left.
    #[must_use]
    pub fn take(self, quantity: u32) -> Option<Self> {
        let taken = self.taken.checked_add(quantity).filter(|taken| *taken <= self.capacity)?;
        Some(Self { taken, ..self })
    }

    /// The allotment with `quantity` tickets given back.
    #[must_use]
    pub const fn give_back(self, quantity: u32) -> Self {
        Self { taken: self.taken.saturating_sub(quantity), ..self }
    }

    /// The allotment with another capacity.
    ///
    /// # Errors
    /// [`CapacityBelowTaken`] when more is taken already.
    pub const fn resize(self, capacity: u32) -> Result<Self, CapacityBelowTaken> {
        if capacity < self.taken {
            return Err(CapacityBelowTaken { taken: self.taken });
        }
        Ok(Self { capacity, ..self })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Allotment, CapacityBelowTaken};
    use crate::ids::CategoryId;

    const fn allotment(capacity: u32, taken: u32) -> Allotment {
        Allotment { category: CategoryId(Uuid::nil()), capacity, taken }
    }

    #[test]
    fn the_last_ticket_can_be_taken_and_none_after_it() {
        assert_eq!(allotment(5, 2).take(3), Some(allotment(5, 5)));
        assert_eq!(allotment(5, 2).take(4), None);
        assert_eq!(allotment(5, 2).take(u32::MAX), None);
        assert_eq!(allotment(5, 2).left(), 3);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        assert_eq!(allotment(5, 5).give_back(2), allotment(5, 3));
    }

    #[test]
    fn a_capacity_goes_down_to_what_is_taken() {
        assert_eq!(allotment(5, 2).resize(2), Ok(allotment(2, 2)));
        assert_eq!(allotment(5, 2).resize(1), Err(CapacityBelowTaken { taken: 2 }));
    }
}
