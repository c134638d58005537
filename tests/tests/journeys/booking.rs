//! From sign-up to a paid seat, and back.

use onsale_tests::server::Stack;
use serde_json::{Value, json};

use crate::support::{Api, Sale, Site, Watcher, id, new_key};

journeys!(
    a_customer_pays_for_seats_and_gives_them_back,
    a_conflict_names_its_seats_and_nothing_is_held,
    a_request_that_names_itself_happens_once,
    a_key_belongs_to_one_request_of_one_customer,
    what_belongs_to_another_is_not_found,
    points_for_nothing_are_given_only_where_that_is_allowed,
);

async fn a_customer_pays_for_seats_and_gives_them_back(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let mut watcher = Watcher::new(&site.visitor, &sale.performance).await;
    assert_eq!(watcher.free().len(), 24);
    let customer = site.visitor.sign_up().await;
    assert_eq!(customer.get("/v1/accounts/me").await.ok(200)["roles"], json!(["customer"]));
    let charged = customer.charge(100_000).await.ok(201);
    assert_eq!((&charged["status"], &charged["balance"]), (&json!("completed"), &json!(100_000)));

    let held = customer.hold(&sale.performance, &[17, 0]).await.ok(201);
    check_hold(&held, &sale);
    watcher.until(&[0, 17], false).await;
    let reservation = id(&held, "reservation_id");
    let paid = customer.pay(&reservation).await.ok(201);
    check_payment(&customer, &paid).await;

    let refunded = customer.refund(&reservation).await.ok(201);
    assert_eq!((&refunded["amount"], &refunded["balance"]), (&json!(80_000), &json!(100_000)));
    assert_eq!(refunded["reservation"]["status"], "refunded");
    watcher.until(&[0, 17], true).await;
    assert_eq!(moved(&customer).await, [("refund", 80_000), ("payment", -80_000), ("charge", 100_000)].map(entry));
    customer.refund(&reservation).await.refused("not_refundable");
}

fn check_hold(held: &Value, sale: &Sale) {
    assert_eq!((&held["status"], &held["amount"], &held["currency"]), (&json!("held"), &json!(80_000), &json!("KRW")));
    assert_eq!((&held["concert_title"], &held["time_zone"]), (&json!("Night of songs"), &json!("Asia/Seoul")));
    let seats: Vec<&Value> = held["items"].as_array().unwrap().iter().map(|item| &item["seat"]).collect();
    let first = json!({"seat_no": 0, "zone": "Ground floor", "row": "A", "number": "1"});
    assert_eq!(seats, [&first, &json!({"seat_no": 17, "zone": "Upper floor", "row": "1", "number": "2"})]);
    assert_eq!(held["items"][1]["category_id"], *sale.categories[1]);
    let moment = |member: &str| chrono::DateTime::parse_from_rfc3339(held[member].as_str().unwrap()).unwrap();
    assert_eq!((moment("held_until") - moment("created_at")).num_seconds(), 300);
}

async fn check_payment(customer: &Api, paid: &Value) {
    let expected = (&json!(80_000), &json!(0), &json!(20_000));
    assert_eq!((&paid["amount"], &paid["discount"], &paid["balance"]), expected);
    let reservation = &paid["reservation"];
    assert_eq!((&reservation["status"], &reservation["payment_id"]), (&json!("paid"), &paid["payment_id"]));
    assert!(reservation["refundable_until"].is_string());
    assert_eq!(
        customer.get(&format!("/v1/reservations/{}", id(reservation, "reservation_id"))).await.ok(200),
        *reservation
    );
    let payment = customer.get(&format!("/v1/payments/{}", id(paid, "payment_id"))).await.ok(200);
    assert_eq!((&payment["amount"], &payment["reservation_id"]), (&json!(80_000), &reservation["reservation_id"]));
    assert_eq!(customer.balance().await, 20_000);
}

/// Kind and amount of each entry, newest first.
async fn moved(customer: &Api) -> Vec<(String, i64)> {
    let entries = customer.get("/v1/points/entries").await.ok(200);
    let entries = entries["items"].as_array().unwrap().iter();
    entries.map(|entry| (id(entry, "kind"), entry["amount"].as_i64().unwrap())).collect()
}

fn entry((kind, amount): (&str, i64)) -> (String, i64) {
    (kind.to_owned(), amount)
}

async fn a_conflict_names_its_seats_and_nothing_is_held(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let (first, second) = (site.visitor.sign_up().await, site.visitor.sign_up().await);
    first.held(&sale.performance, &[3, 4]).await;

    let refused = second.hold(&sale.performance, &[2, 3, 4, 5]).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.refused("seats_taken")["conflicts"], json!([3, 4]));
    assert_eq!(second.get("/v1/reservations").await.ok(200)["items"], json!([]));
    second.held(&sale.performance, &[2, 5]).await;
    first.hold(&sale.performance, &[3]).await.refused("seats_taken"); // one's own as well
}

async fn a_request_that_names_itself_happens_once(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let customer = site.visitor.sign_up().await;
    let (charge, order) = (json!({"amount": 70_000, "method": "test"}), order(&sale, &[1]));
    let (charges, reservations) = ("/v1/points/charges", "/v1/reservations");

    let (first, again) = twice(&customer, charges, &charge).await;
    assert_eq!(first, again);
    let (held, again) = twice(&customer, reservations, &order).await;
    assert_eq!(held, again);
    let payment = format!("/v1/reservations/{}/payment", id(&held, "reservation_id"));
    let (paid, again) = twice(&customer, &payment, &json!({})).await;
    assert_eq!(paid, again);
    assert_eq!(customer.balance().await, 20_000);
    let refund = format!("/v1/reservations/{}/refund", id(&held, "reservation_id"));
    let (refunded, again) = twice(&customer, &refund, &json!({})).await;
    assert_eq!(refunded, again);
    assert_eq!(customer.balance().await, 70_000);
}

/// The answers to a request that is sent twice, the second as a replay.
async fn twice(customer: &Api, path: &str, body: &Value) -> (Value, Value) {
    let key = new_key();
    let first = customer.post_as(&key, path, body.clone()).await;
    let again = customer.post_as(&key, path, body.clone()).await;
    assert!(!first.is_replayed() && again.is_replayed(), "{path}");
    (first.ok(201), again.ok(201))
}

async fn a_key_belongs_to_one_request_of_one_customer(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let (one, other) = (site.visitor.sign_up().await, site.visitor.sign_up().await);
    let path = "/v1/reservations";
    let held = one.post_as("Key-A", path, order(&sale, &[1])).await.ok(201);

    let reused = one.post_as("Key-A", path, order(&sale, &[2])).await;
    assert_eq!(reused.status, 422);
    reused.refused("idempotency_key_reused");
    one.post_as("key-a", path, order(&sale, &[2])).await.ok(201); // another key, and not the same in other letters
    other.post_as("Key-A", path, order(&sale, &[3])).await.ok(201);
    one.post_as("Key-A", "/v1/points/charges", json!({"amount": 1, "method": "test"})).await.ok(201);

    // A refusal moved nothing, so its key may try again.
    other.post_as("retried", path, order(&sale, &[1])).await.refused("seats_taken");
    one.release(&id(&held, "reservation_id")).await.ok(204);
    assert!(!other.post_as("retried", path, order(&sale, &[1])).await.is_replayed());

    // A replay is the answer that was given, whatever has become of it since.
    let replayed = one.post_as("Key-A", path, order(&sale, &[1])).await;
    assert_eq!((replayed.is_replayed(), replayed.ok(201)), (true, held));
}

fn order(sale: &Sale, seats: &[u32]) -> Value {
    json!({"type": "seats", "performance_id": sale.performance, "seats": seats})
}

async fn what_belongs_to_another_is_not_found(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let (owner, other) = (site.visitor.sign_up_with(100_000).await, site.visitor.sign_up_with(100_000).await);
    let (held, kept) = (owner.held(&sale.performance, &[1]).await, owner.held(&sale.performance, &[2]).await);
    let paid = owner.pay(&kept).await.ok(201);
    let charge = id(&owner.charge(5).await.ok(201), "charge_id");

    for path in [
        format!("/v1/reservations/{held}"),
        format!("/v1/payments/{}", id(&paid, "payment_id")),
        format!("/v1/points/charges/{charge}"),
    ] {
        owner.get(&path).await.ok(200);
        assert_eq!(other.get(&path).await.refused("not_found")["status"], 404, "{path}");
    }
    other.release(&held).await.refused("not_found");
    other.pay(&held).await.refused("not_found");
    other.refund(&kept).await.refused("not_found");
    assert_eq!((owner.status_of(&held).await, owner.status_of(&kept).await), ("held".to_owned(), "paid".to_owned()));
    assert_eq!(other.balance().await, 100_000);
}

async fn points_for_nothing_are_given_only_where_that_is_allowed(stack: &mut Stack) {
    stack.unset("ONSALE_CHARGES__TEST");
    let site = Site::open(stack).await;
    let customer = site.visitor.sign_up().await;
    let refused = customer.charge(100).await;
    assert_eq!(refused.status, 403);
    refused.refused("charges_disabled");
    assert_eq!(customer.balance().await, 0);
}
