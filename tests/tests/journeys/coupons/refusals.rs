//! Whatever is wrong has its code, and nothing is lost by it.

use chrono::{TimeDelta, Utc};
use onsale_tests::server::Stack;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Campaign, pay_with, usual_terms};
use crate::support::{Sale, Site};

journeys!(
    campaigns_that_make_no_sense_are_refused_by_the_member,
    a_coupon_is_issued_to_customers_within_the_window_only,
    a_coupon_that_cannot_be_spent_leaves_hold_and_points,
);

async fn campaigns_that_make_no_sense_are_refused_by_the_member(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let wrong = [
        ("total", json!({"total": 0})),
        ("total", json!({"total": 10_000_001})),
        ("total", json!({"total": -1})),
        ("name", json!({"name": ""})),
        ("discount.amount", json!({"discount": {"type": "amount", "amount": 0}})),
        ("discount.percent", json!({"discount": {"type": "percent", "percent": 101}})),
        ("discount.at_most", json!({"discount": {"type": "percent", "percent": 1, "at_most": 0}})),
        ("ends_at", json!({"ends_at": "2020-01-01T00:00:00Z"})),
        ("expires_at", json!({"expires_at": "2020-01-01T00:00:00Z"})),
        ("concert_id", json!({"concert_id": Uuid::nil()})),
    ];
    for (field, terms) in wrong {
        let mut body = usual_terms(5);
        body.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        let refused = site.operator.post("/v1/coupon-campaigns", body).await;
        assert_eq!(refused.refused("invalid_request")["field"], field, "{terms}");
    }
    assert_eq!(site.operator.get("/v1/coupon-campaigns").await.ok(200)["items"], json!([]));

    let campaign = Campaign::open(&site, 5, json!({})).await;
    for _ in 0..2 {
        campaign.issue(&site.visitor.sign_up().await).await;
    }
    let patch = async |change: Value| site.operator.patch(&campaign.path(""), change).await;
    let refused = patch(json!({"total": 1})).await.refused("invalid_request");
    assert_eq!(refused["field"], "total", "two are issued");
    patch(json!({"total": null})).await.refused("invalid_request");
    assert_eq!(patch(json!({"total": 2})).await.ok(200)["state"], "exhausted");
    let nowhere = format!("/v1/coupon-campaigns/{}", Uuid::nil());
    site.operator.patch(&nowhere, json!({"total": 2})).await.refused("not_found");
    site.visitor.get(&nowhere).await.refused("not_found");
    site.operator.get(&format!("{nowhere}/coupons.csv")).await.refused("not_found");
    let customer = site.visitor.sign_up().await;
    for path in ["/v1/coupon-campaigns".to_owned(), campaign.path("/coupons"), campaign.path("/coupons.csv")] {
        customer.get(&path).await.refused("forbidden");
        site.visitor.get(&path).await.refused("sign_in_required");
    }
}

async fn a_coupon_is_issued_to_customers_within_the_window_only(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let customer = site.visitor.sign_up().await;
    let later = Utc::now() + TimeDelta::hours(1);
    let early = Campaign::open(&site, 5, json!({"starts_at": later})).await;
    assert_eq!(site.visitor.get(&early.path("")).await.ok(200)["state"], "announced");
    early.ask(&customer).await.refused("campaign_not_open");
    let ended = Utc::now() - TimeDelta::hours(1);
    let over = json!({"starts_at": ended - TimeDelta::hours(1), "ends_at": ended});
    let over = Campaign::open(&site, 5, over).await;
    assert_eq!(site.visitor.get(&over.path("")).await.ok(200)["state"], "ended");
    over.ask(&customer).await.refused("campaign_not_open");
    early.ask(&site.visitor).await.refused("sign_in_required");
    early.ask(&site.operator).await.refused("forbidden");
    let nowhere = Campaign { id: Uuid::nil().to_string() };
    nowhere.ask(&customer).await.refused("not_found");
    assert_eq!(customer.get("/v1/coupons").await.ok(200)["items"], json!([]));
    let opened = json!({"starts_at": Utc::now() - TimeDelta::seconds(1)});
    site.operator.patch(&early.path(""), opened).await.ok(200);
    early.issue(&customer).await;
}

async fn a_coupon_that_cannot_be_spent_leaves_hold_and_points(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let (sale, elsewhere) = (Sale::open(&site, json!({})).await, Sale::open(&site, json!({})).await);
    let (customer, other) = (site.visitor.sign_up_with(100_000).await, site.visitor.sign_up().await);
    let shared = Campaign::open(&site, 2, json!({})).await;
    let strangers = shared.issue(&other).await;
    let of_another = Campaign::open(&site, 1, json!({"concert_id": elsewhere.concert})).await.issue(&customer).await;
    let expiring = Campaign::open(&site, 1, json!({})).await;
    let expired = expiring.issue(&customer).await;
    let soon = Utc::now() - TimeDelta::seconds(1);
    let over = json!({"starts_at": soon - TimeDelta::hours(1), "ends_at": soon, "expires_at": soon});
    site.operator.patch(&expiring.path(""), over).await.ok(200);
    let own = shared.issue(&customer).await;

    let reservation = customer.held(&sale.performance, &[0]).await;
    for (coupon, status, code) in [
        (&*strangers, 404, "coupon_not_found"),
        (&Uuid::nil().to_string(), 404, "coupon_not_found"),
        (&*of_another, 409, "coupon_not_applicable"),
        (&*expired, 410, "coupon_expired"),
    ] {
        let refused = pay_with(&customer, &reservation, coupon).await;
        refused.refused(code);
        assert_eq!(refused.status, status);
    }
    assert_eq!(pay_with(&customer, &reservation, "mine").await.refused("invalid_request")["field"], "coupon_id");
    assert_eq!((customer.balance().await, customer.status_of(&reservation).await), (100_000, "held".to_owned()));
    pay_with(&customer, &reservation, &own).await.ok(201);
    let second = customer.held(&sale.performance, &[1]).await;
    pay_with(&customer, &second, &own).await.refused("coupon_spent");
    assert_eq!(customer.balance().await, 55_000);
    customer.pay(&second).await.ok(201);
}
