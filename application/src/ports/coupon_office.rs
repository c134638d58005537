use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_domain::coupon::{
    CampaignError, CampaignRecord, Coupon, CouponCampaign, HeldCoupon, IssueCoupon, IssueRefusal,
};
use onsale_domain::ids::{AccountId, CouponCampaignId, CouponId};
use thiserror::Error;

use super::{Done, IdempotencyKey, Page, StepError, Unavailable};

/// A coupon that a customer wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueOrder {
    /// Of which campaign.
    pub campaign: CouponCampaignId,
    /// For whom.
    pub issue: IssueCoupon,
    /// The caller's name for this request.
    pub idempotency: Option<IdempotencyKey>,
}

/// What to change on a campaign; what is absent stays. What coupons take off, and for which concert, is promised to
/// those who have one: it cannot be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignChange {
    /// A new name.
    pub name: Option<String>,
    /// A new total.
    pub total: Option<u32>,
    /// A new beginning.
    pub starts_at: Option<DateTime<Utc>>,
    /// A new end; one that is later than the coupons' expiry moves that, too, unless it is changed itself.
    pub ends_at: Option<DateTime<Utc>>,
    /// A new expiry of all coupons, those that are issued among them.
    pub expires_at: Option<DateTime<Utc>>,
}

impl CampaignChange {
    /// `campaign` with the changes.
    #[must_use]
    pub fn applied_to(self, campaign: CouponCampaign) -> CouponCampaign {
        let ends_at = self.ends_at.unwrap_or(campaign.ends_at);
        CouponCampaign {
            name: self.name.unwrap_or(campaign.name),
            total: self.total.unwrap_or(campaign.total),
            starts_at: self.starts_at.unwrap_or(campaign.starts_at),
            ends_at,
            expires_at: self.expires_at.unwrap_or_else(|| campaign.expires_at.max(ends_at)),
            ..campaign
        }
    }
}

/// Why a campaign was not stored. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CampaignEditError {
    /// There is no such campaign.
    #[error("there is no such campaign")]
    UnknownCampaign,
    /// There is no such concert.
    #[error("there is no such concert")]
    UnknownConcert,
    /// The campaign is not valid.
    #[error(transparent)]
    Invalid(#[from] CampaignError),
    /// The store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A coupon as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedCoupon {
    /// The coupon.
    pub coupon: Coupon,
    /// Its customer's address.
    pub email: String,
    /// Its customer's name.
    pub name: String,
}

/// Coupon campaigns, and who has which coupon.
#[async_trait]
pub trait CouponOffice: Send + Sync {
    /// Adds a campaign. Writes the operators' journal.
    ///
    /// # Errors
    /// [`CampaignEditError`].
    async fn create(
        &self,
        campaign: &CouponCampaign,
        operator: Option<AccountId>,
    ) -> Result<CampaignRecord, CampaignEditError>;

    /// Changes a campaign between two groups of coupons. Writes the operators' journal.
    ///
    /// # Errors
    /// [`CampaignEditError`]; a total below what is issued is not valid.
    async fn change(
        &self,
        campaign: CouponCampaignId,
        change: CampaignChange,
        operator: Option<AccountId>,
    ) -> Result<CampaignRecord, CampaignEditError>;

    /// Those of `campaigns` that there are, in any order.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn campaigns(&self, campaigns: &[CouponCampaignId]) -> Result<Vec<CampaignRecord>, Unavailable>;

    /// All campaigns, newest first, those before `before`.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn list(
        &self,
        before: Option<CouponCampaignId>,
        limit: u32,
    ) -> Result<Page<CampaignRecord, CouponCampaignId>, Unavailable>;

    /// Issues a coupon: stored before the answer, one for a customer, never more than the total.
    ///
    /// # Errors
    /// [`StepError::Refused`] with an [`IssueRefusal`]; [`StepError::Busy`] when the campaign's lane is full.
    async fn issue(&self, order: IssueOrder) -> Result<Done<Coupon>, StepError<IssueRefusal>>;

    /// A customer's coupons, newest first, those before `before`.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn coupons_of(
        &self,
        customer: AccountId,
        before: Option<CouponId>,
        limit: u32,
    ) -> Result<Page<HeldCoupon, CouponId>, Unavailable>;

    /// A campaign's coupons with their customers, oldest first, those after `after`.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn issued(
        &self,
        campaign: CouponCampaignId,
        after: Option<CouponId>,
        limit: u32,
    ) -> Result<Page<IssuedCoupon, CouponId>, Unavailable>;

    /// Who has a coupon of a campaign, in the order of their ids, those after `after`.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn owners(
        &self,
        campaign: CouponCampaignId,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<AccountId>, Unavailable>;
}
