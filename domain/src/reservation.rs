//! Reservations: seats or tickets taken by one customer.
//!
//! `held` → `paid` → `refunded`, or `expired`, `cancelled`. A state change consumes the old state.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, CategoryId, ItemId, PaymentId, PerformanceId, ReservationId};
use crate::money::{Amount, Currency};
use crate::seat::SeatNo;

/// How far a reservation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReservationState {
    /// A hold, until `held_until`.
    Held,
    /// Paid; the seats are sold.
    Paid {
        /// By which payment.
        payment: PaymentId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Paid and given back.
    Refunded {
        /// The payment that was given back.
        payment: PaymentId,
        /// When it was given back.
        at: DateTime<Utc>,
    },
    /// A hold that nobody paid in time.
    Expired,
    /// A hold that the customer gave back.
    Cancelled,
}

/// A reservation's state without its details, as the API and the tables name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationStatus {
    /// A live hold.
    Held,
    /// Paid.
    Paid,
    /// Paid and given back.
    Refunded,
    /// Not paid in time.
    Expired,
    /// Given back before it was paid.
    Cancelled,
}

impl ReservationStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Held, Self::Paid, Self::Refunded, Self::Expired, Self::Cancelled];

    /// Its name in the API and in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Paid => "paid",
            Self::Refunded => "refunded",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// One thing that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its identity.
    pub id: ItemId,
    /// Its category.
    pub category: CategoryId,
    /// What it costs, fixed when it was held.
    pub price: Amount,
    /// Which seat, unless it is a ticket without one.
    pub seat: Option<SeatNo>,
}

/// Seats or tickets taken by one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Its identity.
    pub id: ReservationId,
    /// Who took it.
    pub customer: AccountId,
    /// Of which performance.
    pub performance: PerformanceId,
    /// What was taken; never empty.
    pub items: Vec<Item>,
    /// The sum of the items' prices.
    pub amount: Amount,
    /// The currency of every price.
    pub currency: Currency,
    /// When it was held.
    pub created_at: DateTime<Utc>,
    /// When the hold ends, or would have ended.
    pub held_until: DateTime<Utc>,
    /// How far it has come.
    pub state: ReservationState,
}

impl Reservation {
    /// The seats it took, in the order of its items.
    pub fn seats(&self) -> impl Iterator<Item = SeatNo> + '_ {
        self.items.iter().filter_map(|item| item.seat)
    }

    /// How many tickets without seats it took, by category.
    #[must_use]
    pub fn tickets(&self) -> BTreeMap<CategoryId, u32> {
        let mut tickets = BTreeMap::new();
        for item in self.items.iter().filter(|item| item.seat.is_none()) {
            *tickets.entry(item.category).or_default() += 1;
        }
        tickets
    }

    /// Whether it still keeps its seats from others at `now`.
    #[must_use]
    pub fn is_live_hold(&self, now: DateTime<Utc>) -> bool {
        self.state == ReservationState::Held && now < self.held_until
    }

    /// Its status at `now`: a hold past its end reads as expired, whether or not anything has tidied it.
    #[must_use]
    pub fn status(&self, now: DateTime<Utc>) -> ReservationStatus {
        match self.state {
            ReservationState::Held if self.is_live_hold(now) => ReservationStatus::Held,
            ReservationState::Held | ReservationState::Expired => ReservationStatus::Expired,
            ReservationState::Paid { .. } => ReservationStatus::Paid,
            ReservationState::Refunded { .. } => ReservationStatus::Refunded,
            ReservationState::Cancelled => ReservationStatus::Cancelled,
        }
    }

    /// The payment that paid it, if one did.
    #[must_use]
    pub const fn payment(&self) -> Option<PaymentId> {
        match self.state {
            ReservationState::Paid { payment, .. } | ReservationState::Refunded { payment, .. } => Some(payment),
            _ => None,
        }
    }
}
