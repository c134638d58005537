//! A server that keeps its lines in memory is killed, and started again.

use onsale_tests::server::Stack;
use serde_json::json;

use super::{all_at, entered, let_in, name, until};
use crate::support::{Place, Room, Site, Tenant};

const VISITORS: usize = 12;
const CAPACITY: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_and_started_again_a_server_lets_everybody_in_in_the_order_of_their_tokens() {
    let mut stack = Stack::embedded();
    let mut site = Site::open(&mut stack).await;
    let tenant = Tenant::add(&site, "Shop").await;
    let flow = json!({"capacity": CAPACITY, "admit": {"count": 2, "every_seconds": 0.1}});
    let room = Room::paused(&tenant.api, flow).await;
    let mut places = entered(&room, std::slice::from_ref(&tenant.api), VISITORS).await;
    tenant.api.post(&room.path("/resume"), json!({})).await.ok(200);
    for done in (0..VISITORS).step_by(CAPACITY) {
        let full = done + CAPACITY;
        until("the room is full", async || let_in(&places).await == full).await;
        site.server.kill().await;
        site = Site::reopen(&stack).await;
        places = all_at(&places, &site.server.address);
        let tenant = tenant.api.at(&site.server.address);

        assert_eq!(room.seen(&tenant).await["alive"], CAPACITY);
        let again = room.ask(&tenant, Some(&name(full))).await.ok(200);
        assert_eq!((&again["number"], &again["status"]), (&json!(full), &json!("admitted")));
        for place in &places[done..full] {
            assert_eq!(place.state().await, "admitted", "who was inside still is");
            place.leave().await;
        }
        // Those at the back are seen again first, and come in no sooner for that.
        let next = (full + CAPACITY).min(VISITORS);
        until("the next are let in", async || {
            states(&places[VISITORS - CAPACITY..]).await;
            room.seen(&tenant).await["serving"].as_u64() >= u64::try_from(next).ok()
        })
        .await;
        assert!(let_in(&places).await <= next, "more are inside than may be");
        for (place, number) in places.iter().zip(1..) {
            assert_eq!(place.status().await["number"], number, "the place that the token states");
        }
    }
    let states = states(&places).await;
    assert!(states.iter().all(|state| state == "left"), "{states:?}");
    stack.assert_sound().await;
}

async fn states(places: &[Place]) -> Vec<String> {
    let mut states = Vec::new();
    for place in places {
        states.push(place.state().await);
    }
    states
}
