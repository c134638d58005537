//! A waiting room in front of a concert.

use onsale_tests::server::Stack;
use serde_json::{Value, json};

use crate::support::{Api, Place, Room, Sale, Site, Watcher, id};

journeys!(
    a_customer_goes_from_the_line_to_a_paid_seat,
    nobody_passes_without_a_pass_of_their_own,
    a_concert_shows_its_room_while_it_has_one,
    a_visit_that_has_ended_is_over_everywhere,
);

const PASS: &str = "X-Queue-Pass";

async fn a_customer_goes_from_the_line_to_a_paid_seat(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let room = Room::before(&site, &sale, json!({})).await;
    let customer = site.visitor.sign_up_with(50_000).await;

    let entered = room.ask(&customer, None).await;
    let first = entered.ok(201);
    assert_eq!(entered.header("cache-control"), "no-store");
    assert_eq!(first["page_url"], format!("/waiting-rooms/{}?token={}", room.id, id(&first, "queue_token")));
    let place = Place::of(&customer, &room, &first);
    let pass = place.pass().await;
    let again = room.ask(&customer, None).await.ok(200);
    assert_eq!((&again["number"], &again["status"]), (&first["number"], &json!("admitted")), "the same place");
    assert_eq!(first["number"], 1);

    let inside = customer.showing(PASS, &pass);
    assert_eq!(inside.get(&format!("{}/seats", sale.path())).await.ok(200)["items"].as_array().unwrap().len(), 20);
    let mut watcher = Watcher::new(&inside, &sale.performance).await;
    assert_eq!(watcher.free().len(), 24);
    let reservation = inside.held(&sale.performance, &[5]).await;
    watcher.until(&[5], false).await;
    let mut events = place.follow().await;
    assert_eq!(events.next().await.unwrap().name, "admitted");
    customer.pay(&reservation).await.ok(201); // needs no pass
    assert_eq!(customer.status_of(&reservation).await, "paid");

    let last = events.next().await.expect("the end of the visit is told");
    assert_eq!((last.name.as_str(), &last.data["status"]), ("status", &json!("finished")));
    assert!(events.next().await.is_none(), "and the stream ends");
    assert_eq!(place.state().await, "finished");
    inside.hold(&sale.performance, &[6]).await.refused("pass_expired");
    for secret in [&place.token, &pass, &place.events_url] {
        let secret = secret.split("ticket=").last().unwrap();
        assert!(!site.server.log().contains(secret), "a secret is in the log");
    }
}

async fn nobody_passes_without_a_pass_of_their_own(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let (customer, other) = (site.visitor.sign_up().await, site.visitor.sign_up().await);
    let mut watching = Watcher::new(&site.visitor, &sale.performance).await;
    let availability = site.visitor.get(&format!("{}/availability", sale.path())).await.ok(200);
    let room = Room::before(&site, &sale, json!({})).await;
    while watching.next().await.is_some() {} // what was open to all ends
    let address = availability["events_url"].as_str().unwrap();
    site.visitor.get(address).await.refused("stream_ticket_invalid");

    for who in [&site.visitor, &customer] {
        refused_everywhere(who, &sale, "pass_required", &room).await;
    }
    assert_eq!(customer.hold(&sale.performance, &[0]).await.refused("pass_required")["waiting_room_id"], room.id);
    let pass = room.enter(&customer).await.pass().await;
    refused_everywhere(&other.showing(PASS, &pass), &sale, "pass_not_yours", &room).await;
    other.showing(PASS, &pass).hold(&sale.performance, &[0]).await.refused("pass_not_yours");
    refused_everywhere(&site.visitor.showing(PASS, &pass), &sale, "pass_required", &room).await;
    let forged = site.visitor.with_token("forged").showing(PASS, &pass);
    refused_everywhere(&forged, &sale, "sign_in_required", &room).await;

    // A pass of one concert is none of another.
    let elsewhere = Sale::open(&site, json!({})).await;
    let its_room = Room::before(&site, &elsewhere, json!({})).await;
    refused_everywhere(&customer.showing(PASS, &pass), &elsewhere, "pass_required", &its_room).await;
    // A concert without a room asks for nothing.
    let open = Sale::open(&site, json!({})).await;
    site.visitor.with_token("forged").get(&format!("{}/availability", open.path())).await.ok(200);
    other.held(&open.performance, &[0]).await;
}

async fn refused_everywhere(who: &Api, sale: &Sale, code: &str, room: &Room) {
    for path in ["availability", "seats"] {
        let problem = who.get(&format!("{}/{path}", sale.path())).await.refused(code);
        if code == "pass_required" {
            assert_eq!(problem["waiting_room_id"], room.id, "{problem}");
        }
    }
}

async fn a_concert_shows_its_room_while_it_has_one(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let shown = async || {
        let concert = site.visitor.get(&format!("/v1/concerts/{}", sale.concert)).await.ok(200);
        let listed = site.visitor.get("/v1/concerts").await.ok(200);
        assert_eq!(listed["items"][0].get("waiting_room_id"), concert.get("waiting_room_id"));
        concert.get("waiting_room_id").cloned()
    };
    assert_eq!(shown().await, None);
    let room = Room::before(&site, &sale, json!({})).await;
    assert_eq!(shown().await, Some(Value::from(room.id.clone())));
    let second = site.operator.post("/v1/waiting-rooms", terms(&sale)).await;
    assert_eq!(second.status, 409);
    second.refused("concert_guarded");

    let closed = site.operator.post(&room.path("/close"), json!({})).await.ok(200);
    assert_eq!(closed["state"], "closed");
    assert_eq!(shown().await, None);
    site.visitor.get(&format!("{}/availability", sale.path())).await.ok(200);
    let next = Room::before(&site, &sale, json!({})).await;
    assert_eq!(shown().await, Some(Value::from(next.id)));
}

fn terms(sale: &Sale) -> Value {
    json!({"name": "Line", "concert_id": sale.concert, "admit": {"count": 1, "every_seconds": 1}})
}

async fn a_visit_that_has_ended_is_over_everywhere(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let room = Room::before(&site, &sale, json!({})).await;
    let (leaving, blocked) = (site.visitor.sign_up().await, site.visitor.sign_up().await);
    let (left, shut_out) = (room.enter(&leaving).await, room.enter(&blocked).await);
    let (leaving, blocked) = (leaving.showing(PASS, &left.pass().await), blocked.showing(PASS, &shut_out.pass().await));
    let mut watching = Watcher::new(&leaving, &sale.performance).await;
    leaving.held(&sale.performance, &[0]).await;
    blocked.held(&sale.performance, &[1]).await;

    left.leave().await;
    left.leave().await; // having left, nothing changes
    while watching.next().await.is_some() {}
    refused_everywhere(&leaving, &sale, "pass_expired", &room).await;
    leaving.hold(&sale.performance, &[2]).await.refused("pass_expired");
    site.operator.put(&room.path(&format!("/blocked/{}", shut_out.visitor))).await.ok(204);
    refused_everywhere(&blocked, &sale, "pass_expired", &room).await;
    blocked.hold(&sale.performance, &[3]).await.refused("pass_expired");
    assert_eq!((left.state().await, shut_out.state().await), ("left".to_owned(), "blocked".to_owned()));
}
