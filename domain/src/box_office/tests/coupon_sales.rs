//! Random sequences of issuing, spending, refunding, raising and expiring.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::audit::violations;
use super::coupons::campaign;
use super::store::{Store, at, customer, performance};
use crate::box_office::{Command, CouponRefusal, Outcome, PayRefusal, Refusal};
use crate::coupon::{
    CampaignError, CampaignRecord, CouponCampaign, CouponStatus, Discount, HeldCoupon, IssueCoupon, IssueFacts,
    IssueRefusal, Issued, decide,
};
use crate::ids::{AccountId, CouponId, ReservationId};
use crate::money::Amount;

const CUSTOMERS: u128 = 3;

#[derive(Clone, Debug)]
enum Step {
    Wait { seconds: i64 },
    Issue { who: u128, again: bool },
    Total { total: u32 },
    Buy { who: u128, seat: u32, of: u128 },
    Refund { which: Index },
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (1..12_i64).prop_map(|seconds| Step::Wait { seconds }),
        5 => (0..CUSTOMERS, any::<bool>()).prop_map(|(who, again)| Step::Issue { who, again }),
        2 => (0..=4_u32).prop_map(|total| Step::Total { total }),
        5 => (0..CUSTOMERS, 0..6_u32, 0..CUSTOMERS).prop_map(|(who, seat, of)| Step::Buy { who, seat, of }),
        3 => any::<Index>().prop_map(|which| Step::Refund { which }),
    ]
}

/// A campaign while tickets are sold.
struct Campaign {
    store: Store,
    now: DateTime<Utc>,
    record: CampaignRecord,
    paid: Vec<(AccountId, ReservationId)>,
}

impl Campaign {
    fn new(discount: Discount) -> Self {
        let mut store = Store::new();
        for who in 0..CUSTOMERS {
            store.charge(customer(who), 100_000, at(0)).unwrap();
        }
        let record = CampaignRecord::new(campaign(discount).checked().unwrap());
        Self { store, now: at(0), record, paid: Vec::new() }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Wait { seconds } => self.now += TimeDelta::seconds(seconds),
            Step::Issue { who, again } => self.issue(customer(who), again),
            Step::Total { total } => self.raise(total),
            Step::Buy { who, seat, of } => self.buy(customer(who), seat, customer(of)),
            Step::Refund { which } => self.refund(which),
        }
        let issued = self.store.coupons.len();
        assert_eq!(issued, self.record.issued as usize);
        assert!(issued <= self.record.campaign.total as usize, "never more than the total");
        assert_eq!(violations(&self.store, self.now), Vec::<String>::new());
    }

    fn coupon_of(&self, who: AccountId) -> Option<&HeldCoupon> {
        self.store.coupons.values().find(|held| held.coupon.customer == who)
    }

    fn issue(&mut self, who: AccountId, again: bool) {
        let coupons = self.coupon_of(who).map(|held| (who, held.coupon)).into_iter().collect::<HashMap<_, _>>();
        let mut facts = IssueFacts { record: self.record.clone(), coupons };
        let own = self.coupon_of(who).map(|held| held.coupon);
        let new = CouponId(self.store.new_id());
        let coupon = own.filter(|_| again).map_or(new, |coupon| coupon.id);
        let answer = decide(&facts, IssueCoupon { coupon, customer: who }, self.now);
        match (own, &answer) {
            (Some(own), Ok(issued)) => assert!(again && *issued == Issued::Before(own)),
            (Some(own), Err(refusal)) => assert_eq!(*refusal, IssueRefusal::AlreadyIssued(own)),
            (None, Ok(issued)) => assert!(matches!(issued, Issued::New(coupon) if coupon.id == new)),
            (None, Err(refusal)) if self.record.campaign.is_open(self.now) => {
                assert_eq!(*refusal, IssueRefusal::Exhausted { total: self.record.issued });
            }
            (None, Err(refusal)) => assert_eq!(*refusal, IssueRefusal::NotOpen),
        }
        if let Ok(issued) = answer {
            facts.apply(&issued);
            self.record = facts.record;
            let campaign = self.record.campaign.clone();
            self.store.coupons.entry(issued.coupon().id).or_insert(HeldCoupon { coupon: issued.coupon(), campaign });
        }
    }

    fn raise(&mut self, total: u32) {
        let wanted = CouponCampaign { total, ..self.record.campaign.clone() };
        let issued = self.record.issued;
        match self.record.clone().changed_to(wanted) {
            Ok(record) => {
                assert!(total >= issued && record.issued == issued);
                assert_eq!(record.change > self.record.change, total != self.record.campaign.total);
                self.record = record;
            }
            Err(CampaignError::Total(refused)) => assert_eq!((refused, total), (0, 0)),
            Err(error) => {
                assert_eq!(error, CampaignError::TotalBelowIssued { issued });
                assert!(total < issued);
            }
        }
    }

    /// Holds a seat if it is free, and pays it with the coupon of `of`, or without one when there is none.
    fn buy(&mut self, who: AccountId, seat: u32, of: AccountId) {
        let wish = Command::Hold(self.store.hold(who, [seat]));
        let Ok(Outcome::Held(held)) = self.store.run(performance(0), &wish, self.now) else { return };
        let coupon = self.coupon_of(of).cloned();
        let command = match &coupon {
            Some(coupon) => self.store.pay_with(who, held.id, coupon.coupon.id),
            None => self.store.pay(who, held.id),
        };
        let answer = self.store.run(performance(0), &command, self.now);
        let off = coupon.as_ref().map(|coupon| coupon.campaign.discount.off(held.amount));
        let status = coupon.as_ref().map(|held| held.coupon.status(held.campaign.expires_at, self.now));
        match answer {
            Ok(Outcome::Paid(payment, _)) => {
                assert_eq!(payment.discount, off.unwrap_or_default());
                assert!(coupon.is_none() || (who == of && status == Some(CouponStatus::Usable)));
                self.paid.push((who, held.id));
            }
            Err(Refusal::Pay(PayRefusal::Coupon(refusal))) => match refusal {
                CouponRefusal::Unknown => assert_ne!(who, of),
                CouponRefusal::Spent => assert_eq!(status, Some(CouponStatus::Spent)),
                CouponRefusal::Expired => assert_eq!(status, Some(CouponStatus::Expired)),
                CouponRefusal::TakesNothingOff => assert_eq!(off, Some(Amount::ZERO)),
                CouponRefusal::OtherConcert => panic!("the coupons are for every concert"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn refund(&mut self, which: Index) {
        if self.paid.is_empty() {
            return;
        }
        let (who, reservation) = self.paid.swap_remove(which.index(self.paid.len()));
        let command = self.store.refund(who, reservation);
        match self.store.run(performance(0), &command, self.now) {
            Ok(Outcome::Refunded(refund, _)) => {
                assert_eq!(refund.coupon, self.store.payments[&refund.payment].coupon);
                let unspent = refund.coupon.is_none_or(|id| self.store.coupons[&id].coupon.payment().is_none());
                assert!(unspent, "the coupon has come back");
            }
            Err(Refusal::Refund(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn discounts() -> impl Strategy<Value = Discount> {
    let amount = |units| Amount::new(units).unwrap();
    prop_oneof![
        (1..300_i64).prop_map(move |units| Discount::Amount { amount: amount(units) }),
        (1..=100_u8, prop::option::of(1..80_i64))
            .prop_map(move |(percent, at_most)| Discount::Percent { percent, at_most: at_most.map(amount) }),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_in_a_campaign_its_coupons_are_limited_and_spent_once(
        discount in discounts(),
        steps in vec(steps(), 1..80),
    ) {
        let mut campaign = Campaign::new(discount);
        for step in &steps {
            campaign.take(step);
        }
    }
}
