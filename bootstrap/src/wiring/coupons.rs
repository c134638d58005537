//! Coupons, put together.

use std::sync::Arc;

use onsale_application::coupons::{CampaignBoard, CampaignBoardSettings, IssueCoupon, ManageCampaigns, ReadCoupons};
use onsale_application::ports::{Bus, Context, CouponOffice};

/// What the API can do with coupons, and what must run beside it.
pub(super) struct Coupons {
    pub(super) manage: ManageCampaigns,
    pub(super) issue: IssueCoupon,
    pub(super) read: ReadCoupons,
    pub(super) board: Arc<CampaignBoard>,
}

/// Puts everything about coupons together.
pub(super) fn wire(office: &Arc<dyn CouponOffice>, bus: Arc<dyn Bus>, context: &Context) -> Coupons {
    let (office, context) = (|| office.clone(), || context.clone());
    let board = Arc::new(CampaignBoard::new(office(), bus, context(), CampaignBoardSettings::default()));
    Coupons {
        manage: ManageCampaigns::new(office(), board.clone(), context()),
        issue: IssueCoupon::new(office(), board.clone(), context()),
        read: ReadCoupons::new(office(), board.clone()),
        board,
    }
}
