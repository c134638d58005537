use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::CouponCampaign;
use crate::ids::{AccountId, CouponCampaignId, CouponId, PaymentId};

/// How far a coupon has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CouponState {
    /// It can be spent until it expires.
    Unspent,
    /// It made a payment cheaper that was not given back.
    Spent {
        /// Which payment.
        payment: PaymentId,
        /// When.
        at: DateTime<Utc>,
    },
}

/// A coupon's state at a moment, as the API names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouponStatus {
    /// It can be spent.
    Usable,
    /// It is spent.
    Spent,
    /// Nobody spent it in time.
    Expired,
}

impl CouponStatus {
    /// Its name in the API and in exports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::Spent => "spent",
            Self::Expired => "expired",
        }
    }
}

/// One issued piece of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Its identity.
    pub id: CouponId,
    /// Of which campaign.
    pub campaign: CouponCampaignId,
    /// Whose; a customer has one of a campaign at most.
    pub customer: AccountId,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// How far it has come.
    pub state: CouponState,
}

impl Coupon {
    /// The payment that it made cheaper.
    #[must_use]
    pub const fn payment(&self) -> Option<PaymentId> {
        match self.state {
            CouponState::Spent { payment, .. } => Some(payment),
            CouponState::Unspent => None,
        }
    }

    /// Its status at `now` when its campaign's coupons expire at `expires_at`.
    #[must_use]
    pub fn status(&self, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> CouponStatus {
        match self.state {
            CouponState::Spent { .. } => CouponStatus::Spent,
            CouponState::Unspent if now < expires_at => CouponStatus::Usable,
            CouponState::Unspent => CouponStatus::Expired,
        }
    }
}

/// A coupon and the terms on which it can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCoupon {
    /// The coupon.
    pub coupon: Coupon,
    /// Its campaign.
    pub campaign: CouponCampaign,
}
