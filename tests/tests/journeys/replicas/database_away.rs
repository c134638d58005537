//! The database goes away: the line pauses and says so.

use onsale_test_servers::{mysql, private_mysql, private_redis};
use onsale_tests::server::Stack;
use serde_json::json;

use super::wire::Wire;
use super::{entered, let_in, until};
use crate::support::{Answer, Room, Site, Tenant};

/// How many stand in line: more than are let in before the database is gone.
const VISITORS: usize = 20;
/// After what the database falls silent: when a tick was committed, and when somebody begins to read.
const SILENCES: [&str; 2] = ["COMMIT", "READ ONLY"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_database_nobody_is_let_in_and_afterwards_the_line_goes_on() {
    let (mut mysql, redis) = (private_mysql().await, private_redis().await);
    let database = mysql.fresh_database().await;
    let stack = Stack::on(database.url()).with("ONSALE_REDIS_URL", redis.url());
    let mut stack = stack.with("ONSALE_DATABASE__ACQUIRE_TIMEOUT_MS", "500");
    let site = Site::open(&mut stack).await;
    let tenant = Tenant::add(&site, "Shop").await;
    let room = Room::paused(&tenant.api, json!({"admit": {"count": 1, "every_seconds": 0.25}})).await;
    let places = entered(&room, std::slice::from_ref(&tenant.api), VISITORS).await;
    let open = Room::make(&site.operator, json!({})).await;
    open.enter(&site.visitor.sign_up().await).await.pass().await;
    let newcomer = site.visitor.sign_up().await;
    tenant.api.post(&room.path("/resume"), json!({})).await.ok(200);
    let pass = places[0].pass().await;
    places[1].until("admitted").await;
    mysql.kill().await.unwrap();
    until("the server wants no requests", async || site.visitor.get("/health/ready").await.status == 503).await;
    site.visitor.get("/health/ready").await.refused("unavailable");
    assert_eq!(places[0].status().await["pass"], pass, "a pass that was used goes on");
    until("the line says that it is paused", async || room.seen(&site.visitor).await["state"] == "paused").await;
    assert_eq!(places[VISITORS - 1].status().await["room_state"], "paused");
    let by_hand = room.path("/admissions");
    let refused = tokio::join!(
        places[1].ask(), // it would use the pass
        room.ask(&tenant.api, Some("late")),
        tenant.api.post(&by_hand, json!({"count": 1})),
    );
    for refused in <[Answer; 3]>::from(refused) {
        assert_eq!(refused.status, 503);
        refused.refused("unavailable");
        assert!(!refused.header("retry-after").is_empty());
    }
    let late = open.enter(&newcomer).await; // numbers below the ceiling need no database
    assert_eq!(late.state().await, "waiting");
    assert_eq!(let_in(&places[VISITORS / 2..]).await, 0);
    until("the log says that nobody is let in", async || site.server.log().contains("nobody is let in")).await;
    assert_eq!(let_in(&places[VISITORS / 2..]).await, 0);
    mysql.start().await.unwrap();

    site.server.await_ready().await;
    until("the line goes on", async || room.seen(&site.visitor).await["state"] == "open").await;
    until("everybody is let in", async || let_in(&places).await == VISITORS).await;
    assert_eq!(places[0].status().await["pass"], pass);
    room.enter_as(&tenant.api, "late").await.pass().await;
    late.pass().await;
    stack.assert_sound().await;
    redis.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_falls_silent_holds_the_line_up_for_a_moment_only() {
    let (mysql, redis) = (mysql().await, private_redis().await);
    let database = mysql.fresh_database().await;
    let wire = Wire::to(database.url()).await;
    let stack = Stack::on(&wire.url()).with("ONSALE_REDIS_URL", redis.url());
    let mut stack = stack.with("ONSALE_DATABASE__ACQUIRE_TIMEOUT_MS", "500");
    let site = Site::open(&mut stack).await;
    let tenant = Tenant::add(&site, "Shop").await;
    let room = Room::paused(&tenant.api, json!({"admit": {"count": 1, "every_seconds": 0.1}})).await;
    let places = entered(&room, std::slice::from_ref(&tenant.api), VISITORS).await;
    tenant.api.post(&room.path("/resume"), json!({})).await.ok(200);
    for statement in SILENCES {
        wire.fall_silent_after(statement).await;
    }
    until("everybody is let in", async || let_in(&places).await == VISITORS).await;
    stack.assert_sound().await;
    redis.stop().await.unwrap();
}
