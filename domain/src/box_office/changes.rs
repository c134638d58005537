use std::collections::BTreeMap;

use crate::allotment::Allotment;
use crate::coupon::Coupon;
use crate::ids::{AccountId, CategoryId, CouponId, ReservationId};
use crate::money::Amount;
use crate::payment::{Payment, Refund};
use crate::points::LedgerEntry;
use crate::reservation::Reservation;
use crate::seat::{Seat, SeatNo};

/// What commands changed; only what must be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Seats as they are now.
    pub seats: BTreeMap<SeatNo, Seat>,
    /// Allotments as they are now.
    pub allotments: BTreeMap<CategoryId, Allotment>,
    /// Reservations as they are now, new ones among them.
    pub reservations: BTreeMap<ReservationId, Reservation>,
    /// Coupons as they are now.
    pub coupons: BTreeMap<CouponId, Coupon>,
    /// Customers' points as they are now.
    pub balances: BTreeMap<AccountId, Amount>,
    /// Ledger entries to append, in order.
    pub entries: Vec<LedgerEntry>,
    /// Payments to add.
    pub payments: Vec<Payment>,
    /// Refunds to add.
    pub refunds: Vec<Refund>,
}

impl Changes {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether something is free, or taken, that was not before.
    #[must_use]
    pub fn touches_availability(&self) -> bool {
        !self.seats.is_empty() || !self.allotments.is_empty()
    }

    /// Adds what a later command changed.
    pub fn merge(&mut self, later: Self) {
        self.seats.extend(later.seats);
        self.allotments.extend(later.allotments);
        self.reservations.extend(later.reservations);
        self.coupons.extend(later.coupons);
        self.balances.extend(later.balances);
        self.entries.extend(later.entries);
        self.payments.extend(later.payments);
        self.refunds.extend(later.refunds);
    }
}
