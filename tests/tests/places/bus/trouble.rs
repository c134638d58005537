//! What is missed on the way, and who learns of it.

use onsale_test_servers::private_redis;

use super::replicas::{CHANNEL, QUEUE, Replica, Wire, generation, heard, next};
use crate::cluster::Move;
use onsale_tests::redis::tell;

async fn assert_told_when_cut_off(wire: Wire) {
    let (first, second, mut receiver) = wire.two().await;
    let mut own = first.bus.subscribe();
    assert_eq!(wire.cut().await, 2);
    assert_eq!(next(&mut receiver).await, None);
    assert_eq!(next(&mut own).await, None, "every receiver of every replica that was cut off");
    first.bus.publish(generation(1));
    heard(&mut receiver, generation(1)).await;
    first.end().await;
    second.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_cut_off_learns_that_something_was_missed_and_hears_on() {
    assert_told_when_cut_off(Wire::redis().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_cut_off_from_a_cluster_learns_that_something_was_missed_and_hears_on() {
    assert_told_when_cut_off(Wire::cluster().await).await;
}

async fn assert_lost_messages_are_missed(wire: Wire) {
    let (first, second, mut receiver) = wire.two().await;
    for node in wire.nodes() {
        tell(&node, "CLIENT KILL TYPE normal").await; // the connections by which replicas speak
    }
    first.bus.publish(generation(1));
    // Unless a sign of life noticed it in between, so that the message waited for the next connection.
    let after = next(&mut receiver).await;
    assert!(after.is_none() || after == Some(generation(1)), "{after:?}");
    first.bus.publish(generation(2));
    heard(&mut receiver, generation(2)).await;
    first.end().await;
    second.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_never_reached_redis_are_missed_by_the_others() {
    assert_lost_messages_are_missed(Wire::redis().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_never_reached_a_cluster_are_missed_by_the_others() {
    assert_lost_messages_are_missed(Wire::cluster().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_was_missed() {
    let wire = Wire::redis().await;
    let (first, second, mut receiver) = wire.two().await;
    tell(&wire.nodes()[0], &format!("PUBLISH {CHANNEL} something-else")).await;
    assert_eq!(next(&mut receiver).await, None);
    first.bus.publish(generation(1));
    assert_eq!(next(&mut receiver).await, Some(generation(1)));
    first.end().await;
    second.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_without_redis_reaches_its_own_process() {
    let mut server = private_redis().await;
    server.kill().await.unwrap();
    let replica = Replica::on(server.url(), QUEUE);
    let mut receiver = replica.bus.subscribe();
    replica.bus.publish(generation(1));
    assert_eq!(next(&mut receiver).await, Some(generation(1)));
    server.start().await.unwrap();
    assert_eq!(next(&mut receiver).await, None, "told once Redis is there");
    replica.end().await;
    server.stop().await.unwrap();
}

/// On a Cluster an ordinary message would go to every node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_cluster_one_node_carries_everything() {
    let cluster = onsale_test_servers::redis_cluster().await;
    let owner = Move::of_key(&cluster, CHANNEL).await.from;
    let wire = Wire::Cluster(cluster);
    let (first, second, mut receiver) = wire.two().await;
    first.bus.publish(generation(1));
    heard(&mut receiver, generation(1)).await;
    for (number, node) in wire.nodes().iter().enumerate() {
        assert_eq!(tell(node, &format!("PUBSUB CHANNELS {CHANNEL}")).await, "*0");
        let carries = tell(node, &format!("PUBSUB SHARDCHANNELS {CHANNEL}")).await == "*1";
        assert_eq!(carries, number == owner, "node {number}");
    }
    first.end().await;
    second.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_channel_moves_to_another_node_replicas_learn_that_something_was_missed_and_hear_on() {
    let cluster = onsale_test_servers::redis_cluster().await;
    let slot = Move::of_key(&cluster, CHANNEL).await;
    let wire = Wire::Cluster(cluster);
    let (first, second, mut receiver) = wire.two().await;
    slot.begin().await;
    first.bus.publish(generation(1));
    assert_eq!(next(&mut receiver).await, Some(generation(1)), "while it is being moved");
    slot.end().await;
    assert_eq!(next(&mut receiver).await, None);
    first.bus.publish(generation(2));
    heard(&mut receiver, generation(2)).await;
    let carries = tell(&wire.nodes()[slot.to], &format!("PUBSUB SHARDCHANNELS {CHANNEL}")).await;
    assert_eq!(carries, "*1", "the new owner");
    first.end().await;
    second.end().await;
}
