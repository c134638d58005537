//! Redis goes away under two busy servers, and they go on selling.

use std::time::Duration;

use onsale_test_servers::mysql;
use tokio::time::{Instant, sleep_until};

use super::pair::Pair;

/// How long Redis is silent.
const SILENCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_stopped_both_sell_and_afterwards_too() {
    let database = mysql().await.fresh_database().await;
    let mut pair = Pair::busy(&database).await.watched().await;
    pair.redis.save().await.unwrap();
    pair.redis.kill().await.unwrap();
    pair.both_go_on().await;
    pair.redis.start().await.unwrap();
    pair.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_back_empty_at_once_loses_nothing() {
    let database = mysql().await.fresh_database().await;
    let mut pair = Pair::busy(&database).await.watched().await;
    pair.redis.kill().await.unwrap();
    pair.redis.start().await.unwrap();
    pair.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_silent_for_five_seconds_both_sell() {
    let database = mysql().await.fresh_database().await;
    let pair = Pair::busy(&database).await.watched().await;
    pair.redis.freeze().await.unwrap();
    let thaw_at = Instant::now() + SILENCE;
    pair.both_go_on().await;
    sleep_until(thaw_at).await;
    pair.redis.thaw().await.unwrap();
    pair.recovers().await;
}
