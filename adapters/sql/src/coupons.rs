//! Coupons in SQL: campaigns, and who has which coupon.
//!
//! A campaign's row is the lock under which its coupons are issued, by one lane for each campaign: thousands who want one at
//! the same moment commit as a few groups, and the counter in the row changes once for each. Spending a coupon is part of
//! its payment and locks only the coupon.

mod campaign;
mod editing;
mod issuing;
mod piece;
mod ports;
mod reads;
mod spending;

use std::sync::Arc;

use onsale_application::ports::{Bus, Context};
use onsale_domain::ids::CouponCampaignId;
use onsale_support::lanes::{LaneLimits, Lanes};

use self::issuing::IssueSettler;
pub(crate) use self::spending::{lock as lock_coupons, write as write_coupons};
use crate::database::Database;

/// Coupon campaigns and coupons in SQL. Clones share their lanes.
#[derive(Clone)]
pub struct SqlCoupons {
    database: Database,
    context: Context,
    bus: Arc<dyn Bus>,
    issues: Lanes<CouponCampaignId, IssueSettler>,
}

impl SqlCoupons {
    /// The campaigns of `database`; changes of their terms are announced on `bus`. `lanes` limits the lanes of campaigns.
    #[must_use]
    pub fn new(database: Database, context: Context, bus: Arc<dyn Bus>, lanes: LaneLimits) -> Self {
        let settler = IssueSettler { database: database.clone(), context: context.clone() };
        Self { database, context, bus, issues: Lanes::new("coupon", lanes, settler) }
    }

    /// Accepts no more wishes and waits until every accepted one is answered.
    pub async fn drain(&self) {
        self.issues.drain().await;
    }
}

/// Every statement of coupons that exists in sizes.
#[cfg(test)]
pub(crate) fn sized_texts() -> Vec<crate::snapshots::NamedText> {
    crate::snapshots::named![
        "coupons::",
        campaign::BY_ID,
        piece::OF_CUSTOMERS,
        piece::INSERT,
        spending::LOCK,
        spending::UPDATE,
    ]
}
