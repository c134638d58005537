//! Alarms of holds that replicas share: who set them dies, Redis loses them, nobody can answer them.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use onsale_application::ports::{AlarmTerms, Context, HoldAlarm, HoldTimer};
use onsale_crypto::{SystemClock, UuidIds};
use onsale_redis::{Redis, RedisHoldTimer, RedisHoldTimerSettings, RedisSettings};
use onsale_test_servers::private_redis;
use onsale_tests::redis::tell;
use onsale_tests::server::{Server, Stack};
use serde_json::json;

use super::{Pair, until};
use crate::support::{Api, Sale, Site};

/// A timer beside those of the servers, whose alarms die when nobody answers them the first time.
struct Beside {
    timer: RedisHoldTimer,
    context: Context,
}

impl Beside {
    fn on(url: &str) -> Self {
        let context = Context::new(Arc::new(SystemClock), Arc::new(UuidIds));
        let lease = Duration::from_millis(1);
        let terms = AlarmTerms { lease, longest_lease: lease, tries: 1, ..AlarmTerms::default() };
        let settings = RedisHoldTimerSettings { terms, ..RedisHoldTimerSettings::default() };
        let redis = Redis::new(&RedisSettings::new(url)).unwrap();
        Self { timer: RedisHoldTimer::new(redis, settings, context.clone()), context }
    }

    async fn known(&self) -> u64 {
        self.timer.dead(0).await.unwrap().known
    }

    /// An alarm of a new hold, due in that many milliseconds.
    fn alarm(&self, milliseconds: i64) -> HoldAlarm {
        let due = self.context.now() + TimeDelta::milliseconds(milliseconds);
        HoldAlarm { reservation: self.context.new_id(), performance: self.context.new_id(), due }
    }
}

/// How many alarms rang at a server.
async fn rang(server: &Server) -> u64 {
    let metrics = Api::new(&server.admin).get("/metrics").await.text;
    let count = metrics.lines().find_map(|line| line.strip_prefix("onsale_hold_timer_lateness_seconds_count "));
    count.map_or(0, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_of_a_server_that_was_killed_rings_at_another() {
    let Pair { site, other, stack, redis } = Pair::open().await;
    let beside = Beside::on(redis.url());
    let sale = Sale::open(&site, json!({"hold_seconds": 4})).await;
    let customer = site.visitor.sign_up().await;
    let held = customer.held(&sale.performance, &[3]).await;
    until("the alarm is set", async || beside.known().await == 1).await;
    site.server.kill().await;
    until("the alarm rings", async || rang(&other).await == 1).await;
    until("it is answered", async || beside.known().await == 0).await;
    let customer = customer.at(&other.address);
    assert_eq!(customer.status_of(&held).await, "expired");
    customer.held(&sale.performance, &[3]).await;
    stack.assert_sound().await;
    redis.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alarms_that_redis_has_lost_are_set_again_long_before_the_next_sweep() {
    let redis = private_redis().await;
    let stack = Stack::mysql().await.with("ONSALE_REDIS_URL", redis.url());
    let mut stack = stack.with("ONSALE_HOLDS__SWEEP_SECONDS", "3600");
    let site = Site::open(&mut stack).await;
    let beside = Beside::on(redis.url());
    let sale = Sale::open(&site, json!({"hold_seconds": 6})).await;
    let customer = site.visitor.sign_up().await;
    let held = customer.held(&sale.performance, &[3]).await;
    until("the alarm is set", async || beside.known().await == 1).await;
    tell(redis.url(), "FLUSHALL").await;
    until("the alarm rings", async || rang(&site.server).await == 1).await;
    until("it is answered", async || beside.known().await == 0).await;
    assert_eq!(customer.status_of(&held).await, "expired");
    stack.assert_sound().await;
    redis.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_names_alarms_that_nobody_could_answer_and_does_without_redis() {
    let mut redis = private_redis().await;
    let stack = Stack::mysql().await.with("ONSALE_REDIS_URL", redis.url());
    stack.succeed(&["migrate"]).await;
    let beside = Beside::on(redis.url());
    let dying = beside.alarm(0);
    beside.timer.arm(&[dying]).await.unwrap();
    assert_eq!(beside.timer.ring(1).await, Ok(vec![dying]));
    until("it is dead", async || {
        let witness = HoldAlarm { performance: dying.performance, ..beside.alarm(2) };
        beside.timer.arm(&[witness]).await.unwrap();
        let rung = beside.timer.ring(10).await.unwrap();
        beside.timer.acknowledge(&rung).await.unwrap();
        beside.timer.dead(1).await.unwrap().dead == 1
    })
    .await;

    let output = stack.run(&["audit"]).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    let named = format!("VIOLATED alarms_are_answered: reservation {}, ", dying.reservation);
    assert!(told.contains(&named) && told.contains("alarms_are_answered: proved on 1 rows"), "{told}");

    redis.kill().await.unwrap();
    let told = stack.succeed(&["audit"]).await;
    assert!(told.contains("NOT CHECKED alarms_are_answered: "), "{told}");
    assert!(told.contains("audit: every invariant holds"), "{told}");
}
