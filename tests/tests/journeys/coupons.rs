//! Coupons over HTTP: issued, spent, given back, exported, and refused.

mod crowd;
mod refusals;

use chrono::{TimeDelta, Utc};
use onsale_tests::server::Stack;
use serde_json::{Value, json};

use crate::support::{Answer, Api, Sale, Site, id, new_key};

journeys!(a_coupon_is_issued_spent_given_back_and_spent_again, operators_see_and_export_who_has_a_coupon);

/// A coupon campaign.
pub(crate) struct Campaign {
    pub(crate) id: String,
}

impl Campaign {
    /// Adds an open campaign of coupons of 5,000 on terms that differ as `terms` says.
    pub(crate) async fn open(site: &Site, total: u32, terms: Value) -> Self {
        let mut body = usual_terms(total);
        body.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        let made = site.operator.post("/v1/coupon-campaigns", body).await.ok(201);
        Self { id: id(&made, "coupon_campaign_id") }
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v1/coupon-campaigns/{}{rest}", self.id)
    }

    /// Asks for a coupon.
    pub(crate) async fn ask(&self, customer: &Api) -> Answer {
        customer.post(&self.path("/coupons"), json!({})).await
    }

    /// The id of a coupon that is issued.
    pub(crate) async fn issue(&self, customer: &Api) -> String {
        id(&self.ask(customer).await.ok(201), "coupon_id")
    }
}

pub(crate) fn usual_terms(total: u32) -> Value {
    let now = Utc::now();
    json!({
        "name": "=First come",
        "total": total,
        "discount": {"type": "amount", "amount": 5_000},
        "starts_at": now - TimeDelta::minutes(1),
        "ends_at": now + TimeDelta::days(1),
    })
}

/// Pays with a coupon.
pub(crate) async fn pay_with(customer: &Api, reservation: &str, coupon: &str) -> Answer {
    let path = format!("/v1/reservations/{reservation}/payment");
    customer.post_as(&new_key(), &path, json!({"coupon_id": coupon})).await
}

async fn a_coupon_is_issued_spent_given_back_and_spent_again(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let campaign = Campaign::open(&site, 2, json!({"concert_id": sale.concert})).await;
    let customer = site.visitor.sign_up_with(100_000).await;
    let shown = site.visitor.get(&campaign.path("")).await.ok(200);
    assert_eq!((&shown["state"], &shown["left"], &shown["total"]), (&json!("open"), &json!(2), &json!(2)));
    assert_eq!((&shown["discount"], &shown["currency"]), (&json!({"type": "amount", "amount": 5_000}), &json!("KRW")));

    let key = new_key();
    let first = customer.post_as(&key, &campaign.path("/coupons"), json!({})).await;
    let again = customer.post_as(&key, &campaign.path("/coupons"), json!({})).await;
    assert_eq!(first.ok(201), again.ok(201));
    assert_eq!((first.is_replayed(), again.is_replayed()), (false, true));
    assert_eq!(first.json()["currency"], "KRW");
    let coupon = id(&first.json(), "coupon_id");
    assert_eq!(campaign.ask(&customer).await.refused("already_issued")["coupon_id"], coupon);
    let own = customer.get("/v1/coupons").await.ok(200);
    assert_eq!(own["items"], json!([first.json()]));

    for _ in 0..2 {
        let reservation = customer.held(&sale.performance, &[0]).await;
        let paid = pay_with(&customer, &reservation, &coupon).await.ok(201);
        assert_eq!((&paid["amount"], &paid["discount"]), (&json!(45_000), &json!(5_000)));
        assert_eq!((&paid["balance"], &paid["coupon_id"]), (&json!(55_000), &json!(coupon)));
        assert_eq!(paid["reservation"]["amount"], 50_000, "the price stays what it was");
        let payment = customer.get(&format!("/v1/payments/{}", id(&paid, "payment_id"))).await.ok(200);
        assert_eq!((&payment["discount"], &payment["coupon_id"]), (&json!(5_000), &json!(coupon)));
        let spent = &customer.get("/v1/coupons").await.ok(200)["items"][0];
        assert_eq!((&spent["status"], &spent["payment_id"]), (&json!("spent"), &paid["payment_id"]));

        let refund = customer.refund(&reservation).await.ok(201);
        assert_eq!((&refund["amount"], &refund["coupon_id"]), (&json!(45_000), &json!(coupon)));
        let back = &customer.get("/v1/coupons").await.ok(200)["items"][0];
        assert_eq!((&back["status"], customer.balance().await), (&json!("usable"), 100_000));
    }
}

async fn operators_see_and_export_who_has_a_coupon(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let campaign = Campaign::open(&site, 3, json!({"discount": {"type": "percent", "percent": 10}})).await;
    let mut coupons = Vec::new();
    for _ in 0..3 {
        coupons.push(campaign.issue(&site.visitor.sign_up().await).await);
    }
    let listed = site.operator.get("/v1/coupon-campaigns").await.ok(200);
    assert_eq!(listed["items"][0]["coupon_campaign_id"], campaign.id);
    let first = site.operator.get(&campaign.path("/coupons?limit=2")).await.ok(200);
    let next = campaign.path(&format!("/coupons?limit=2&cursor={}", id(&first, "next_cursor")));
    let second = site.operator.get(&next).await.ok(200);
    assert!(second.get("next_cursor").is_none());
    let seen = [&first["items"], &second["items"]].map(|items| items.as_array().unwrap().clone()).concat();
    assert_eq!(seen.iter().map(|coupon| id(coupon, "coupon_id")).collect::<Vec<_>>(), coupons);

    let file = site.operator.get(&campaign.path("/coupons.csv")).await;
    assert_eq!((file.status, file.media_type()), (200, "text/csv"));
    assert!(file.header("content-disposition").contains(&campaign.id));
    let rows: Vec<&str> = file.text.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 4, "{}", file.text);
    assert!(rows[0].starts_with("coupon_id,campaign,account_id,email,name,status"));
    for (row, coupon) in rows[1..].iter().zip(&coupons) {
        assert!(row.starts_with(&format!("{coupon},'=First come,")), "no cell is a formula: {row}");
        assert!(row.contains("@example.com,Customer,usable,"), "{row}");
    }
    let journal = site.operator.get("/v1/operator-actions").await.ok(200);
    assert_eq!(journal["items"][0]["kind"], "coupon_campaign_created");
}
