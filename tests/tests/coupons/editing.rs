//! Campaigns as operators make and change them.

use chrono::TimeDelta;
use onsale_application::ports::{BusMessage, CampaignChange, CampaignEditError, CatalogueEditor, CouponOffice};
use onsale_domain::coupon::{CampaignError, CouponCampaign, Discount};
use onsale_sql::{SqlCatalogue, Statement};
use onsale_support::lanes::LaneLimits;
use onsale_tests::coupons::{campaign, issued, office, opened};
use onsale_tests::sales::customers;
use onsale_tests::samples::{amount, concert};
use onsale_tests::store::Store;

onsale_tests::contracts!(
    campaigns_are_kept_as_they_were_made,
    a_campaign_for_a_concert_needs_the_concert,
    what_is_absent_stays_and_what_is_changed_is_announced,
    a_total_stays_above_what_is_issued,
    what_operators_do_is_journalled,
);

async fn campaigns_are_kept_as_they_were_made(store: Store) {
    let office = office(&store, LaneLimits::default());
    let discounts = [
        Discount::Amount { amount: amount(7) },
        Discount::Percent { percent: 100, at_most: None },
        Discount::Percent { percent: 1, at_most: Some(amount(9)) },
    ];
    for discount in discounts {
        let made = CouponCampaign { discount, ..campaign(&store, 3) };
        let record = office.create(&made, None).await.unwrap();
        assert_eq!((&record.campaign, record.issued), (&made, 0));
        assert_eq!(office.campaigns(&[made.id]).await.unwrap(), [record]);
    }
    let nobody = CouponCampaign { total: 0, ..campaign(&store, 3) };
    assert_eq!(office.create(&nobody, None).await, Err(CampaignError::Total(0).into()));
    assert_eq!(office.list(None, 10).await.unwrap().items.len(), 3);
}

async fn a_campaign_for_a_concert_needs_the_concert(store: Store) {
    let office = office(&store, LaneLimits::default());
    let concert = concert(&store.context, "Spring");
    let wanted = CouponCampaign { concert: Some(concert.id), ..campaign(&store, 3) };
    assert_eq!(office.create(&wanted, None).await, Err(CampaignEditError::UnknownConcert));
    let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone());
    catalogue.add_concert(concert, None).await.unwrap();
    assert_eq!(office.create(&wanted, None).await.unwrap().campaign, wanted);
}

async fn what_is_absent_stays_and_what_is_changed_is_announced(store: Store) {
    let office = office(&store, LaneLimits::default());
    let made = office.create(&campaign(&store, 3), None).await.unwrap();
    let id = made.campaign.id;
    let later = made.campaign.expires_at + TimeDelta::hours(1);
    let change = CampaignChange { name: Some(" Last call ".to_owned()), ends_at: Some(later), ..Default::default() };
    let changed = office.change(id, change.clone(), None).await.unwrap();
    let expected =
        CouponCampaign { name: "Last call".to_owned(), ends_at: later, expires_at: later, ..made.campaign.clone() };
    assert_eq!(changed.campaign, expected);
    assert_eq!(office.campaigns(&[id]).await.unwrap(), std::slice::from_ref(&changed));
    assert_eq!(store.bus.heard(), [BusMessage::Campaign { campaign: id, change: changed.change }]);
    assert_eq!(office.change(id, change, None).await.unwrap(), changed, "the same again changes nothing");
    let unknown = office.change(store.context.new_id(), CampaignChange::default(), None).await;
    assert_eq!(unknown, Err(CampaignEditError::UnknownCampaign));
    let backwards = CampaignChange { ends_at: Some(made.campaign.starts_at), ..Default::default() };
    assert_eq!(office.change(id, backwards, None).await, Err(CampaignError::Window.into()));
}

async fn a_total_stays_above_what_is_issued(store: Store) {
    let office = office(&store, LaneLimits::default());
    let campaign = opened(&store, &office, 5).await;
    for customer in customers(&store, 2).await {
        issued(&store, &office, campaign, customer).await;
    }
    let to = |total| office.change(campaign, CampaignChange { total: Some(total), ..Default::default() }, None);
    assert_eq!(to(1).await, Err(CampaignError::TotalBelowIssued { issued: 2 }.into()));
    assert!(to(2).await.unwrap().is_exhausted());
    assert_eq!(to(3).await.unwrap().left(), 1);
}

async fn what_operators_do_is_journalled(store: Store) {
    let office = office(&store, LaneLimits::default());
    let operator = customers(&store, 1).await[0];
    let made = office.create(&campaign(&store, 3), Some(operator)).await.unwrap();
    let change = CampaignChange { total: Some(4), ..Default::default() };
    office.change(made.campaign.id, change, Some(operator)).await.unwrap();
    let text = "SELECT kind, operator_id, subject_id, before_json, after_json FROM operator_actions ORDER BY action_id";
    let lines = store.database.fetch_all(Statement::new(text)).await.unwrap();
    let kinds: Vec<String> = lines.iter().map(|line| line.get(0).unwrap()).collect();
    assert_eq!(kinds, ["coupon_campaign_created", "coupon_campaign_changed"]);
    assert_eq!(lines[1].get::<onsale_domain::ids::AccountId>(1).unwrap(), operator);
    assert_eq!(lines[1].get::<onsale_domain::ids::CouponCampaignId>(2).unwrap(), made.campaign.id);
    let [before, after]: [String; 2] = [3, 4].map(|column| lines[1].get(column).unwrap());
    assert!(before.contains("\"total\":3") && after.contains("\"total\":4"), "{before} {after}");
}
