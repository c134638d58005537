//! A Redis that lost alarms: the sweep is told to set them again.

use std::pin::pin;

use futures_util::{FutureExt, poll};
use onsale_test_servers::private_redis;

use crate::support::{LOOK, Subject, alarm};
use onsale_tests::redis::tell;

/// After the next look.
fn later(looks: i64) -> i64 {
    looks * 2 * i64::try_from(LOOK.as_secs()).unwrap()
}

/// What the first look at a new Redis tells is known.
async fn known(subject: &Subject) {
    subject.settle().await;
    subject.timer.lost().await;
    assert!(subject.timer.lost().now_or_never().is_none(), "it is told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_redis_is_noticed_and_filled_again() {
    let server = private_redis().await;
    let subject = Subject::at(server.url());
    known(&subject).await;
    subject.arm(&[alarm(1, 10)]).await;
    tell(server.url(), "FLUSHALL").await;
    let mut lost = pin!(subject.timer.lost());
    assert!(poll!(&mut lost).is_pending());
    subject.stays_silent_until(later(1)).await;
    lost.await;
    subject.arm(&[alarm(1, 10)]).await; // as the sweep does
    assert_eq!(subject.ring().await, [alarm(1, 10)]);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledgement_after_the_loss_takes_the_alarm_away_that_was_set_again() {
    let server = private_redis().await;
    let subject = Subject::at(server.url());
    subject.arm(&[alarm(1, 0)]).await;
    subject.rings_at(0, &[alarm(1, 0)]).await;
    tell(server.url(), "FLUSHALL").await;
    subject.arm(&[alarm(1, 0)]).await;
    subject.acknowledge(&[alarm(1, 0)]).await;
    subject.stays_silent_until(later(1)).await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_back_from_an_older_snapshot_is_noticed() {
    let mut server = private_redis().await;
    let subject = Subject::at(server.url());
    known(&subject).await;
    subject.arm(&[alarm(1, 10)]).await;
    tell(server.url(), "SAVE").await;
    subject.arm(&[alarm(2, 11)]).await;
    server.kill().await.unwrap();
    server.start().await.unwrap();
    subject.rings_at(later(1), &[alarm(1, 10)]).await;
    subject.timer.lost().await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_was_away_for_a_moment_has_lost_nothing() {
    let server = private_redis().await;
    let subject = Subject::at(server.url());
    known(&subject).await;
    subject.arm(&[alarm(1, 10)]).await;
    tell(server.url(), "CLIENT KILL TYPE normal SKIPME yes").await;
    subject.rings_at(later(1), &[alarm(1, 10)]).await;
    assert!(subject.timer.lost().now_or_never().is_none());
    server.stop().await.unwrap();
}
