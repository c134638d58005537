//! A Cluster that loses a node.

use std::collections::BTreeSet;

use onsale_application::ports::HoldTimer;
use onsale_test_servers::redis_cluster;

use crate::support::{Subject, alarm, redis_timer};
use onsale_tests::redis::tell;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_parts_of_the_timer_spread_over_the_nodes() {
    let cluster = redis_cluster().await;
    let subject = Subject::at(&cluster.url());
    let alarms: Vec<_> = (0..100).map(|id| alarm(id, 10)).collect();
    subject.arm(&alarms).await;
    for node in cluster.node_urls() {
        assert_ne!(tell(&node, "DBSIZE").await, ":0", "{node}");
    }
    assert_eq!(subject.timer.dead(0).await.unwrap().known, 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alarms_of_the_other_nodes_ring_while_one_is_down() {
    let mut cluster = redis_cluster().await;
    for node in cluster.node_urls() {
        tell(&node, "CONFIG SET cluster-require-full-coverage no").await;
    }
    let subject = Subject::at(&cluster.url());
    subject.settle().await;
    cluster.kill(1).unwrap();
    let mut rung = BTreeSet::new();
    let mut set = 0;
    for id in 0..16 {
        if subject.timer.arm(&[alarm(id, 0)]).await.is_ok() {
            set += 1;
        }
    }
    assert!(set > 0 && set < 16, "{set} of 16 alarms are set");
    let other = redis_timer(&cluster.url(), &subject.clock); // which finds a node away at its first look
    while rung.len() < set {
        rung.extend(other.ring(100).await.unwrap().iter().map(|alarm| alarm.reservation));
    }
    assert_eq!(rung.len(), set);
}
