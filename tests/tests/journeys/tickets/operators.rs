//! What operators decide about tickets, and what is refused by name.

use onsale_tests::server::Stack;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Floor, PRICE};
use crate::support::{Site, id};

journeys!(
    a_capacity_is_changed_down_to_what_is_taken,
    a_price_is_changed_for_those_who_come_later,
    wrong_terms_of_tickets_are_named,
);

async fn a_capacity_is_changed_down_to_what_is_taken(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let floor = Floor::open(&site, 10, json!({})).await;
    let mut watcher = floor.watcher(&site.visitor).await;
    let (customer, other) = (site.visitor.sign_up_with(100_000).await, site.visitor.sign_up().await);
    let paid = floor.held(&customer, 2).await;
    customer.pay(&paid).await.ok(201);
    floor.held(&other, 3).await;
    let before = site.visitor.get(&floor.sale.path()).await;

    let refused = floor.resize(&site, 4).await;
    assert_eq!(refused.status, 409);
    let refused = refused.refused("capacity_below_taken");
    assert_eq!((&refused["taken"], &refused["category_id"]), (&json!(5), &json!(floor.category)));
    assert_eq!(site.visitor.get(&floor.sale.path()).await.text, before.text, "nothing has changed");
    let changed = floor.resize(&site, 5).await.ok(200);
    assert_eq!(changed["categories"][2]["capacity"], 5);
    let after = site.visitor.get_unless(&floor.sale.path(), before.header("etag")).await;
    assert_eq!(after.ok(200), changed);
    watcher.until_left(&floor.category, 0).await;
    floor.hold(&customer, 1).await.refused("sold_out");
    floor.resize(&site, 6).await.ok(200);
    floor.held(&customer, 1).await;
    watcher.until_left(&floor.category, 0).await;
    customer.refund(&paid).await.ok(201);
    watcher.until_left(&floor.category, 2).await;

    let journal = site.operator.get("/v1/operator-actions").await.ok(200);
    let capacity = |line: usize, member: &str| {
        let categories = journal["items"][line][member]["categories"].as_array().unwrap();
        categories.last().unwrap()["kind"].clone()
    };
    for (line, was, is) in [(0, 5, 6), (1, 10, 5)] {
        assert!(capacity(line, "before").to_string().contains(&was.to_string()), "{journal}");
        assert!(capacity(line, "after").to_string().contains(&is.to_string()), "{journal}");
    }
}

async fn a_price_is_changed_for_those_who_come_later(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let floor = Floor::open(&site, 10, json!({})).await;
    let (early, late) = (site.visitor.sign_up_with(100_000).await, site.visitor.sign_up_with(100_000).await);
    let held = floor.held(&early, 2).await;
    let change = json!({"prices": [{"category_id": floor.category, "price": 30_000}]});
    let changed = site.operator.patch(&floor.sale.path(), change).await.ok(200);
    assert_eq!(
        (&changed["categories"][2]["price"], &changed["categories"][2]["capacity"]),
        (&json!(30_000), &json!(10))
    );
    assert_eq!(early.pay(&held).await.ok(201)["amount"], 2 * PRICE);
    assert_eq!(floor.hold(&late, 2).await.ok(201)["amount"], 60_000);
}

async fn wrong_terms_of_tickets_are_named(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let floor = Floor::open(&site, 10, json!({})).await;
    let sale = &floor.sale;
    let changes = [
        ("capacities", json!([{"category_id": floor.category, "capacity": -1}])),
        ("capacities", json!([{"category_id": floor.category, "capacity": 1_000_001}])),
        ("capacities", json!([{"category_id": sale.categories[0], "capacity": 5}])),
        ("capacities", json!([{"category_id": Uuid::nil(), "capacity": 5}])),
        ("capacities", Value::Null),
    ];
    for (member, value) in changes {
        let refused = site.operator.patch(&sale.path(), json!({member: value})).await.refused("invalid_request");
        assert!(refused["field"].as_str().is_some_and(|field| field.starts_with(member)), "{refused}");
    }
    let path = format!("/v1/concerts/{}/performances", sale.concert);
    let tickets = |change: Value| {
        let mut tickets = json!({"name": "Floor", "capacity": 5, "price": 1});
        tickets.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!([tickets])
    };
    let terms = |allotments: Value| {
        let prices: Vec<_> = sale.categories.iter().map(|one| json!({"category_id": one, "price": 1})).collect();
        json!({"starts_at": "2999-01-03T00:00:00Z", "time_zone": "UTC", "currency": "KRW", "prices": prices,
            "sales_open_at": "2020-01-01T00:00:00Z", "sales_close_at": "2999-01-02T00:00:00Z",
            "seating_plan_id": sale.plan, "allotments": allotments})
    };
    let wrong = [
        ("allotments", tickets(json!({"area": 1}))),
        ("allotments", tickets(json!({"capacity": 1_000_001}))),
        ("allotments", tickets(json!({"capacity": -1}))),
        ("allotments", tickets(json!({"price": -1}))),
        ("allotments", tickets(json!({"name": ""}))),
        ("allotments", Value::Array(vec![tickets(json!({}))[0].clone(); 101])),
        ("name", json!([{"capacity": 5, "price": 1}])),
    ];
    for (field, allotments) in wrong {
        let refused = site.operator.post(&path, terms(allotments)).await.refused("invalid_request");
        assert!(refused["field"].as_str().is_some_and(|named| named.starts_with(field)), "{refused}");
    }
    let mut nothing = terms(json!([]));
    nothing.as_object_mut().unwrap().retain(|member, _| member != "seating_plan_id" && member != "prices");
    assert_eq!(site.operator.post(&path, nothing).await.refused("invalid_request")["field"], "allotments");
    let of_tickets = json!([{"category_id": floor.category, "price": 1}]);
    let mut priced = terms(tickets(json!({})));
    priced["prices"].as_array_mut().unwrap().extend(of_tickets.as_array().unwrap().clone());
    let refused = site.operator.post(&path, priced).await.refused("invalid_request");
    assert_eq!(refused["field"], "prices", "another performance's tickets are none of its seats");
    let made = site.operator.post(&path, terms(tickets(json!({"area": 0})))).await.ok(201);
    assert_ne!(id(&made["categories"][2], "category_id"), floor.category);
}
