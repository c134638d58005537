//! Issuing, and the terms of campaigns.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::*;
use crate::ids::{AccountId, CouponCampaignId, CouponId};
use crate::money::Amount;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn campaign() -> CouponCampaign {
    CouponCampaign {
        id: CouponCampaignId(Uuid::from_u128(1)),
        name: " First come ".to_owned(),
        total: 2,
        discount: Discount::Amount { amount: Amount::new(500).unwrap() },
        starts_at: at(10),
        ends_at: at(20),
        expires_at: at(30),
        concert: None,
        created_at: at(0),
    }
}

fn facts() -> IssueFacts {
    IssueFacts { record: CampaignRecord::new(campaign().checked().unwrap()), coupons: HashMap::new() }
}

fn issue(facts: &mut IssueFacts, number: u128, customer: u128, seconds: i64) -> Result<Issued, IssueRefusal> {
    let issue =
        IssueCoupon { coupon: CouponId(Uuid::from_u128(number)), customer: AccountId(Uuid::from_u128(customer)) };
    let issued = decide(facts, issue, at(seconds))?;
    facts.apply(&issued);
    Ok(issued)
}

#[test]
fn coupons_are_issued_within_the_window_until_all_are_gone() {
    let mut facts = facts();
    assert_eq!(issue(&mut facts, 1, 1, 9), Err(IssueRefusal::NotOpen));
    assert!(matches!(issue(&mut facts, 1, 1, 10), Ok(Issued::New(_))));
    assert!(matches!(issue(&mut facts, 2, 2, 19), Ok(Issued::New(_))));
    assert_eq!(issue(&mut facts, 3, 3, 19), Err(IssueRefusal::Exhausted { total: 2 }));
    assert_eq!(issue(&mut facts, 3, 3, 20), Err(IssueRefusal::NotOpen));
}

#[test]
fn asking_again_gives_the_same_coupon_whenever_it_is() {
    let mut facts = facts();
    let coupon = issue(&mut facts, 1, 1, 10).unwrap().coupon();
    for seconds in [11, 25] {
        assert_eq!(issue(&mut facts, 2, 1, seconds), Err(IssueRefusal::AlreadyIssued(coupon)));
        assert_eq!(issue(&mut facts, 1, 1, seconds), Ok(Issued::Before(coupon)), "an earlier run of the same wish");
    }
    assert_eq!(facts.record.issued, 1);
}

#[test]
fn a_campaign_is_announced_open_exhausted_or_ended() {
    let mut record = facts().record;
    let states = [9, 10, 20].map(|seconds| record.state(at(seconds)));
    assert_eq!(states, [CampaignState::Announced, CampaignState::Open, CampaignState::Ended]);
    record.issued = 2;
    assert_eq!((record.state(at(15)), record.left()), (CampaignState::Exhausted, 0));
}

#[test]
fn a_coupon_is_usable_until_its_campaigns_coupons_expire() {
    let coupon = issue(&mut facts(), 1, 1, 10).unwrap().coupon();
    assert_eq!([29, 30].map(|now| coupon.status(at(30), at(now))), [CouponStatus::Usable, CouponStatus::Expired]);
}

#[test]
fn terms_that_make_no_sense_are_refused_by_name() {
    assert_eq!(campaign().checked().unwrap().name, "First come");
    let far = DateTime::from_timestamp(253_402_300_800, 0).unwrap();
    let wrong = [
        (CouponCampaign { name: " ".to_owned(), ..campaign() }, "name"),
        (CouponCampaign { total: 0, ..campaign() }, "total"),
        (CouponCampaign { total: TOTAL_LIMIT + 1, ..campaign() }, "total"),
        (CouponCampaign { discount: Discount::Amount { amount: Amount::ZERO }, ..campaign() }, "discount.amount"),
        (
            CouponCampaign { discount: Discount::Percent { percent: 0, at_most: None }, ..campaign() },
            "discount.percent",
        ),
        (
            CouponCampaign { discount: Discount::Percent { percent: 1, at_most: Some(Amount::ZERO) }, ..campaign() },
            "discount.at_most",
        ),
        (CouponCampaign { ends_at: at(10), ..campaign() }, "ends_at"),
        (CouponCampaign { expires_at: at(19), ..campaign() }, "expires_at"),
        (CouponCampaign { expires_at: far, ..campaign() }, "expires_at"),
    ];
    for (campaign, field) in wrong {
        assert_eq!(campaign.clone().checked().unwrap_err().field(), field, "{campaign:?}");
    }
}

#[test]
fn a_total_is_raised_and_lowered_down_to_what_is_issued() {
    let record = CampaignRecord { issued: 2, ..facts().record };
    let to = |total| record.clone().changed_to(CouponCampaign { total, ..record.campaign.clone() });
    assert_eq!(to(1), Err(CampaignError::TotalBelowIssued { issued: 2 }));
    assert_eq!(to(2), Ok(record.clone()), "nothing changes");
    let raised = to(3).unwrap();
    assert_eq!((raised.left(), raised.change), (1, record.change + 1));
}
