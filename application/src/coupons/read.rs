use std::sync::Arc;

use onsale_domain::coupon::HeldCoupon;
use onsale_domain::ids::{AccountId, CouponCampaignId, CouponId};

use super::{CampaignBoard, LiveCampaign};
use crate::ports::{CouponOffice, Page, Unavailable};

/// Reads campaigns and customers' coupons.
pub struct ReadCoupons {
    office: Arc<dyn CouponOffice>,
    board: Arc<CampaignBoard>,
}

impl ReadCoupons {
    /// On these ports.
    #[must_use]
    pub fn new(office: Arc<dyn CouponOffice>, board: Arc<CampaignBoard>) -> Self {
        Self { office, board }
    }

    /// A campaign; how many coupons are left may be half a second old.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn campaign(&self, id: CouponCampaignId) -> Result<Option<Arc<LiveCampaign>>, Unavailable> {
        self.board.campaign(id).await
    }

    /// A customer's coupons, newest first.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn coupons_of(
        &self,
        customer: AccountId,
        before: Option<CouponId>,
        limit: u32,
    ) -> Result<Page<HeldCoupon, CouponId>, Unavailable> {
        self.office.coupons_of(customer, before, limit).await
    }
}
