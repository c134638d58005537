use std::ops::Range;

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Discount, DiscountError};
use crate::ids::{ConcertId, CouponCampaignId};
use crate::text::{self, TextError};

/// The most coupons of one campaign: each replica remembers in four bytes who has one once all are gone.
pub const TOTAL_LIMIT: u32 = 10_000_000;
const NAME_LIMIT: usize = 200;
/// The years of moments that every store keeps.
const YEARS: Range<i32> = 1970..10_000;

/// The terms on which coupons are issued and used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponCampaign {
    /// Its identity.
    pub id: CouponCampaignId,
    /// What it is called.
    pub name: String,
    /// How many coupons there are; from 1 to [`TOTAL_LIMIT`].
    pub total: u32,
    /// What each takes off; it never changes.
    pub discount: Discount,
    /// From when coupons are issued.
    pub starts_at: DateTime<Utc>,
    /// Until when coupons are issued.
    pub ends_at: DateTime<Utc>,
    /// Until when coupons can be used; not before the end.
    pub expires_at: DateTime<Utc>,
    /// The concert whose tickets they are for; every concert's when there is none. It never changes.
    pub concert: Option<ConcertId>,
    /// Since when it is there.
    pub created_at: DateTime<Utc>,
}

/// A campaign and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignRecord {
    /// Its terms.
    pub campaign: CouponCampaign,
    /// How many coupons were issued; never above the total.
    pub issued: u32,
    /// Rises with every change of the terms, so that copies of them can be told apart.
    pub change: i64,
}

/// Where a campaign is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CampaignState {
    /// It has not begun.
    Announced,
    /// Coupons are issued.
    Open,
    /// Every coupon is issued.
    Exhausted,
    /// Its end has passed.
    Ended,
}

/// Why a campaign was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CampaignError {
    /// The name is empty, too long or has control characters.
    #[error(transparent)]
    Text(#[from] TextError),
    /// There are no coupons, or too many.
    #[error("total is {0}, allowed are 1 to {TOTAL_LIMIT}")]
    Total(u32),
    /// More are issued already.
    #[error("{issued} coupons are issued already")]
    TotalBelowIssued {
        /// How many.
        issued: u32,
    },
    /// The discount takes nothing off.
    #[error(transparent)]
    Discount(#[from] DiscountError),
    /// It ends before it begins.
    #[error("ends_at must be after starts_at")]
    Window,
    /// Coupons would expire while they are issued.
    #[error("expires_at must not be before ends_at")]
    Expiry,
    /// A moment outside the years 1970 to 9999, which not every store can keep.
    #[error("{field} must be between the years 1970 and 9999")]
    Moment {
        /// Which member.
        field: &'static str,
    },
}

impl CampaignError {
    /// The member that was refused.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Text(error) => error.field(),
            Self::Total(_) | Self::TotalBelowIssued { .. } => "total",
            Self::Discount(DiscountError::Percent(_)) => "discount.percent",
            Self::Discount(DiscountError::Nothing { field }) => match field.as_bytes() {
                b"amount" => "discount.amount",
                _ => "discount.at_most",
            },
            Self::Window => "ends_at",
            Self::Expiry => "expires_at",
            Self::Moment { field } => field,
        }
    }
}

impl CouponCampaign {
    /// The campaign with its name trimmed, if its terms make sense.
    ///
    /// # Errors
    /// [`CampaignError`].
    pub fn checked(self) -> Result<Self, CampaignError> {
        let name = text::checked("name", &self.name, NAME_LIMIT)?;
        if !(1..=TOTAL_LIMIT).contains(&self.total) {
            return Err(CampaignError::Total(self.total));
        }
        self.discount.checked()?;
        for (field, moment) in
            [("starts_at", self.starts_at), ("ends_at", self.ends_at), ("expires_at", self.expires_at)]
        {
            if !YEARS.contains(&moment.year()) {
                return Err(CampaignError::Moment { field });
            }
        }
        if self.ends_at <= self.starts_at {
            return Err(CampaignError::Window);
        }
        if self.expires_at < self.ends_at {
            return Err(CampaignError::Expiry);
        }
        Ok(Self { name, ..self })
    }

    /// Whether coupons are issued at `now`, as long as there are some.
    #[must_use]
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        (self.starts_at..self.ends_at).contains(&now)
    }
}

impl CampaignRecord {
    /// A new campaign, of which nothing is issued.
    #[must_use]
    pub const fn new(campaign: CouponCampaign) -> Self {
        Self { campaign, issued: 0, change: 1 }
    }

    /// Whether every coupon is issued.
    #[must_use]
    pub const fn is_exhausted(&self) -> bool {
        self.issued >= self.campaign.total
    }

    /// How many coupons are left.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.campaign.total.saturating_sub(self.issued)
    }

    /// Where it is in its life at `now`.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> CampaignState {
        match &self.campaign {
            campaign if now < campaign.starts_at => CampaignState::Announced,
            campaign if now >= campaign.ends_at => CampaignState::Ended,
            _ if self.is_exhausted() => CampaignState::Exhausted,
            _ => CampaignState::Open,
        }
    }

    /// The same on other terms; the record as it is when they are no other ones.
    ///
    /// # Errors
    /// [`CampaignError`], above all [`CampaignError::TotalBelowIssued`]: what is issued stays issued.
    pub fn changed_to(self, campaign: CouponCampaign) -> Result<Self, CampaignError> {
        let campaign = campaign.checked()?;
        if campaign.total < self.issued {
            return Err(CampaignError::TotalBelowIssued { issued: self.issued });
        }
        if campaign == self.campaign {
            return Ok(self);
        }
        Ok(Self { campaign, change: self.change + 1, ..self })
    }
}
