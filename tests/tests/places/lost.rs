//! Whatever a Redis can lose is noticed before it hands a number out twice.

use onsale_test_servers::{private_redis, redis};

use crate::support::{OPEN, Subject, place, visitor};
use onsale_tests::redis::tell;

fn key(subject: &Subject, key: &str) -> String {
    format!("{{onsale:room:{}}}:{key}", subject.line.room)
}

#[tokio::test]
async fn an_emptied_redis_has_lost_the_line() {
    let server = private_redis().await;
    let subject = Subject::at(server.url()).await;
    subject.entered(3).await;
    tell(server.url(), "FLUSHALL").await;
    subject.assert_lost().await;
    subject.begin(2, 1_000).await.unwrap();
    let subject = Subject { line: subject.of_epoch(2), ..subject };
    assert_eq!(subject.enter(&visitor(), OPEN).await, Ok(place(1_001, true)));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_redis_that_comes_back_from_an_older_snapshot_has_lost_the_line() {
    let mut server = private_redis().await;
    let subject = Subject::at(server.url()).await;
    let early = subject.entered(10).await;
    tell(server.url(), "SAVE").await;
    let late = subject.entered(10).await;
    server.kill().await.unwrap();
    server.start().await.unwrap();
    assert_eq!(tell(server.url(), &format!("ZCARD {}", key(&subject, "line"))).await, ":11", "the snapshot is there");

    subject.assert_lost().await;
    subject.begin(2, 1_000).await.unwrap();
    let subject = Subject { line: subject.of_epoch(2), ..subject };
    let numbers = subject.places.numbers_of(subject.line, &[early[9].clone(), late[0].clone()]).await.unwrap();
    assert_eq!(numbers, [Some(10), None], "who is in the snapshot stays, the others come with their tokens");
    assert_eq!(subject.enter(&visitor(), OPEN).await, Ok(place(1_001, true)));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_redis_that_comes_back_without_having_lost_anything_counts_as_one_that_has() {
    let mut server = private_redis().await;
    let subject = Subject::at(server.url()).await;
    subject.entered(3).await;
    tell(server.url(), "SAVE").await;
    server.kill().await.unwrap();
    server.start().await.unwrap();
    subject.assert_lost().await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_replica_that_takes_over_has_lost_the_line_and_so_has_the_old_server_when_it_returns() {
    let (server, replica) = (private_redis().await, private_redis().await);
    let address = |url: &str| url.trim_start_matches("redis://").trim_end_matches('/').replace(':', " ");
    for url in [server.url(), replica.url()] {
        tell(url, "CONFIG SET repl-diskless-sync-delay 0").await; // a second replica need not be waited for
    }
    let subject = Subject::at(server.url()).await;
    follow(replica.url(), &address(server.url())).await;
    // The first replica that a server has may have changed its history: from now on it stays.
    subject.begin(2, 0).await.unwrap();
    let subject = Subject { line: subject.of_epoch(2), ..subject };
    subject.entered(3).await;
    assert_eq!(tell(server.url(), "WAIT 1 10000").await, ":1");

    tell(replica.url(), "REPLICAOF NO ONE").await;
    let after = Subject { places: crate::support::places(replica.url()), ..subject.clone() };
    after.assert_lost().await;

    // Meanwhile the old server hands numbers out that the new one does not know, and then follows it.
    subject.entered(3).await;
    follow(server.url(), &address(replica.url())).await;
    tell(server.url(), "REPLICAOF NO ONE").await;
    let again = Subject { places: crate::support::places(server.url()), ..subject };
    again.assert_lost().await;
    server.stop().await.unwrap();
    replica.stop().await.unwrap();
}

/// Makes a server a replica and waits until it has everything.
async fn follow(url: &str, address: &str) {
    tell(url, &format!("REPLICAOF {address}")).await;
    while !tell(url, "INFO replication").await.contains("master_link_status:up") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_line_whose_visitors_were_evicted_is_lost() {
    let subject = Subject::redis().await;
    subject.entered(3).await;
    tell(redis().await.url(), &format!("DEL {}", key(&subject, "line"))).await;
    subject.assert_lost().await;
}

#[tokio::test]
async fn an_unused_line_goes_by_itself() {
    let subject = Subject::redis().await;
    subject.entered(1).await;
    for name in ["line", "meta"] {
        let url = redis().await.url();
        tell(url, &format!("EXPIRE {} 5", key(&subject, name))).await;
        subject.entered(1).await;
        let left = tell(url, &format!("TTL {}", key(&subject, name))).await;
        assert!(left == ":259200" || left == ":259199", "three days from the last entry on, not {left}");
    }
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_is_told_them_again() {
    let server = private_redis().await;
    let subject = Subject::at(server.url()).await;
    subject.entered(1).await;
    tell(server.url(), "SCRIPT FLUSH").await;
    assert_eq!(subject.answers().await, vec![None; 7]);
    subject.begin(2, 0).await.unwrap();
    server.stop().await.unwrap();
}
