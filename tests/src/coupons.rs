//! Coupon campaigns, and orders for their coupons.

use chrono::TimeDelta;
use onsale_application::ports::{CouponOffice, IssueOrder, PayOrder};
use onsale_domain::box_office::SpendCoupon;
use onsale_domain::coupon::{Coupon, CouponCampaign, Discount, IssueCoupon};
use onsale_domain::ids::{AccountId, CouponCampaignId, CouponId};
use onsale_domain::reservation::Reservation;
use onsale_sql::{Database, SqlCoupons};
use onsale_support::lanes::LaneLimits;

use crate::sales::pay_order;
use crate::samples::amount;
use crate::store::Store;

/// The coupon office of `store`.
#[must_use]
pub fn office(store: &Store, lanes: LaneLimits) -> SqlCoupons {
    office_on(store, store.database.clone(), lanes)
}

/// The coupon office of `store`, through `database`.
#[must_use]
pub fn office_on(store: &Store, database: Database, lanes: LaneLimits) -> SqlCoupons {
    SqlCoupons::new(database, store.context.clone(), store.bus.clone(), lanes)
}

/// The coupon office of another replica.
///
/// # Panics
/// When the database cannot be reached.
pub async fn office_replica(store: &Store, lanes: LaneLimits) -> SqlCoupons {
    let database = Database::connect(&store.settings).await.expect("the database can be reached");
    office_on(store, database, lanes)
}

/// A campaign of `total` coupons of 30 for every concert, that is open for an hour.
#[must_use]
pub fn campaign(store: &Store, total: u32) -> CouponCampaign {
    let now = store.context.now();
    CouponCampaign {
        id: store.context.new_id(),
        name: "First come".to_owned(),
        total,
        discount: Discount::Amount { amount: amount(30) },
        starts_at: now,
        ends_at: now + TimeDelta::hours(1),
        expires_at: now + TimeDelta::hours(2),
        concert: None,
        created_at: now,
    }
}

/// Adds a campaign of `total` coupons.
///
/// # Panics
/// When it cannot be added.
pub async fn opened(store: &Store, office: &SqlCoupons, total: u32) -> CouponCampaignId {
    let record = office.create(&campaign(store, total), None).await.expect("a campaign can be added");
    record.campaign.id
}

/// A wish of a customer.
#[must_use]
pub fn issue_order(store: &Store, campaign: CouponCampaignId, customer: AccountId) -> IssueOrder {
    let issue = IssueCoupon { coupon: store.context.new_id(), customer };
    IssueOrder { campaign, issue, idempotency: None }
}

/// A coupon that is issued.
///
/// # Panics
/// When it is not.
pub async fn issued(store: &Store, office: &SqlCoupons, campaign: CouponCampaignId, customer: AccountId) -> Coupon {
    office.issue(issue_order(store, campaign, customer)).await.expect("a coupon").value
}

/// A payment of a hold with a coupon.
#[must_use]
pub fn pay_order_with(store: &Store, reservation: &Reservation, coupon: CouponId) -> PayOrder {
    let mut order = pay_order(store, reservation);
    order.payment.coupon = Some(SpendCoupon { coupon, entry: store.context.new_id() });
    order
}
