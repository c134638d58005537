//! Lists: in their order, part by part, and nothing of somebody else's.

use onsale_application::ports::CouponOffice;
use onsale_domain::ids::{AccountId, CouponId};
use onsale_support::lanes::LaneLimits;
use onsale_tests::coupons::{issued, office, opened};
use onsale_tests::sales::customers;
use onsale_tests::store::Store;

onsale_tests::contracts!(
    a_customer_sees_the_newest_first,
    an_operator_sees_a_campaign_from_its_first_coupon_on,
    campaigns_are_listed_from_the_newest_on,
    owners_are_found_part_by_part,
);

async fn a_customer_sees_the_newest_first(store: Store) {
    let office = office(&store, LaneLimits::default());
    let customers = customers(&store, 2).await;
    let mut coupons = Vec::new();
    for _ in 0..5 {
        let campaign = opened(&store, &office, 5).await;
        issued(&store, &office, campaign, customers[1]).await;
        coupons.insert(0, issued(&store, &office, campaign, customers[0]).await);
    }
    let first = office.coupons_of(customers[0], None, 3).await.unwrap();
    let second = office.coupons_of(customers[0], first.next, 3).await.unwrap();
    assert_eq!((first.items.len(), second.next), (3, None));
    let all: Vec<_> = first.items.iter().chain(&second.items).collect();
    assert_eq!(all.iter().map(|held| held.coupon).collect::<Vec<_>>(), coupons);
    assert!(all.iter().all(|held| held.campaign.id == held.coupon.campaign));
    assert!(office.coupons_of(store.context.new_id(), None, 3).await.unwrap().items.is_empty());
}

async fn an_operator_sees_a_campaign_from_its_first_coupon_on(store: Store) {
    let office = office(&store, LaneLimits::default());
    let (campaign, other) = (opened(&store, &office, 9).await, opened(&store, &office, 9).await);
    let customers = customers(&store, 5).await;
    let mut coupons = Vec::new();
    for customer in &customers {
        coupons.push(issued(&store, &office, campaign, *customer).await);
        issued(&store, &office, other, *customer).await;
    }
    let (mut seen, mut after): (Vec<_>, Option<CouponId>) = (Vec::new(), None);
    loop {
        let page = office.issued(campaign, after, 2).await.unwrap();
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.iter().map(|issued| issued.coupon).collect::<Vec<_>>(), coupons);
    let named = |(issued, customer): (&onsale_application::ports::IssuedCoupon, &AccountId)| {
        issued.email == format!("{customer}@example.com") && issued.name == "Min-ji"
    };
    assert!(seen.iter().zip(&customers).all(named));
}

async fn campaigns_are_listed_from_the_newest_on(store: Store) {
    let office = office(&store, LaneLimits::default());
    let mut campaigns = Vec::new();
    for _ in 0..3 {
        campaigns.insert(0, opened(&store, &office, 5).await);
    }
    let first = office.list(None, 2).await.unwrap();
    let second = office.list(first.next, 2).await.unwrap();
    let seen: Vec<_> = first.items.iter().chain(&second.items).map(|record| record.campaign.id).collect();
    assert_eq!((seen, second.next), (campaigns.clone(), None));
    let unknown = store.context.new_id();
    let found = office.campaigns(&[campaigns[0], unknown, campaigns[2]]).await.unwrap();
    assert_eq!(found.len(), 2, "each that there is, once");
    assert!(office.campaigns(&[]).await.unwrap().is_empty());
}

async fn owners_are_found_part_by_part(store: Store) {
    let office = office(&store, LaneLimits::default());
    let campaign = opened(&store, &office, 5).await;
    let mut customers = customers(&store, 5).await;
    for customer in customers.iter().rev() {
        issued(&store, &office, campaign, *customer).await;
    }
    customers.sort_unstable();
    let first = office.owners(campaign, None, 3).await.unwrap();
    let rest = office.owners(campaign, first.last().copied(), 3).await.unwrap();
    assert_eq!([first, rest].concat(), customers);
}
