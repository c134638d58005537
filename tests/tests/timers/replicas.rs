//! Several replicas on one Redis.

use std::pin::pin;

use futures_util::poll;
use onsale_application::ports::HoldTimer;
use onsale_test_servers::{RedisCluster, private_redis, redis_cluster};

use crate::support::{Replica, Subject, alarm, at, redis_timer};
use onsale_tests::redis::tell;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ringer_is_woken_by_an_earlier_alarm_of_another_replica() {
    let server = private_redis().await;
    assert_woken(server.url(), &[server.url().to_owned()]).await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn announcements_reach_every_node_of_a_cluster() {
    let cluster: RedisCluster = redis_cluster().await;
    assert_woken(&cluster.url(), &cluster.node_urls()).await;
}

/// Alarms of every part of the timer wake a ringer elsewhere, whoever sets them.
async fn assert_woken(url: &str, nodes: &[String]) {
    let subject = Subject::at(url);
    let replica = Replica::on(url, nodes, &subject.clock).await;
    subject.arm(&[alarm(99, 0)]).await;
    let rung = replica.timer.ring(100).await.unwrap(); // it has looked at every part
    assert_eq!(rung, [alarm(99, 0)]);
    replica.timer.acknowledge(&rung).await.unwrap();
    for id in 0..16 {
        subject.arm(&[alarm(id, 5_000)]).await;
        let mut ringing = pin!(replica.timer.ring(100));
        assert!(poll!(&mut ringing).is_pending());
        subject.arm(&[alarm(100 + id, 0)]).await;
        let rung = ringing.await.unwrap();
        assert_eq!(rung, [alarm(100 + id, 0)]);
        replica.timer.acknowledge(&rung).await.unwrap();
    }
    replica.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_whose_connection_was_cut_hears_the_others_again() {
    let server = private_redis().await;
    let nodes = [server.url().to_owned()];
    let subject = Subject::at(server.url());
    let replica = Replica::on(server.url(), &nodes, &subject.clock).await;
    let mut ringing = replica.timer.ring(100);
    assert!(poll!(&mut ringing).is_pending());
    assert_eq!(tell(server.url(), "CLIENT KILL TYPE pubsub").await, ":1");
    subject.arm(&[alarm(1, 0)]).await;
    assert_eq!(ringing.await, Ok(vec![alarm(1, 0)]), "by looking, once it is connected again");
    replica.end().await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alarms_that_a_dead_replica_had_leased_ring_elsewhere() {
    let server = private_redis().await;
    let subject = Subject::at(server.url());
    let survivor = redis_timer(server.url(), &subject.clock);
    subject.arm(&[alarm(1, 0), alarm(2, 0)]).await;
    assert_eq!(survivor.ring(1).await, Ok(vec![alarm(1, 0)]));
    survivor.acknowledge(&[alarm(1, 0)]).await.unwrap();
    subject.rings_at(1, &[alarm(2, 0)]).await;
    drop(subject.timer); // and is never heard of again
    subject.clock.set(3 * 3_600); // the survivor looks by itself
    assert_eq!(survivor.ring(100).await, Ok(vec![alarm(2, 0)]));
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_is_found_though_nobody_heard_of_it() {
    let server = private_redis().await;
    let subject = Subject::at(server.url());
    subject.settle().await;
    let deaf = redis_timer(server.url(), &subject.clock);
    deaf.arm(&[alarm(1, 10), alarm(2, 7_000)]).await.unwrap();
    subject.rings_at(3 * 3_600, &[alarm(1, 10), alarm(2, 7_000)]).await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_takes_a_member_of_32_bytes_and_a_moment_to_the_microsecond() {
    let server = private_redis().await;
    let subject = Subject::at(server.url());
    subject.arm(&[alarm(3, 10)]).await;
    let micros = at(10).timestamp_micros();
    let key = "{onsale:timer:3}:armed";
    assert_eq!(tell(server.url(), &format!("ZCOUNT {key} {micros} {micros}")).await, ":1");
    assert_eq!(tell(server.url(), &format!("ZRANGE {key} 0 0")).await, "*1");
    subject.rings_at(10, &[alarm(3, 10)]).await;
    assert_eq!(tell(server.url(), "HLEN {onsale:timer:3}:rung").await, ":1");
    subject.acknowledge(&[alarm(3, 10)]).await;
    for key in ["armed", "leased", "dead", "rung"] {
        assert_eq!(tell(server.url(), &format!("EXISTS {{onsale:timer:3}}:{key}")).await, ":0", "{key}");
    }
    server.stop().await.unwrap();
}
