//! A campaign, a coupon that is spent, one that came back with a refund, and one that nobody has spent.

use chrono::TimeDelta;
use onsale_application::ports::{Cashier, CatalogueEditor, CouponOffice, IssueOrder};
use onsale_domain::coupon::{CouponCampaign, Discount, IssueCoupon};
use onsale_domain::ids::CouponId;
use onsale_domain::money::Amount;
use onsale_domain::performance::Performance;
use onsale_sql::{SqlCatalogue, SqlCoupons};
use onsale_support::lanes::LaneLimits;
use onsale_tests::coupons::{office, pay_order_with};
use onsale_tests::sales::{charge_order, customers, held, refund_order, sales};
use onsale_tests::samples::{concert, draft, plan};
use onsale_tests::store::Store;

use super::good_data::id;

pub(crate) const CAMPAIGN: u128 = 0xa1;
/// The coupons: spent, given back, and never spent.
pub(crate) const SPENT: u128 = 0xb1;
const GIVEN_BACK: u128 = 0xb2;
pub(crate) const UNSPENT: u128 = 0xb3;

/// Its tables.
pub(crate) const TABLES: [&str; 2] = ["coupon_campaigns", "coupons"];

/// Three customers with a coupon each: one pays with it, one pays and gives the payment back, one does nothing.
pub(crate) async fn write(store: &Store) {
    let (office, sales) = (office(store, LaneLimits::default()), sales(store, LaneLimits::default()));
    let performance = on_sale(store).await;
    office.create(&campaign(store), None).await.unwrap();
    let customers = customers(store, 3).await;
    for ((number, customer), seat) in [SPENT, GIVEN_BACK, UNSPENT].into_iter().zip(&customers).zip(0..) {
        let coupon = issue(&office, number, *customer).await;
        if number == UNSPENT {
            continue;
        }
        sales.charge(charge_order(store, *customer, 1_000)).await.unwrap();
        let reservation = held(store, &sales, &performance, *customer, &[seat]).await;
        sales.pay(pay_order_with(store, &reservation, coupon)).await.unwrap();
        if number == GIVEN_BACK {
            sales.refund(refund_order(store, &reservation)).await.unwrap();
        }
    }
}

fn campaign(store: &Store) -> CouponCampaign {
    let now = store.context.now();
    CouponCampaign {
        id: id(CAMPAIGN).into(),
        name: "First come".to_owned(),
        total: 3,
        discount: Discount::Amount { amount: Amount::new(30).unwrap() },
        starts_at: now,
        ends_at: now + TimeDelta::days(1),
        expires_at: now + TimeDelta::days(1),
        concert: None,
        created_at: now,
    }
}

async fn issue(office: &SqlCoupons, number: u128, customer: onsale_domain::ids::AccountId) -> CouponId {
    let issue = IssueCoupon { coupon: id(number).into(), customer };
    office.issue(IssueOrder { campaign: id(CAMPAIGN).into(), issue, idempotency: None }).await.unwrap().value.id
}

async fn on_sale(store: &Store) -> Performance {
    let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone());
    let (concert, plan) = (concert(&store.context, "A cheap night"), plan(&store.context, 4));
    catalogue.add_concert(concert.clone(), None).await.unwrap();
    catalogue.add_plan(&plan, None).await.unwrap();
    catalogue.add_performance(draft(&store.context, concert.id, Some(&plan)), None).await.unwrap()
}
