//! A campaign, a coupon that is spent, one that came back with a refund, one that was spent again after that, and one that
//! nobody has spent; and a campaign of one concert, whose coupon paid all of a price.

use chrono::TimeDelta;
use onsale_application::ports::{Cashier, CatalogueEditor, CouponOffice, IssueOrder};
use onsale_domain::coupon::{CouponCampaign, Discount, IssueCoupon};
use onsale_domain::ids::{AccountId, CouponCampaignId, CouponId};
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
const CAMPAIGN_OF_CONCERT: u128 = 0xa2;
/// The coupons: spent, given back, never spent, spent again after it was given back, and worth the whole price.
pub(crate) const SPENT: u128 = 0xb1;
const GIVEN_BACK: u128 = 0xb2;
pub(crate) const UNSPENT: u128 = 0xb3;
const SPENT_AGAIN: u128 = 0xb4;
const WORTH_ALL: u128 = 0xb5;
const COUPONS: [u128; 5] = [SPENT, GIVEN_BACK, UNSPENT, SPENT_AGAIN, WORTH_ALL];

/// Its tables.
pub(crate) const TABLES: [&str; 2] = ["coupon_campaigns", "coupons"];

/// Customers with a coupon each, who do with it what its name says.
pub(crate) async fn write(store: &Store) {
    let (office, sales) = (office(store, LaneLimits::default()), sales(store, LaneLimits::default()));
    let performance = on_sale(store).await;
    let usual = campaign(store);
    let worth_all = CouponCampaign {
        id: id(CAMPAIGN_OF_CONCERT).into(),
        discount: Discount::Amount { amount: Amount::new(500).unwrap() },
        concert: Some(performance.concert),
        ..usual.clone()
    };
    for campaign in [&usual, &worth_all] {
        office.create(campaign, None).await.unwrap();
    }
    let customers = customers(store, COUPONS.len()).await;
    for ((number, customer), seat) in COUPONS.into_iter().zip(&customers).zip(0..) {
        let campaign = if number == WORTH_ALL { &worth_all } else { &usual };
        let coupon = issue(&office, campaign.id, number, *customer).await;
        sales.charge(charge_order(store, *customer, 1_000)).await.unwrap();
        let are_given_back: &[bool] = match number {
            UNSPENT => &[],
            GIVEN_BACK => &[true],
            SPENT_AGAIN => &[true, false],
            _ => &[false],
        };
        for is_given_back in are_given_back {
            let reservation = held(store, &sales, &performance, *customer, &[seat]).await;
            sales.pay(pay_order_with(store, &reservation, coupon)).await.unwrap();
            if *is_given_back {
                sales.refund(refund_order(store, &reservation)).await.unwrap();
            }
        }
    }
}

fn campaign(store: &Store) -> CouponCampaign {
    let now = store.context.now();
    CouponCampaign {
        id: id(CAMPAIGN).into(),
        name: "First come".to_owned(),
        total: 4,
        discount: Discount::Amount { amount: Amount::new(30).unwrap() },
        starts_at: now,
        ends_at: now + TimeDelta::days(1),
        expires_at: now + TimeDelta::days(1),
        concert: None,
        created_at: now,
    }
}

async fn issue(office: &SqlCoupons, campaign: CouponCampaignId, number: u128, customer: AccountId) -> CouponId {
    let issue = IssueCoupon { coupon: id(number).into(), customer };
    office.issue(IssueOrder { campaign, issue, idempotency: None }).await.unwrap().value.id
}

async fn on_sale(store: &Store) -> Performance {
    let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone());
    let (concert, plan) = (concert(&store.context, "A cheap night"), plan(&store.context, 5));
    catalogue.add_concert(concert.clone(), None).await.unwrap();
    catalogue.add_plan(&plan, None).await.unwrap();
    catalogue.add_performance(draft(&store.context, concert.id, Some(&plan)), None).await.unwrap()
}
