//! "Two together, please": the best free seats over HTTP.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use onsale_tests::server::Stack;
use serde_json::{Value, json};

use crate::support::{Answer, Api, Sale, Site, id, new_key, stalls};

journeys!(a_customer_gets_the_best_seats_beside_one_another, what_cannot_be_had_is_refused_and_takes_nothing,);

/// A hall of so many rows of so many seats on sale.
pub(crate) async fn open(site: &Site, rows: u32, seats: u32) -> Sale {
    let plan = site.operator.post("/v1/seating-plans", stalls(rows, seats)).await.ok(201);
    Sale::of(site, &plan, json!({"max_seats_per_customer": 10})).await
}

fn wish(sale: &Sale, quantity: impl Into<Value>) -> Value {
    json!({
        "type": "best_available",
        "performance_id": sale.performance,
        "category_id": sale.categories[0],
        "quantity": quantity.into(),
    })
}

/// Asks for the best of them.
pub(crate) async fn ask(customer: &Api, sale: &Sale, quantity: u32) -> Answer {
    customer.post("/v1/reservations", wish(sale, quantity)).await
}

fn seats(reservation: &Value) -> Vec<u64> {
    let items = reservation["items"].as_array().unwrap();
    items.iter().map(|item| item["seat"]["seat_no"].as_u64().unwrap()).collect()
}

async fn a_customer_gets_the_best_seats_beside_one_another(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = open(&site, 3, 10).await;
    let customer = site.visitor.sign_up_with(300_000).await;
    let key = new_key();
    let first = customer.post_as(&key, "/v1/reservations", wish(&sale, json!(2))).await;
    let again = customer.post_as(&key, "/v1/reservations", wish(&sale, json!(2))).await;
    assert_eq!((first.ok(201), again.is_replayed()), (again.ok(201), true));
    let reservation = first.ok(201);
    assert_eq!((seats(&reservation), &reservation["amount"]), (vec![4, 5], &json!(100_000)));
    assert_eq!(reservation["items"][0]["seat"]["row"], "0");
    customer.post_as(&key, "/v1/reservations", wish(&sale, json!(3))).await.refused("idempotency_key_reused");
    customer.pay(&id(&reservation, "reservation_id")).await.ok(201);
    assert_eq!(seats(&ask(&customer, &sale, 2).await.ok(201)), [14, 15]);
    customer.refund(&id(&reservation, "reservation_id")).await.ok(201);
    assert_eq!(seats(&ask(&site.visitor.sign_up().await, &sale, 4).await.ok(201)), [3, 4, 5, 6]);
}

async fn what_cannot_be_had_is_refused_and_takes_nothing(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = open(&site, 2, 10).await;
    let customer = site.visitor.sign_up().await;
    for quantity in [json!(0), json!(-1), json!("2"), json!(null)] {
        let refused = customer.post("/v1/reservations", wish(&sale, quantity.clone())).await;
        refused.refused("invalid_request");
        assert_eq!(refused.status, 400, "{quantity}");
    }
    for quantity in [11, 51, u32::MAX] {
        let refused = ask(&customer, &sale, quantity).await;
        assert_eq!((refused.status, &refused.refused("too_many_seats")["limit"]), (422, &json!(10)));
    }
    let mut elsewhere = wish(&sale, json!(1));
    elsewhere["category_id"] = sale.performance.clone().into();
    let refused = customer.post("/v1/reservations", elsewhere.clone()).await;
    assert_eq!(refused.refused("invalid_request")["field"], "category_id");
    elsewhere["performance_id"] = sale.categories[0].clone().into();
    customer.post("/v1/reservations", elsewhere).await.refused("not_found");
    site.visitor.post("/v1/reservations", wish(&sale, json!(1))).await.refused("sign_in_required");

    let others = join_all((0..2).map(|_| site.visitor.sign_up())).await;
    others[0].held(&sale.performance, &[4]).await;
    assert_eq!(seats(&ask(&others[1], &sale, 10).await.ok(201)), (10..20).collect::<Vec<_>>());
    let refused = ask(&customer, &sale, 6).await;
    assert_eq!((refused.status, &refused.refused("no_adjacent_seats")["largest_block"]), (409, &json!(5)));
    assert_eq!(seats(&ask(&customer, &sale, 5).await.ok(201)), (5..10).collect::<Vec<_>>());
    assert_eq!(seats(&ask(&customer, &sale, 4).await.ok(201)), (0..4).collect::<Vec<_>>());
    ask(&others[0], &sale, 1).await.refused("sold_out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_at_two_servers_gets_other_seats_until_none_is_left() {
    let mut stack = Stack::mysql().await;
    let site = Site::open(&mut stack).await;
    let other = stack.serve().await;
    let sale = open(&site, 6, 10).await;
    let addresses = [&site.server.address, &other.address];
    let crowd = join_all((0..30).map(|_| site.visitor.sign_up())).await;
    let asked = crowd.iter().zip(addresses.iter().cycle());
    let answers = join_all(asked.map(async |(customer, address)| ask(&customer.at(address), &sale, 2).await)).await;
    let mut taken = BTreeSet::new();
    for answer in &answers {
        let seats = seats(&answer.ok(201));
        assert!(seats[0] + 1 == seats[1] && seats[0] / 10 == seats[1] / 10, "{seats:?}");
        assert!(seats.into_iter().all(|no| taken.insert(no)));
    }
    assert_eq!(taken.len(), 60);
    ask(&site.visitor.sign_up().await, &sale, 1).await.refused("sold_out");
    stack.assert_sound().await;
}
