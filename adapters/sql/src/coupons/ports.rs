//! The port that coupons stand behind.

use async_trait::async_trait;
use onsale_application::ports::{
    CampaignChange, CampaignEditError, CouponOffice, Done, IssueOrder, IssuedCoupon, Page, StepError, Unavailable,
};
use onsale_domain::coupon::{CampaignRecord, Coupon, CouponCampaign, HeldCoupon, IssueRefusal};
use onsale_domain::ids::{AccountId, CouponCampaignId, CouponId};

use super::{SqlCoupons, reads};
use crate::settling::lane_error;

#[async_trait]
impl CouponOffice for SqlCoupons {
    async fn create(
        &self,
        campaign: &CouponCampaign,
        operator: Option<AccountId>,
    ) -> Result<CampaignRecord, CampaignEditError> {
        self.add(campaign, operator).await
    }

    async fn change(
        &self,
        campaign: CouponCampaignId,
        change: CampaignChange,
        operator: Option<AccountId>,
    ) -> Result<CampaignRecord, CampaignEditError> {
        self.edit(campaign, &change, operator).await
    }

    async fn campaigns(&self, campaigns: &[CouponCampaignId]) -> Result<Vec<CampaignRecord>, Unavailable> {
        Ok(reads::campaigns(&self.database, campaigns).await?)
    }

    async fn list(
        &self,
        before: Option<CouponCampaignId>,
        limit: u32,
    ) -> Result<Page<CampaignRecord, CouponCampaignId>, Unavailable> {
        Ok(reads::list(&self.database, before, limit).await?)
    }

    async fn issue(&self, order: IssueOrder) -> Result<Done<Coupon>, StepError<IssueRefusal>> {
        let campaign = order.campaign;
        self.issues.submit(campaign, order.into()).await.unwrap_or_else(|error| Err(lane_error(error)))
    }

    async fn coupons_of(
        &self,
        customer: AccountId,
        before: Option<CouponId>,
        limit: u32,
    ) -> Result<Page<HeldCoupon, CouponId>, Unavailable> {
        Ok(reads::coupons_of(&self.database, customer, before, limit).await?)
    }

    async fn issued(
        &self,
        campaign: CouponCampaignId,
        after: Option<CouponId>,
        limit: u32,
    ) -> Result<Page<IssuedCoupon, CouponId>, Unavailable> {
        Ok(reads::issued(&self.database, campaign, after, limit).await?)
    }

    async fn owners(
        &self,
        campaign: CouponCampaignId,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<AccountId>, Unavailable> {
        Ok(reads::owners(&self.database, campaign, after, limit).await?)
    }
}
