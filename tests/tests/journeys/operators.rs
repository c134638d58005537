//! Putting concerts on sale and changing them.

use std::time::Duration;

use onsale_sql::{Database, DatabaseSettings, Statement};
use onsale_tests::server::Stack;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Api, HALL, Sale, Site, id, plan_file, until};

/// The pause between two looks at what is under way.
const PAUSE: Duration = Duration::from_millis(2);

journeys!(
    a_concert_is_put_on_sale_and_changed_and_visitors_see_it_at_once,
    a_change_is_written_down_with_before_and_after,
    a_pause_stops_holds_and_nothing_else,
    what_is_cancelled_is_given_back_and_stays_cancelled,
    wrong_terms_are_named,
    prices_are_in_the_currency_of_points,
);

async fn a_concert_is_put_on_sale_and_changed_and_visitors_see_it_at_once(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(
        &site,
        json!({"sales_open_at": "2999-01-01T00:00:00Z", "sales_close_at": "2999-01-02T00:00:00Z",
        "starts_at": "2999-01-03T00:00:00Z"}),
    )
    .await;
    let (concert, performance) = (format!("/v1/concerts/{}", sale.concert), sale.path());
    let before = site.visitor.get(&performance).await;
    assert_eq!(before.ok(200)["state"], "announced");
    assert_eq!(before.header("cache-control"), "public, max-age=1");
    let etag = before.header("etag");
    let known = site.visitor.get_unless(&performance, etag).await;
    assert_eq!((known.status, known.text.as_str(), known.header("etag")), (304, "", etag));

    let change =
        json!({"sales_open_at": "2000-01-01T00:00:00Z", "prices": [{"category_id": sale.categories[0], "price": 1}]});
    let changed = site.operator.patch(&performance, change).await.ok(200);
    assert_eq!(changed["state"], "on_sale");
    let after = site.visitor.get_unless(&performance, etag).await;
    assert_eq!(after.ok(200), changed);
    assert_ne!(after.header("etag"), etag);
    assert_eq!(after.json()["categories"][0]["price"], 1);

    let described =
        site.operator.patch(&concert, json!({"description": "One night", "venue": "Big hall"})).await.ok(200);
    assert_eq!(site.visitor.get(&concert).await.ok(200), described);
    assert_eq!(described["performances"][0]["from_price"], 1);
    let cleared = site.operator.patch(&concert, json!({"description": null})).await.ok(200);
    assert!(cleared.get("description").is_none(), "{cleared}");
    let listed = site.visitor.get("/v1/concerts").await.ok(200);
    assert_eq!((&listed["items"][0]["venue"], listed["items"][0].get("description")), (&json!("Big hall"), None));
}

async fn a_change_is_written_down_with_before_and_after(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    site.operator.patch(&format!("/v1/concerts/{}", sale.concert), json!({"title": "Day of songs"})).await.ok(200);
    site.operator.patch(&sale.path(), json!({"state": "paused"})).await.ok(200);

    let me = id(&site.operator.get("/v1/accounts/me").await.ok(200), "account_id");
    let journal = site.operator.get("/v1/operator-actions").await.ok(200);
    let lines = journal["items"].as_array().unwrap();
    let told: Vec<(String, String)> = lines.iter().map(|line| (id(line, "kind"), id(line, "subject_id"))).collect();
    let expected = [
        ("performance_changed", &sale.performance),
        ("concert_changed", &sale.concert),
        ("performance_created", &sale.performance),
        ("concert_created", &sale.concert),
        ("seating_plan_created", &sale.plan),
    ];
    assert_eq!(told, expected.map(|(kind, subject)| (kind.to_owned(), subject.clone())));
    assert!(lines.iter().all(|line| line["operator_id"] == *me), "{journal}");
    let titles = (&lines[1]["before"]["title"], &lines[1]["after"]["title"]);
    assert_eq!(titles, (&json!("Night of songs"), &json!("Day of songs")));
    assert!(lines[3].get("before").is_none());
}

async fn a_pause_stops_holds_and_nothing_else(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let customer = site.visitor.sign_up_with(500_000).await;
    let (held, paid) = (customer.held(&sale.performance, &[0]).await, customer.held(&sale.performance, &[1]).await);
    customer.pay(&paid).await.ok(201);

    site.operator.patch(&sale.path(), json!({"state": "paused"})).await.ok(200);
    assert_eq!(site.visitor.get(&sale.path()).await.ok(200)["state"], "paused");
    let refused = customer.hold(&sale.performance, &[2]).await;
    assert_eq!(refused.status, 409);
    refused.refused("not_on_sale");
    customer.pay(&held).await.ok(201);
    customer.refund(&paid).await.ok(201);

    site.operator.patch(&sale.path(), json!({"state": "on_sale"})).await.ok(200);
    customer.held(&sale.performance, &[2]).await;
}

async fn what_is_cancelled_is_given_back_and_stays_cancelled(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({"refundable_until": "2001-01-01T00:00:00Z"})).await;
    let customer = site.visitor.sign_up_with(100_000).await;
    let (held, paid) = (customer.held(&sale.performance, &[0]).await, customer.held(&sale.performance, &[1]).await);
    customer.pay(&paid).await.ok(201);
    customer.refund(&paid).await.refused("not_refundable");

    site.operator.patch(&sale.path(), json!({"state": "cancelled"})).await.ok(200);
    customer.pay(&held).await.refused("not_on_sale");
    customer.hold(&sale.performance, &[2]).await.refused("not_on_sale");
    customer.refund(&paid).await.ok(201);
    assert_eq!(customer.balance().await, 100_000);
    let back = site.operator.patch(&sale.path(), json!({"state": "on_sale"})).await;
    assert_eq!(back.status, 409);
    back.refused("performance_cancelled");
}

async fn wrong_terms_are_named(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let refused = async |member: &str, value: Value| {
        let refused = site.operator.patch(&sale.path(), json!({member: value})).await.refused("invalid_request");
        assert!(refused["field"].as_str().is_some_and(|field| field.starts_with(member)), "{refused}");
    };
    refused("hold_seconds", json!(0)).await;
    refused("max_seats_per_customer", json!(51)).await;
    refused("time_zone", json!("Seoul")).await;
    refused("starts_at", json!("soon")).await;
    refused("state", json!("sold_out")).await;
    refused("venue", Value::Null).await;
    refused("sales_close_at", json!("2000-01-01T00:00:00Z")).await;
    refused("prices", json!([{"category_id": sale.categories[0], "price": -1}])).await;
    refused("prices", json!([{"category_id": sale.concert, "price": 1}])).await;

    let plan = site.operator.post("/v1/seating-plans", plan_file(HALL)).await.ok(201);
    let terms = json!({"seating_plan_id": id(&plan, "seating_plan_id"), "starts_at": "2030-01-01T00:00:00Z",
        "time_zone": "UTC", "sales_open_at": "2029-01-01T00:00:00Z", "sales_close_at": "2030-01-01T00:00:00Z",
        "currency": "KRW", "prices": [{"category_id": plan["categories"][0]["category_id"], "price": 1}]});
    let path = format!("/v1/concerts/{}/performances", sale.concert);
    assert_eq!(site.operator.post(&path, terms.clone()).await.refused("invalid_request")["field"], "prices");
    let nowhere = format!("/v1/concerts/{}/performances", sale.performance);
    site.operator.post(&nowhere, terms).await.refused("not_found");
    site.operator.patch(&format!("/v1/performances/{}", sale.concert), json!({})).await.refused("not_found");
}

async fn prices_are_in_the_currency_of_points(stack: &mut Stack) {
    stack.set("ONSALE_CURRENCY", "EUR");
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({"currency": "EUR"})).await;
    let prices = [0, 1].map(|no: usize| json!({"category_id": sale.categories[no], "price": 1}));
    let terms = |currency: &str| {
        json!({"seating_plan_id": sale.plan, "starts_at": "2030-01-01T00:00:00Z", "time_zone": "UTC",
            "sales_open_at": "2029-01-01T00:00:00Z", "sales_close_at": "2030-01-01T00:00:00Z", "currency": currency,
            "prices": prices})
    };
    let path = format!("/v1/concerts/{}/performances", sale.concert);
    let refused = site.operator.post(&path, terms("KRW")).await;
    assert_eq!((refused.status, &refused.refused("invalid_request")["field"]), (400, &json!("currency")));
    site.operator.post(&path, terms("EUR")).await.ok(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_performance_is_laid_out_though_nobody_waits_for_it() {
    let mut stack = Stack::embedded();
    let site = Site::open(&mut stack).await;
    let sale = Sale::of(&site, &site.operator.post("/v1/seating-plans", large_plan()).await.ok(201), json!({})).await;
    let (plan, category) = (&sale.plan, &sale.categories[0]);
    let terms = json!({"seating_plan_id": plan, "starts_at": "2030-01-01T00:00:00Z", "time_zone": "UTC",
        "sales_open_at": "2029-01-01T00:00:00Z", "sales_close_at": "2030-01-01T00:00:00Z", "currency": "KRW",
        "prices": [{"category_id": category, "price": 1}]});
    let file = stack.data_folder().join("onsale.sqlite");
    let database = Database::connect(&DatabaseSettings::new(format!("sqlite:{}", file.display()))).await.unwrap();
    let path = format!("/v1/concerts/{}/performances", sale.concert);
    tokio::select! {
        answer = site.operator.post(&path, terms) => panic!("laid out before its caller could leave: {}", answer.text),
        () = until_one_is_preparing(&database) => {}
    }
    let performances = async || {
        let concert = site.visitor.get(&format!("/v1/concerts/{}", sale.concert)).await.ok(200);
        concert["performances"].as_array().unwrap().len()
    };
    until("the performance was not abandoned", async || performances().await == 2).await;
}

async fn until_one_is_preparing(database: &Database) {
    let preparing = || Statement::new("SELECT 1 FROM performances WHERE status = 'preparing'");
    while database.fetch_all(preparing()).await.unwrap().is_empty() {
        sleep(PAUSE).await;
    }
}

/// 100 rows of 500 seats.
fn large_plan() -> Value {
    let seat = |row: u32, number: u32| json!({"seat_guid": format!("{row}-{number}"), "category": "Field"});
    let row = |row: u32| json!({"seats": (0..500).map(|number| seat(row, number)).collect::<Vec<_>>()});
    let rows: Vec<Value> = (0..100).map(row).collect();
    json!({"name": "Field", "categories": [{"name": "Field"}], "zones": [{"name": "Field", "rows": rows}]})
}

#[tokio::test]
async fn commits_are_measured() {
    let mut stack = Stack::embedded();
    let site = Site::open(&mut stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let customer = site.visitor.sign_up_with(50_000).await;
    customer.held(&sale.performance, &[0]).await;
    let metrics = Api::new(&site.server.admin).get("/metrics").await.text;
    for lane in ["sale", "charge"] {
        let count = format!("onsale_lane_commit_seconds_count{{lane=\"{lane}\"}} 1");
        assert!(metrics.contains(&count), "{count} is missing in {metrics}");
    }
}

#[tokio::test]
async fn an_audit_where_nothing_is_makes_nothing() {
    let stack = Stack::embedded();
    let complaint = stack.fail(&["audit"]).await;
    assert!(complaint.contains("there is no database") && complaint.contains("onsale.sqlite"), "{complaint}");
    assert!(!stack.data_folder().exists());
}
