//! One seat of a performance and who has it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{CategoryId, ReservationId};

/// A seat's index in its seating plan: 0-based, in file order.
pub type SeatNo = u32;

/// Who has a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeatState {
    /// Nobody.
    Free,
    /// A hold, until a moment; from then on the seat counts as free, whether or not anything has tidied it.
    Held {
        /// The hold.
        by: ReservationId,
        /// When it ends.
        until: DateTime<Utc>,
    },
    /// A paid reservation.
    Sold {
        /// The reservation.
        to: ReservationId,
    },
}

/// One seat of a performance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Its index in the plan.
    pub no: SeatNo,
    /// Its price category.
    pub category: CategoryId,
    /// Who has it.
    pub state: SeatState,
}

impl SeatState {
    /// Whether nobody has the seat at `now`: expiry is decided when reading.
    #[must_use]
    pub fn is_free(&self, now: DateTime<Utc>) -> bool {
        match self {
            Self::Free => true,
            Self::Held { until, .. } => *until <= now,
            Self::Sold { .. } => false,
        }
    }
}

impl Seat {
    /// Whether nobody has it at `now`.
    #[must_use]
    pub fn is_free(&self, now: DateTime<Utc>) -> bool {
        self.state.is_free(now)
    }

    /// Whether `reservation` holds it, however late it is.
    #[must_use]
    pub fn is_held_by(&self, reservation: ReservationId) -> bool {
        matches!(self.state, SeatState::Held { by, .. } if by == reservation)
    }

    /// Whether it is sold to `reservation`.
    #[must_use]
    pub fn is_sold_to(&self, reservation: ReservationId) -> bool {
        matches!(self.state, SeatState::Sold { to } if to == reservation)
    }
}
