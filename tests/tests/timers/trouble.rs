//! A Redis that is away or silent.

use std::sync::Arc;
use std::time::Duration;

use onsale_application::ports::{HoldAlarm, HoldTimer, Unavailable};
use onsale_redis::{RedisHoldTimer, RedisSettings};
use onsale_test_servers::private_redis;

use crate::support::{HandClock, alarm, disarm, timer_of};

fn impatient(url: &str, clock: &Arc<HandClock>) -> RedisHoldTimer {
    timer_of(&RedisSettings { timeout: Duration::from_millis(500), ..RedisSettings::new(url) }, clock)
}

/// Every step says that Redis is away; nobody waits for those that nobody waits for.
async fn assert_away(timer: &RedisHoldTimer) {
    for id in 0..100_000 {
        timer.arm_soon(alarm(id, 0));
        disarm(timer, alarm(id, 0));
    }
    assert!(timer.ring(100).await.is_err());
    assert!(timer.arm(&[alarm(1, 0)]).await.is_err());
    assert!(timer.acknowledge(&[alarm(1, 0)]).await.is_err());
    assert!(timer.dead(1).await.is_err());
}

/// What a step answers as soon as it answers.
async fn once_available<T>(step: impl AsyncFn() -> Result<T, Unavailable>) -> T {
    loop {
        match step().await {
            Ok(answer) => return answer,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// Sets an alarm as soon as that can be done, and waits for it to ring.
async fn assert_back(timer: &RedisHoldTimer, alarm: HoldAlarm) {
    once_available(async || timer.arm(&[alarm]).await).await;
    loop {
        let rung = once_available(async || timer.ring(100).await).await;
        once_available(async || timer.acknowledge(&rung).await).await;
        if rung.contains(&alarm) {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_was_killed_is_used_again_when_it_is_back() {
    let mut server = private_redis().await;
    let clock = Arc::new(HandClock::default());
    let timer = impatient(server.url(), &clock);
    assert_back(&timer, alarm(1, 0)).await;
    server.kill().await.unwrap();
    clock.set(6 * 3_600);
    assert_away(&timer).await;
    server.start().await.unwrap();
    assert_back(&timer, alarm(200_002, 0)).await;
    timer.lost().await;
    timer.drain().await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_is_used_again_when_it_goes_on() {
    let server = private_redis().await;
    let clock = Arc::new(HandClock::default());
    let timer = impatient(server.url(), &clock);
    assert_back(&timer, alarm(1, 0)).await;
    server.freeze().await.unwrap();
    clock.set(6 * 3_600);
    assert_away(&timer).await;
    server.thaw().await.unwrap();
    assert_back(&timer, alarm(200_002, 0)).await;
    timer.drain().await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_waited_for_is_in_redis_when_the_timer_was_drained() {
    let server = private_redis().await;
    let clock = Arc::new(HandClock::default());
    let timer = impatient(server.url(), &clock);
    for id in 0..2_000 {
        timer.arm_soon(alarm(id, 5));
    }
    timer.drain().await;
    assert_eq!(timer.dead(0).await.unwrap().known, 2_000);
    timer.arm_soon(alarm(9_999, 5));
    assert!(timer.arm(&[alarm(9_999, 5)]).await.is_err(), "it takes no more");
    server.stop().await.unwrap();
}
