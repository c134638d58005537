//! Redis stops for a while, and is replaced by an empty one.

use std::time::Duration;

use onsale_test_servers::private_redis;
use onsale_tests::server::Stack;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{PAUSE, Pair, all_at, entered, let_in, name, until};
use crate::support::{Answer, Place, Room, Sale, Site, Tenant};

const PASS: &str = "X-Queue-Pass";
/// How long Redis is silent.
const SILENCE: Duration = Duration::from_secs(5);
/// How many stand in the line that is lost.
const VISITORS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_silent_who_is_inside_goes_on_and_afterwards_the_line_does() {
    let redis = private_redis().await;
    let stack = Stack::mysql().await.with("ONSALE_REDIS_URL", redis.url());
    let mut stack = stack.with("ONSALE_HTTP__LIMITS__VISITOR_ENTRIES_PER_MINUTE", "0");
    let site = Site::open(&mut stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let terms = json!({"concert_id": sale.concert, "capacity": 2});
    let room = Room::make(&site.operator, terms).await;
    let buyer = site.visitor.sign_up_with(100_000).await;
    let (looker, newcomer) = (site.visitor.sign_up().await, site.visitor.sign_up().await);
    let (bought, viewed) = (room.enter(&buyer).await, room.enter(&looker).await);
    let buying = buyer.showing(PASS, &bought.pass().await);
    let looking = looker.showing(PASS, &viewed.pass().await);
    let mut places = Vec::new();
    for _ in 0..3 {
        places.push(room.enter(&site.visitor.sign_up().await).await);
    }
    assert_eq!(let_in(&places).await, 0, "the room is full");

    redis.freeze().await.unwrap();
    let goes_on = Instant::now() + SILENCE;
    let availability = format!("{}/availability", sale.path());
    buying.get(&availability).await.ok(200);
    let reservation = buying.held(&sale.performance, &[5, 6]).await;
    buyer.pay(&reservation).await.ok(201);
    assert_eq!(bought.state().await, "finished");
    while Instant::now() < goes_on {
        assert_away(&room.ask(&newcomer, None).await);
        looking.get(&availability).await.ok(200);
        assert_eq!(let_in(&places).await, 0, "nobody is let in unseen");
        sleep(PAUSE).await;
    }
    looking.held(&sale.performance, &[7]).await;
    redis.thaw().await.unwrap();

    until("entering works again", async || room.ask(&newcomer, None).await.status < 300).await;
    let entered = room.ask(&newcomer, None).await.ok(200);
    assert_eq!(entered["number"], 6, "one place, however often it was asked for");
    places.push(Place::of(&newcomer, &room, &entered));
    for (place, behind) in places.iter().zip(1..) {
        place.pass().await;
        assert_eq!(let_in(&places[behind..]).await, 0, "one after the other");
        place.leave().await;
    }
    stack.assert_sound().await;
    redis.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_redis_was_replaced_by_an_empty_one_everybody_keeps_the_order() {
    let Pair { site, other, stack, mut redis } = Pair::open().await;
    let tenant = Tenant::add(&site, "Shop").await;
    let there = tenant.api.at(&other.address);
    let room = Room::paused(&tenant.api, json!({"admit": {"count": 2, "every_seconds": 0.2}})).await;
    let entered = entered(&room, &[tenant.api.clone(), there.clone()], VISITORS).await;
    let (here, elsewhere) = (all_at(&entered, &site.server.address), all_at(&entered, &other.address));
    tenant.api.post(&room.path("/resume"), json!({})).await.ok(200);
    until("the line moves", async || let_in(&here).await >= 4).await;

    redis.kill().await.unwrap();
    for tenant in [&tenant.api, &there] {
        assert_away(&room.ask(tenant, Some("late")).await);
    }
    let before = let_in(&here).await;
    assert!(before < VISITORS, "somebody still waits");
    redis.start().await.unwrap();
    until("everybody is let in", async || let_in(&here).await == VISITORS).await;
    until("everybody is let in", async || let_in(&elsewhere).await == VISITORS).await;
    for (place, number) in elsewhere.iter().zip(1..) {
        let status = place.status().await;
        assert_eq!((&status["status"], &status["number"]), (&json!("admitted"), &json!(number)));
        let again = room.ask(&there, Some(&name(number))).await.ok(200);
        assert_eq!((&again["status"], &again["pass"]), (&json!("admitted"), &status["pass"]), "nobody has two places");
    }

    // Numbers that nobody has may still be let in first.
    let flow = json!({"admit": {"count": 20_000, "every_seconds": 0.1}});
    tenant.api.patch(&room.path(""), flow).await.ok(200);
    let late = room.enter_as(&there, "late").await;
    late.at(&site.server.address).pass().await;
    assert!(late.status().await["number"].as_u64().unwrap() > VISITORS as u64);
    stack.assert_sound().await;
    redis.stop().await.unwrap();
}

/// Somebody is told to come back in a moment.
#[track_caller]
fn assert_away(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(answer.refused("unavailable")["retry_after_ms"].is_u64());
    assert!(!answer.header("retry-after").is_empty());
}
