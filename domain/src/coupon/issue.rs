use std::collections::HashMap;

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::{CampaignRecord, Coupon, CouponState};
use crate::ids::{AccountId, CouponId};

/// A customer wants a coupon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssueCoupon {
    /// The coupon to make.
    pub coupon: CouponId,
    /// Whose it becomes.
    pub customer: AccountId,
}

/// What a group of customers' wishes needs to know, as it stands under lock.
#[derive(Clone, Debug)]
pub struct IssueFacts {
    /// The campaign.
    pub record: CampaignRecord,
    /// The coupons that these customers have of it.
    pub coupons: HashMap<AccountId, Coupon>,
}

impl IssueFacts {
    /// Brings the facts up to date with what was issued, for the wishes after it.
    pub fn apply(&mut self, issued: &Issued) {
        if let Issued::New(coupon) = issued {
            self.record.issued += 1;
            self.coupons.insert(coupon.customer, *coupon);
        }
    }
}

/// What was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issued {
    /// A coupon that was not there.
    New(Coupon),
    /// This very coupon, by an earlier run that was committed without anybody hearing of it.
    Before(Coupon),
}

impl Issued {
    /// The coupon.
    #[must_use]
    pub const fn coupon(&self) -> Coupon {
        match self {
            Self::New(coupon) | Self::Before(coupon) => *coupon,
        }
    }
}

/// Why no coupon was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IssueRefusal {
    /// The customer has one, whenever it was issued.
    #[error("the customer has coupon {} already", .0.id)]
    AlreadyIssued(Coupon),
    /// The campaign has not begun, or has ended.
    #[error("the campaign issues no coupons at this moment")]
    NotOpen,
    /// Every coupon is issued.
    #[error("all {total} coupons are issued")]
    Exhausted {
        /// How many there were.
        total: u32,
    },
    /// There is no such campaign.
    #[error("there is no such campaign")]
    UnknownCampaign,
}

/// Decides one wish on `facts` at `now`.
///
/// # Errors
/// [`IssueRefusal`]; nothing has changed then.
pub fn decide(facts: &IssueFacts, issue: IssueCoupon, now: DateTime<Utc>) -> Result<Issued, IssueRefusal> {
    let CampaignRecord { campaign, .. } = &facts.record;
    if let Some(coupon) = facts.coupons.get(&issue.customer) {
        let is_this = coupon.id == issue.coupon;
        return if is_this { Ok(Issued::Before(*coupon)) } else { Err(IssueRefusal::AlreadyIssued(*coupon)) };
    }
    if !campaign.is_open(now) {
        return Err(IssueRefusal::NotOpen);
    }
    if facts.record.is_exhausted() {
        return Err(IssueRefusal::Exhausted { total: campaign.total });
    }
    Ok(Issued::New(Coupon {
        id: issue.coupon,
        campaign: campaign.id,
        customer: issue.customer,
        issued_at: now,
        state: CouponState::Unspent,
    }))
}
