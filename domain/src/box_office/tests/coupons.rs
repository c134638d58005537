use uuid::Uuid;

use super::store::{Store, amount, at, customer, performance};
use crate::box_office::{CouponRefusal, Outcome, PayRefusal, Refusal};
use crate::coupon::{Coupon, CouponCampaign, CouponState, Discount, HeldCoupon};
use crate::ids::{AccountId, ConcertId, CouponCampaignId, CouponId};
use crate::payment::Payment;
use crate::points::{EntryKind, LedgerAccount};

/// A campaign whose coupons expire a minute after the sale begins.
pub(super) fn campaign(discount: Discount) -> CouponCampaign {
    CouponCampaign {
        id: CouponCampaignId(Uuid::from_u128(5_000)),
        name: "First come".to_owned(),
        total: 3,
        discount,
        starts_at: at(0),
        ends_at: at(30),
        expires_at: at(60),
        concert: None,
        created_at: at(0),
    }
}

impl Store {
    /// Gives `who` a coupon of `campaign`.
    fn give(&mut self, who: AccountId, campaign: CouponCampaign) -> CouponId {
        let id = CouponId(self.new_id());
        let coupon = Coupon { id, campaign: campaign.id, customer: who, issued_at: at(0), state: CouponState::Unspent };
        self.coupons.insert(id, HeldCoupon { coupon, campaign });
        id
    }

    fn state_of(&self, coupon: CouponId) -> CouponState {
        self.coupons[&coupon].coupon.state
    }

    /// Holds a seat for 100, has `points`, and pays with a coupon.
    fn paid_with(&mut self, coupon: CouponId, points: i64) -> Payment {
        let held = self.held(customer(0), &[1], at(0));
        if points > 0 {
            self.charge(customer(0), points, at(0)).unwrap();
        }
        let command = self.pay_with(customer(0), held.id, coupon);
        match self.run(performance(0), &command, at(1)) {
            Ok(Outcome::Paid(payment, _)) => payment,
            other => panic!("not paid: {other:?}"),
        }
    }
}

fn thirty() -> CouponCampaign {
    campaign(Discount::Amount { amount: amount(30) })
}

fn refusal(refusal: CouponRefusal) -> Refusal {
    PayRefusal::Coupon(refusal).into()
}

#[test]
fn a_coupon_is_spent_with_its_payment_and_promotion_pays_the_discount() {
    let mut store = Store::new();
    let coupon = store.give(customer(0), thirty());
    let payment = store.paid_with(coupon, 100);
    assert_eq!((payment.amount, payment.discount, payment.balance), (amount(70), amount(30), amount(30)));
    assert_eq!(payment.coupon, Some(coupon));
    assert_eq!(store.state_of(coupon), CouponState::Spent { payment: payment.id, at: at(1) });
    let entry = store.entries.last().unwrap();
    assert_eq!((entry.kind, entry.amount, entry.balance_after), (EntryKind::Discount, amount(30), None));
    assert_eq!((entry.debit, entry.credit), (LedgerAccount::Promotion, LedgerAccount::Sales));
    assert_eq!(entry.references.payment, Some(payment.id));
}

#[test]
fn a_coupon_can_pay_all_of_it() {
    let mut store = Store::new();
    let coupon = store.give(customer(0), campaign(Discount::Amount { amount: amount(500) }));
    let payment = store.paid_with(coupon, 0);
    assert_eq!((payment.amount, payment.discount), (amount(0), amount(100)));
    assert_eq!(store.entries.len(), 1, "no points moved, the discount did");
}

#[test]
fn a_refund_of_what_a_coupon_paid_moves_no_points_and_brings_the_coupon_back() {
    let mut store = Store::new();
    let coupon = store.give(customer(0), campaign(Discount::Amount { amount: amount(500) }));
    for _ in 0..2 {
        let payment = store.paid_with(coupon, 0);
        let before = store.entries.len();
        let refund = store.refund(customer(0), payment.reservation);
        let Ok(Outcome::Refunded(refund, _)) = store.run(performance(0), &refund, at(2)) else {
            panic!("not refunded")
        };
        assert_eq!((refund.amount, refund.balance, refund.coupon), (amount(0), amount(0), Some(coupon)));
        assert_eq!(store.state_of(coupon), CouponState::Unspent);
        let new: Vec<_> =
            store.entries[before..].iter().map(|entry| (entry.kind, entry.credit, entry.amount)).collect();
        assert_eq!(new, [(EntryKind::Discount, LedgerAccount::Promotion, amount(100))]);
    }
}

#[test]
fn a_refund_brings_the_coupon_back_and_it_can_be_spent_again() {
    let mut store = Store::new();
    let coupon = store.give(customer(0), thirty());
    let payment = store.paid_with(coupon, 100);
    let refund = store.refund(customer(0), payment.reservation);
    let Ok(Outcome::Refunded(refund, _)) = store.run(performance(0), &refund, at(2)) else { panic!("not refunded") };
    assert_eq!((refund.amount, refund.balance, refund.coupon), (amount(70), amount(100), Some(coupon)));
    assert_eq!(store.state_of(coupon), CouponState::Unspent);
    let entry = store.entries.last().unwrap();
    assert_eq!((entry.debit, entry.credit), (LedgerAccount::Sales, LedgerAccount::Promotion));
    assert_eq!((entry.amount, entry.references.refund), (amount(30), Some(refund.id)));
    assert_eq!(store.paid_with(coupon, 0).discount, amount(30));
}

#[test]
fn a_coupon_is_not_spent_twice() {
    let mut store = Store::new();
    let coupon = store.give(customer(0), thirty());
    store.paid_with(coupon, 1_000);
    let held = store.held(customer(0), &[2], at(1));
    let command = store.pay_with(customer(0), held.id, coupon);
    assert_eq!(store.refused(&command, at(2)), refusal(CouponRefusal::Spent));
}

#[test]
fn a_coupon_that_cannot_be_spent_pays_nothing() {
    let mut store = Store::new();
    let elsewhere = CouponCampaign { concert: Some(ConcertId(Uuid::from_u128(7))), ..thirty() };
    let late = CouponCampaign { expires_at: at(5), ..thirty() };
    let small = campaign(Discount::Percent { percent: 1, at_most: None });
    let strangers = store.give(customer(1), thirty());
    let coupons = [
        (strangers, CouponRefusal::Unknown),
        (CouponId(Uuid::nil()), CouponRefusal::Unknown),
        (store.give(customer(0), elsewhere), CouponRefusal::OtherConcert),
        (store.give(customer(0), late), CouponRefusal::Expired),
        (store.give(customer(0), small), CouponRefusal::TakesNothingOff),
    ];
    store.charge(customer(0), 1_000, at(0)).unwrap();
    store.terms().categories[1].price = amount(99);
    let held = store.held(customer(0), &[1], at(0));
    for (coupon, why) in coupons {
        let command = store.pay_with(customer(0), held.id, coupon);
        assert_eq!(store.refused(&command, at(5)), refusal(why));
    }
    let command = store.pay(customer(0), held.id);
    assert!(store.run(performance(0), &command, at(5)).is_ok(), "without one it can be paid");
}

#[test]
fn a_coupon_of_this_concert_is_good_for_it() {
    let mut store = Store::new();
    let concert = Some(store.terms().concert);
    let coupon = store.give(customer(0), CouponCampaign { concert, ..thirty() });
    assert_eq!(store.paid_with(coupon, 70).balance, amount(0));
}

#[test]
fn too_few_points_leave_the_coupon_unspent() {
    let mut store = Store::new();
    let coupon = store.give(customer(0), thirty());
    let held = store.held(customer(0), &[1], at(0));
    store.charge(customer(0), 50, at(0)).unwrap();
    let command = store.pay_with(customer(0), held.id, coupon);
    assert_eq!(store.refused(&command, at(1)), PayRefusal::InsufficientPoints { missing: amount(20) }.into());
}
