//! Coupons are issued first come, first served: one for a customer, and never one too many.

use std::collections::HashSet;

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{CampaignChange, CouponOffice, StepError};
use onsale_domain::coupon::{CouponState, IssueRefusal};
use onsale_sql::SqlCoupons;
use onsale_support::lanes::LaneLimits;
use onsale_tests::coupons::{issue_order, issued, office, office_replica, opened};
use onsale_tests::sales::{SINGLY, assert_sound, customers};
use onsale_tests::store::Store;

onsale_tests::contracts!(
    a_customer_gets_one_coupon,
    of_fifteen_hundred_at_once_a_thousand_get_a_coupon,
    however_many_replicas_issue_the_total_is_exact,
    one_customer_asking_everywhere_at_once_gets_one_coupon,
    coupons_are_issued_within_the_window,
    a_raised_total_is_issued,
    campaigns_have_nothing_to_do_with_each_other,
);

fn refused<T>(refusal: IssueRefusal) -> Result<T, StepError<IssueRefusal>> {
    Err(StepError::Refused(refusal))
}

async fn issued_by_now(office: &SqlCoupons, campaign: onsale_domain::ids::CouponCampaignId) -> u32 {
    office.campaigns(&[campaign]).await.unwrap()[0].issued
}

async fn a_customer_gets_one_coupon(store: Store) {
    let office = office(&store, LaneLimits::default());
    let (campaign, customer) = (opened(&store, &office, 5).await, customers(&store, 1).await[0]);
    let order = issue_order(&store, campaign, customer);
    let done = office.issue(order.clone()).await.unwrap();
    let coupon = done.value;
    assert!(!done.replayed);
    assert_eq!((coupon.id, coupon.customer, coupon.campaign), (order.issue.coupon, customer, campaign));
    assert_eq!((coupon.issued_at, coupon.state), (store.context.now(), CouponState::Unspent));
    let again = office.issue(issue_order(&store, campaign, customer)).await;
    assert_eq!(again, refused(IssueRefusal::AlreadyIssued(coupon)));
    let unknown = office.issue(issue_order(&store, store.context.new_id(), customer)).await;
    assert_eq!(unknown, refused(IssueRefusal::UnknownCampaign));
    assert_sound(&store).await;
}

async fn of_fifteen_hundred_at_once_a_thousand_get_a_coupon(store: Store) {
    rush(&store, &[office(&store, LaneLimits::default())], 1_000, 1_500).await;
}

async fn however_many_replicas_issue_the_total_is_exact(store: Store) {
    for lanes in [LaneLimits::default(), SINGLY] {
        let offices = [office(&store, lanes), office_replica(&store, lanes).await];
        rush(&store, &offices, 200, 300).await;
    }
}

/// Everybody wants one of `total` coupons at once, of any replica.
async fn rush(store: &Store, offices: &[SqlCoupons], total: u32, crowd: usize) {
    let campaign = opened(store, &offices[0], total).await;
    let customers = customers(store, crowd).await;
    let wishes = customers.iter().zip(offices.iter().cycle()).map(|(customer, office)| {
        let (office, order) = (office.clone(), issue_order(store, campaign, *customer));
        tokio::spawn(async move { office.issue(order).await })
    });
    let mut issued = HashSet::new();
    for answer in join_all(wishes).await {
        match answer.unwrap() {
            Ok(done) => assert!(issued.insert(done.value.id)),
            Err(error) => assert_eq!(error, StepError::Refused(IssueRefusal::Exhausted { total })),
        }
    }
    assert_eq!(issued.len(), total as usize);
    let stored = offices[0].issued(campaign, None, 2_000).await.unwrap().items;
    assert_eq!(stored.iter().map(|stored| stored.coupon.id).collect::<HashSet<_>>(), issued);
    let record = offices[0].campaigns(&[campaign]).await.unwrap().pop().unwrap();
    assert!(record.is_exhausted() && record.issued == total);
    assert_sound(store).await;
}

async fn one_customer_asking_everywhere_at_once_gets_one_coupon(store: Store) {
    let offices = [office(&store, SINGLY), office_replica(&store, SINGLY).await];
    let (campaign, customer) = (opened(&store, &offices[0], 100).await, customers(&store, 1).await[0]);
    let wishes = (0..50_usize).map(|number| {
        let (office, order) = (offices[number % 2].clone(), issue_order(&store, campaign, customer));
        tokio::spawn(async move { office.issue(order).await })
    });
    let answers: Vec<_> = join_all(wishes).await.into_iter().map(Result::unwrap).collect();
    let [coupon] = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect::<Vec<_>>()[..] else {
        panic!("one is issued: {answers:?}");
    };
    let told = refused(IssueRefusal::AlreadyIssued(coupon.value));
    assert_eq!(answers.iter().filter(|answer| **answer == told).count(), 49);
    assert_sound(&store).await;
}

async fn coupons_are_issued_within_the_window(store: Store) {
    let office = office(&store, LaneLimits::default());
    let (campaign, customers) = (opened(&store, &office, 5).await, customers(&store, 2).await);
    let later = CampaignChange { starts_at: Some(store.context.now() + TimeDelta::minutes(1)), ..Default::default() };
    office.change(campaign, later, None).await.unwrap();
    let wish = |customer| office.issue(issue_order(&store, campaign, customer));
    assert_eq!(wish(customers[0]).await, refused(IssueRefusal::NotOpen));
    store.clock.advance(TimeDelta::minutes(1));
    let coupon = wish(customers[0]).await.unwrap().value;
    store.clock.advance(TimeDelta::minutes(59));
    assert_eq!(wish(customers[1]).await, refused(IssueRefusal::NotOpen));
    let again = wish(customers[0]).await;
    assert_eq!(again, refused(IssueRefusal::AlreadyIssued(coupon)), "the same coupon, also after the end");
}

async fn a_raised_total_is_issued(store: Store) {
    let office = office(&store, LaneLimits::default());
    let (campaign, customers) = (opened(&store, &office, 1).await, customers(&store, 3).await);
    issued(&store, &office, campaign, customers[0]).await;
    let wish = |number: usize| office.issue(issue_order(&store, campaign, customers[number]));
    assert_eq!(wish(1).await, refused(IssueRefusal::Exhausted { total: 1 }));
    let raised = office.change(campaign, CampaignChange { total: Some(2), ..Default::default() }, None).await.unwrap();
    assert_eq!((raised.campaign.total, raised.left()), (2, 1));
    assert!(wish(1).await.is_ok());
    assert_eq!(wish(2).await, refused(IssueRefusal::Exhausted { total: 2 }));
    assert_eq!(issued_by_now(&office, campaign).await, 2);
    assert_sound(&store).await;
}

async fn campaigns_have_nothing_to_do_with_each_other(store: Store) {
    let office = office(&store, LaneLimits::default());
    let customer = customers(&store, 1).await[0];
    let campaigns = [opened(&store, &office, 1).await, opened(&store, &office, 1).await];
    let coupons =
        [issued(&store, &office, campaigns[0], customer).await, issued(&store, &office, campaigns[1], customer).await];
    assert_ne!(coupons[0].id, coupons[1].id);
    assert_sound(&store).await;
}
