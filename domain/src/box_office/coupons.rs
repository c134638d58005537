//! Coupons in payments and refunds: the promotion account pays what a coupon takes off, and gets it back.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Changes, CouponRefusal, Facts, SpendCoupon};
use crate::coupon::{Coupon, CouponState};
use crate::ids::EntryId;
use crate::money::Amount;
use crate::payment::Payment;
use crate::points::{EntryKind, EntryReferences, LedgerAccount, LedgerEntry};
use crate::reservation::Reservation;

/// A coupon that can be spent.
pub(super) struct Spending {
    pub(super) coupon: Coupon,
    /// What it takes off; above zero.
    pub(super) discount: Amount,
    entry: EntryId,
}

impl Spending {
    /// The coupon that `spend` names, if its customer may spend it on `reservation`.
    pub(super) fn check(
        facts: &Facts,
        reservation: &Reservation,
        spend: SpendCoupon,
        now: DateTime<Utc>,
    ) -> Result<Self, CouponRefusal> {
        let held = facts.coupons.get(&spend.coupon).filter(|held| held.coupon.customer == reservation.customer);
        let held = held.ok_or(CouponRefusal::Unknown)?;
        if held.coupon.payment().is_some() {
            return Err(CouponRefusal::Spent);
        }
        if now >= held.campaign.expires_at {
            return Err(CouponRefusal::Expired);
        }
        if held.campaign.concert.is_some_and(|concert| concert != facts.performance.concert) {
            return Err(CouponRefusal::OtherConcert);
        }
        match held.campaign.discount.off(reservation.amount) {
            Amount::ZERO => Err(CouponRefusal::TakesNothingOff),
            discount => Ok(Self { coupon: held.coupon, discount, entry: spend.entry }),
        }
    }

    /// What it changes beside the payment.
    pub(super) fn changes(self, payment: &Payment, references: EntryReferences) -> Changes {
        let state = CouponState::Spent { payment: payment.id, at: payment.paid_at };
        let coupon = Coupon { state, ..self.coupon };
        let entry = LedgerEntry {
            id: self.entry,
            kind: EntryKind::Discount,
            debit: LedgerAccount::Promotion,
            credit: LedgerAccount::Sales,
            amount: self.discount,
            balance_after: None,
            at: payment.paid_at,
            references,
        };
        Changes { coupons: BTreeMap::from([(coupon.id, coupon)]), entries: vec![entry], ..Changes::default() }
    }
}

/// What a refund of `payment` changes about its coupon. A coupon that comes back after its end has expired.
pub(super) fn given_back(
    facts: &Facts,
    payment: &Payment,
    entry: EntryId,
    references: EntryReferences,
    now: DateTime<Utc>,
) -> Changes {
    let Some(coupon) = payment.coupon else { return Changes::default() };
    let spent = facts.coupons.get(&coupon).map(|held| held.coupon);
    let spent = spent.filter(|coupon| coupon.payment() == Some(payment.id));
    let unspent = spent.map(|coupon| (coupon.id, Coupon { state: CouponState::Unspent, ..coupon }));
    let entry = LedgerEntry {
        id: entry,
        kind: EntryKind::Discount,
        debit: LedgerAccount::Sales,
        credit: LedgerAccount::Promotion,
        amount: payment.discount,
        balance_after: None,
        at: now,
        references,
    };
    Changes { coupons: unspent.into_iter().collect(), entries: vec![entry], ..Changes::default() }
}
