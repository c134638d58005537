//! What is free, and hearing of it as it changes.

use std::collections::BTreeSet;

use onsale_tests::server::Stack;
use serde_json::json;

use crate::support::{Sale, Site, Watcher, id};

journeys!(
    a_seat_is_free_the_moment_its_hold_ends_and_watchers_hear_of_it,
    a_stream_tells_everything_once,
    a_ticket_opens_one_stream,
    seats_are_listed_as_they_are,
);

async fn a_seat_is_free_the_moment_its_hold_ends_and_watchers_hear_of_it(stack: &mut Stack) {
    // So long that whoever hears of the end has not heard it from a sweep.
    stack.set("ONSALE_HOLDS__SWEEP_SECONDS", "3600");
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({"hold_seconds": 3})).await;
    let mut watcher = Watcher::new(&site.visitor, &sale.performance).await;
    let (late, next) = (site.visitor.sign_up_with(50_000).await, site.visitor.sign_up().await);

    let reservation = late.held(&sale.performance, &[7]).await;
    watcher.until(&[7], false).await;
    watcher.until(&[7], true).await;
    let too_late = late.pay(&reservation).await;
    assert_eq!(too_late.status, 410);
    too_late.refused("hold_expired");
    assert_eq!((late.status_of(&reservation).await, late.balance().await), ("expired".to_owned(), 50_000));
    next.held(&sale.performance, &[7]).await;
    late.release(&reservation).await.ok(204); // it has ended: nothing of another's is given back
    next.hold(&sale.performance, &[7]).await.refused("seats_taken");
}

async fn a_stream_tells_everything_once(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let (one, other) = (site.visitor.sign_up_with(500_000).await, site.visitor.sign_up().await);
    let mut early = Watcher::new(&site.visitor, &sale.performance).await;
    let first = one.held(&sale.performance, &[0, 1]).await;
    early.until(&[0, 1], false).await;

    let mut late = Watcher::new(&site.visitor, &sale.performance).await;
    let second = other.held(&sale.performance, &[8]).await;
    one.pay(&first).await.ok(201);
    one.refund(&first).await.ok(201);
    other.release(&second).await.ok(204);
    other.held(&sale.performance, &[23]).await;
    for watcher in [&mut early, &mut late] {
        watcher.until(&[23], false).await;
        watcher.until(&[0, 1, 8], true).await;
        assert_eq!(*watcher.free(), (0..23).collect::<BTreeSet<u64>>());
    }
}

async fn a_ticket_opens_one_stream(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let (sale, another) = (Sale::open(&site, json!({})).await, Sale::open(&site, json!({})).await);
    let availability = site.visitor.get(&format!("{}/availability", sale.path())).await.ok(200);
    let (_, ticket) = id(&availability, "events_url")
        .split_once("ticket=")
        .map(|(path, ticket)| (path.to_owned(), ticket.to_owned()))
        .unwrap();

    let elsewhere = site.visitor.get(&format!("{}/availability/events?ticket={ticket}", another.path())).await;
    assert_eq!(elsewhere.status, 401);
    elsewhere.refused("stream_ticket_invalid");
    site.visitor
        .get(&format!("{}/availability/events?ticket=made-up", sale.path()))
        .await
        .refused("stream_ticket_invalid");
    let without = site.visitor.get(&format!("{}/availability/events", sale.path())).await.refused("invalid_request");
    assert_eq!(without["field"], "ticket");
    assert!(!site.server.log().contains(&ticket), "a ticket is a secret");
}

async fn seats_are_listed_as_they_are(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let mut watcher = Watcher::new(&site.visitor, &sale.performance).await;
    let customer = site.visitor.sign_up().await;
    customer.held(&sale.performance, &[16]).await;
    watcher.until(&[16], false).await;

    let seats = async |query: &str| {
        let page = site.visitor.get(&format!("{}/seats?{query}", sale.path())).await.ok(200);
        page["items"].as_array().unwrap().clone()
    };
    let taken = seats("status=taken").await;
    assert_eq!(taken.len(), 1);
    assert_eq!((&taken[0]["seat_guid"], &taken[0]["price"]), (&json!("B-1-1"), &json!(30_000)));
    assert_eq!((&taken[0]["x"], &taken[0]["y"]), (&json!(52.5), &json!(300.0)), "zone, row and seat added up");
    assert_eq!(seats("zone=Upper%20floor&status=free").await.len(), 7);
    assert_eq!(seats(&format!("category_id={}&limit=1000", sale.categories[0])).await.len(), 16);
}
