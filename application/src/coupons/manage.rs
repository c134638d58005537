use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_domain::coupon::{CampaignRecord, CouponCampaign, Discount};
use onsale_domain::ids::{AccountId, ConcertId, CouponCampaignId, CouponId};

use super::{CampaignBoard, LiveCampaign};
use crate::ports::{CampaignChange, CampaignEditError, Context, CouponOffice, IssuedCoupon, Page, Unavailable};

/// A campaign to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCampaign {
    /// What it is called.
    pub name: String,
    /// How many coupons there are.
    pub total: u32,
    /// What each takes off.
    pub discount: Discount,
    /// From when coupons are issued.
    pub starts_at: DateTime<Utc>,
    /// Until when coupons are issued.
    pub ends_at: DateTime<Utc>,
    /// Until when coupons can be used; the end when there is none.
    pub expires_at: Option<DateTime<Utc>>,
    /// The concert whose tickets they are for.
    pub concert: Option<ConcertId>,
}

/// Adds, changes and shows campaigns, and what they have issued; for operators.
pub struct ManageCampaigns {
    office: Arc<dyn CouponOffice>,
    board: Arc<CampaignBoard>,
    context: Context,
}

impl ManageCampaigns {
    /// On these ports.
    #[must_use]
    pub fn new(office: Arc<dyn CouponOffice>, board: Arc<CampaignBoard>, context: Context) -> Self {
        Self { office, board, context }
    }

    /// Adds a campaign.
    ///
    /// # Errors
    /// [`CampaignEditError`].
    pub async fn create(
        &self,
        new: NewCampaign,
        operator: Option<AccountId>,
    ) -> Result<Arc<LiveCampaign>, CampaignEditError> {
        let campaign = CouponCampaign {
            id: self.context.new_id(),
            name: new.name,
            total: new.total,
            discount: new.discount,
            starts_at: new.starts_at,
            ends_at: new.ends_at,
            expires_at: new.expires_at.unwrap_or(new.ends_at),
            concert: new.concert,
            created_at: self.context.now(),
        };
        Ok(self.board.put(self.office.create(&campaign, operator).await?))
    }

    /// Changes a campaign; every replica knows within a second.
    ///
    /// # Errors
    /// [`CampaignEditError`].
    pub async fn change(
        &self,
        campaign: CouponCampaignId,
        change: CampaignChange,
        operator: Option<AccountId>,
    ) -> Result<Arc<LiveCampaign>, CampaignEditError> {
        Ok(self.board.put(self.office.change(campaign, change, operator).await?))
    }

    /// All campaigns, newest first.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn list(
        &self,
        before: Option<CouponCampaignId>,
        limit: u32,
    ) -> Result<Page<CampaignRecord, CouponCampaignId>, Unavailable> {
        self.office.list(before, limit).await
    }

    /// A campaign's coupons with their customers, oldest first, those after `after`.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn issued(
        &self,
        campaign: CouponCampaignId,
        after: Option<CouponId>,
        limit: u32,
    ) -> Result<Page<IssuedCoupon, CouponId>, Unavailable> {
        self.office.issued(campaign, after, limit).await
    }
}
