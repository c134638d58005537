use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::{Admission, Changes};
use crate::allotment::Allotment;
use crate::best_available::FreeSeats;
use crate::coupon::HeldCoupon;
use crate::ids::{AccountId, CategoryId, CouponId, PaymentId, PerformanceId, ReservationId};
use crate::money::Amount;
use crate::payment::{Payment, Refund};
use crate::performance::Performance;
use crate::reservation::{Reservation, ReservationState};
use crate::seat::{Seat, SeatNo};

/// Limits that hold for every performance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many live holds one customer may have, over all performances.
    pub open_holds_per_customer: u32,
}

/// One reservation that counts against its customer's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Of which performance.
    pub performance: PerformanceId,
    /// How many seats or tickets it has.
    pub quantity: u32,
    /// When the hold ends; nothing when it is paid.
    pub held_until: Option<DateTime<Utc>>,
}

/// What is known of one customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customer {
    /// The points, when the customer's account was loaded.
    pub balance: Amount,
    /// The holds and paid reservations that may still count.
    pub standings: HashMap<ReservationId, Standing>,
}

impl Customer {
    /// How many live holds there are at `now`.
    #[must_use]
    pub fn open_holds(&self, now: DateTime<Utc>) -> usize {
        self.standings.values().filter(|standing| standing.held_until.is_some_and(|until| now < until)).count()
    }

    /// How many seats of `performance` are paid or held at `now`.
    #[must_use]
    pub fn quantity(&self, performance: PerformanceId, now: DateTime<Utc>) -> u32 {
        let counts = |standing: &&Standing| {
            standing.performance == performance && standing.held_until.is_none_or(|until| now < until)
        };
        self.standings.values().filter(counts).map(|standing| standing.quantity).sum()
    }
}

/// What a group of commands needs to know, as it stands under lock.
#[derive(Debug)]
pub struct Facts {
    /// The performance and its terms.
    pub performance: Performance,
    /// Limits that hold for every performance.
    pub limits: Limits,
    /// The seats that the commands touch.
    pub seats: BTreeMap<SeatNo, Seat>,
    /// Every seat of the performance, to choose the best free ones from; needed by commands that want those.
    pub free: Option<FreeSeats>,
    /// The allotments that the commands touch.
    pub allotments: BTreeMap<CategoryId, Allotment>,
    /// The reservations that the commands name. Where an allotment may not suffice, also the earliest holds on it whose
    /// time has passed: as many as there are tickets missing, or all of them.
    pub reservations: HashMap<ReservationId, Reservation>,
    /// The customers of the commands.
    pub customers: HashMap<AccountId, Customer>,
    /// The coupons that the commands name, and those of the payments that are given back.
    pub coupons: HashMap<CouponId, HeldCoupon>,
    /// The payments of the reservations that the commands name.
    pub payments: HashMap<PaymentId, Payment>,
    /// The refunds of the reservations that the commands name.
    pub refunds: HashMap<ReservationId, Refund>,
    /// Those of the commands' admissions that have ended.
    pub ended: HashSet<Admission>,
}

impl Facts {
    /// Takes in who has which seat of the whole performance; where rows were read, they count.
    pub fn know_free_seats(&mut self, free: Option<FreeSeats>) {
        self.free = free;
        if let Some(free) = &mut self.free {
            self.seats.values().for_each(|seat| free.set(seat.no, seat.state));
        }
    }

    /// Brings the facts up to date with what a command changed, for the commands after it.
    pub fn apply(&mut self, changes: &Changes) {
        self.seats.extend(changes.seats.iter().map(|(no, seat)| (*no, *seat)));
        if let Some(free) = &mut self.free {
            changes.seats.values().for_each(|seat| free.set(seat.no, seat.state));
        }
        self.allotments.extend(&changes.allotments);
        for reservation in changes.reservations.values() {
            self.apply_reservation(reservation);
        }
        for (customer, balance) in &changes.balances {
            self.customers.entry(*customer).or_default().balance = *balance;
        }
        for (id, coupon) in &changes.coupons {
            if let Some(held) = self.coupons.get_mut(id) {
                held.coupon = *coupon;
            }
        }
        self.payments.extend(changes.payments.iter().map(|payment| (payment.id, payment.clone())));
        self.refunds.extend(changes.refunds.iter().map(|refund| (refund.reservation, refund.clone())));
    }

    fn apply_reservation(&mut self, reservation: &Reservation) {
        self.reservations.insert(reservation.id, reservation.clone());
        let Some(customer) = self.customers.get_mut(&reservation.customer) else { return };
        let held_until = match reservation.state {
            ReservationState::Held => Some(reservation.held_until),
            ReservationState::Paid { .. } => None,
            _ => {
                customer.standings.remove(&reservation.id);
                return;
            }
        };
        let quantity = u32::try_from(reservation.items.len()).unwrap_or(u32::MAX);
        let standing = Standing { performance: reservation.performance, quantity, held_until };
        customer.standings.insert(reservation.id, standing);
    }
}
