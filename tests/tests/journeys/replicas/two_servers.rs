//! Two servers are one waiting room.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::{Pair, until};
use crate::support::{Room, Sale};

const PASS: &str = "X-Queue-Pass";
/// Within a second an ending is known everywhere; the rest is what a busy machine may add.
const EVERYWHERE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn let_in_through_one_server_a_visitor_books_on_the_other() {
    let Pair { site, other, stack, redis } = Pair::open().await;
    let sale = Sale::open(&site, json!({})).await;
    let room = Room::paused(&site.operator, json!({"concert_id": sale.concert})).await;
    let customer = site.visitor.sign_up_with(50_000).await;
    let place = room.enter(&customer).await;
    let elsewhere = place.at(&other.address);
    assert_eq!((place.state().await, elsewhere.state().await), ("waiting".to_owned(), "waiting".to_owned()));

    let let_in = room.admit(&site.operator.at(&other.address), json!({"count": 1})).await;
    assert_eq!(let_in, json!({"requested": 1, "admitted": 1}));
    let pass = place.pass().await;
    assert_eq!(elsewhere.status().await["pass"], pass, "the same pass, whoever signs it");
    let inside = customer.showing(PASS, &pass);
    inside.get(&format!("{}/availability", sale.path())).await.ok(200);
    let reservation = inside.held(&sale.performance, &[5]).await;
    customer.pay(&reservation).await.ok(201);

    let there = inside.at(&other.address);
    there.hold(&sale.performance, &[6]).await.refused("pass_expired");
    let over = until("the visit is over there", async || elsewhere.state().await == "finished");
    timeout(EVERYWHERE, over).await.expect("it ends everywhere");
    there.get(&format!("{}/availability", sale.path())).await.refused("pass_expired");
    assert_eq!(
        (place.state().await, customer.at(&other.address).status_of(&reservation).await),
        ("finished".to_owned(), "paid".to_owned())
    );
    stack.assert_sound().await;
    redis.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schedule_is_kept_once_by_both_and_an_ending_is_known_to_both() {
    let Pair { site, other, stack, redis } = Pair::open().await;
    let sale = Sale::open(&site, json!({})).await;
    let terms = json!({"concert_id": sale.concert, "capacity": 1});
    let room = Room::paused(&site.operator, terms).await;
    let (first, second) = (site.visitor.sign_up().await, site.visitor.sign_up_with(50_000).await);
    let (one, two) = (room.enter(&first.at(&other.address)).await, room.enter(&second).await);
    site.operator.at(&other.address).post(&room.path("/resume"), json!({})).await.ok(200);
    let pass = one.at(&site.server.address).pass().await;
    let inside = first.at(&other.address).showing(PASS, &pass);
    inside.get(&format!("{}/availability", sale.path())).await.ok(200);
    assert_eq!(two.state().await, "waiting", "one server lets nobody in beside the other");
    assert_eq!(room.seen(&site.operator).await["alive"], 1);

    one.at(&site.server.address).leave().await;
    inside.hold(&sale.performance, &[0]).await.refused("pass_expired");
    let over = until("the visit is over there", async || one.state().await == "left");
    timeout(EVERYWHERE, over).await.expect("it ends everywhere");
    let pass = two.pass().await;
    let inside = second.at(&other.address).showing(PASS, &pass);
    let reservation = inside.held(&sale.performance, &[0]).await;
    second.pay(&reservation).await.ok(201);
    stack.assert_sound().await;
    redis.stop().await.unwrap();
}
