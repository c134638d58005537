//! Asking again under the same name gives the same answer.

use futures_util::future::join_all;
use onsale_application::ports::{CouponOffice, Done, IdempotencyKey, IssueOrder, StepError};
use onsale_domain::coupon::IssueRefusal;
use onsale_support::lanes::LaneLimits;
use onsale_tests::coupons::{issue_order, office, office_replica, opened};
use onsale_tests::sales::{SINGLY, assert_sound, customers};
use onsale_tests::store::Store;

onsale_tests::contracts!(
    a_repeated_wish_gets_the_same_answer,
    a_key_belongs_to_one_campaign_and_one_request,
    a_refused_wish_may_try_again_under_its_key,
    of_identical_wishes_at_once_one_is_carried_out,
);

fn named(mut order: IssueOrder, key: &str, request: u8) -> IssueOrder {
    order.idempotency = Some(IdempotencyKey::new(key, [request; 32]).unwrap());
    order
}

async fn a_repeated_wish_gets_the_same_answer(store: Store) {
    let office = office(&store, LaneLimits::default());
    let (campaign, customer) = (opened(&store, &office, 1).await, customers(&store, 1).await[0]);
    let wish = || office.issue(named(issue_order(&store, campaign, customer), "k", 1));
    let first = wish().await.unwrap();
    assert!(!first.replayed);
    assert_eq!(wish().await, Ok(Done { replayed: true, ..first }), "also after the last coupon");
    let unnamed = office.issue(issue_order(&store, campaign, customer)).await;
    assert_eq!(unnamed, Err(StepError::Refused(IssueRefusal::AlreadyIssued(first.value))));
    assert_sound(&store).await;
}

async fn a_key_belongs_to_one_campaign_and_one_request(store: Store) {
    let office = office(&store, LaneLimits::default());
    let customer = customers(&store, 1).await[0];
    let campaigns = [opened(&store, &office, 5).await, opened(&store, &office, 5).await];
    for campaign in campaigns {
        assert!(!office.issue(named(issue_order(&store, campaign, customer), "k", 1)).await.unwrap().replayed);
    }
    let other = office.issue(named(issue_order(&store, campaigns[0], customer), "k", 2)).await;
    assert_eq!(other, Err(StepError::IdempotencyKeyReused));
}

async fn a_refused_wish_may_try_again_under_its_key(store: Store) {
    let office = office(&store, LaneLimits::default());
    let (campaign, customers) = (opened(&store, &office, 1).await, customers(&store, 2).await);
    office.issue(issue_order(&store, campaign, customers[0])).await.unwrap();
    let wish = || office.issue(named(issue_order(&store, campaign, customers[1]), "k", 1));
    assert_eq!(wish().await, Err(StepError::Refused(IssueRefusal::Exhausted { total: 1 })));
    let raised = onsale_application::ports::CampaignChange { total: Some(2), ..Default::default() };
    office.change(campaign, raised, None).await.unwrap();
    assert!(!wish().await.unwrap().replayed);
}

async fn of_identical_wishes_at_once_one_is_carried_out(store: Store) {
    for lanes in [LaneLimits::default(), SINGLY] {
        let offices = [office(&store, lanes), office_replica(&store, lanes).await];
        let campaign = opened(&store, &offices[0], 100).await;
        for customer in customers(&store, 5).await {
            let wishes = (0..20_usize).map(|number| {
                let order = named(issue_order(&store, campaign, customer), "again", 1);
                let office = offices[number % 2].clone();
                tokio::spawn(async move { office.issue(order).await })
            });
            let answers: Vec<_> = join_all(wishes).await.into_iter().map(|one| one.unwrap().unwrap()).collect();
            assert_eq!(answers.iter().filter(|done| !done.replayed).count(), 1);
            assert!(answers.iter().all(|done| done.value == answers[0].value));
        }
    }
    assert_sound(&store).await;
}
