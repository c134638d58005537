//! What replicas tell each other over Redis.

use std::sync::Arc;
use std::time::Duration;

use onsale_application::ports::{Bus, BusMessage, BusReceiver, SeatDelta};
use onsale_domain::ids::PerformanceId;
use onsale_domain::seat::SeatState;
use onsale_local::LocalBus;
use onsale_redis::{Redis, RedisBus};
use onsale_test_servers::{private_redis, redis_cluster};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{settings, tell};

const LONG: Duration = Duration::from_secs(30);

/// The bus of one replica.
struct Replica {
    bus: Arc<RedisBus>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Replica {
    fn on(url: &str) -> Self {
        let redis = Redis::new(&settings(url)).unwrap();
        let bus = Arc::new(RedisBus::new(redis, Arc::new(LocalBus::new(1_024))));
        let (shutdown, running) = (CancellationToken::new(), Arc::clone(&bus));
        let signal = shutdown.clone();
        let task = tokio::spawn(async move { running.run(signal).await.unwrap() });
        Self { bus, shutdown, task }
    }

    async fn end(self) {
        self.shutdown.cancel();
        timeout(LONG, self.task).await.unwrap().unwrap();
    }
}

fn generation(generation: i64) -> BusMessage {
    BusMessage::Catalogue { generation }
}

async fn next(receiver: &mut Box<dyn BusReceiver>) -> Option<BusMessage> {
    timeout(LONG, receiver.next()).await.expect("a message or a missed signal")
}

/// Two replicas, the second of which has told its receiver that it hears the first from now on.
async fn two(url: &str) -> (Replica, Replica, Box<dyn BusReceiver>) {
    let (first, second) = (Replica::on(url), Replica::on(url));
    let mut receiver = second.bus.subscribe();
    assert_eq!(next(&mut receiver).await, None, "whatever was said before it listened");
    // Signs of life come once a second; this one also shows that the first one's messages go out.
    first.bus.publish(generation(0));
    while next(&mut receiver).await != Some(generation(0)) {}
    (first, second, receiver)
}

async fn assert_heard_in_order(url: &str) {
    let (first, second, mut heard) = two(url).await;
    let mut own = first.bus.subscribe();
    for number in 1..=500 {
        first.bus.publish(generation(number));
    }
    let delta = SeatDelta {
        performance: PerformanceId(Uuid::now_v7()),
        epoch: 3,
        version: 7,
        seats: vec![(4, SeatState::Free), (9, SeatState::Sold { to: Uuid::now_v7().into() })],
    };
    first.bus.publish(BusMessage::Seats(Arc::new(delta.clone())));
    for number in 1..=500 {
        assert_eq!(next(&mut heard).await, Some(generation(number)));
        assert_eq!(next(&mut own).await, Some(generation(number)));
    }
    assert_eq!(next(&mut heard).await, Some(BusMessage::Seats(Arc::new(delta.clone()))));
    assert_eq!(next(&mut own).await, Some(BusMessage::Seats(Arc::new(delta))));
    second.bus.publish(generation(501));
    assert_eq!(next(&mut own).await, Some(generation(501)), "the other way, and nothing of its own twice");
    assert_eq!(next(&mut heard).await, Some(generation(501)));
    first.end().await;
    second.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_hear_each_other_in_order() {
    let server = private_redis().await;
    assert_heard_in_order(server.url()).await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_on_different_nodes_of_a_cluster_hear_each_other() {
    let cluster = redis_cluster().await;
    let (first, second) = (Replica::on(&cluster.node_urls()[0]), Replica::on(&cluster.node_urls()[2]));
    let mut heard = second.bus.subscribe();
    assert_eq!(next(&mut heard).await, None);
    first.bus.publish(generation(1));
    while next(&mut heard).await != Some(generation(1)) {}
    first.end().await;
    second.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_cut_off_learns_that_something_was_missed_and_hears_on() {
    let server = private_redis().await;
    let (first, second, mut heard) = two(server.url()).await;
    let mut own = first.bus.subscribe();
    assert_ne!(tell(server.url(), "CLIENT KILL TYPE pubsub").await, ":0");
    assert_eq!(next(&mut heard).await, None);
    assert_eq!(next(&mut own).await, None, "every receiver of every replica that was cut off");
    first.bus.publish(generation(1));
    while next(&mut heard).await != Some(generation(1)) {}
    first.end().await;
    second.end().await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_never_reached_redis_are_missed_by_the_others() {
    let server = private_redis().await;
    let (first, second, mut heard) = two(server.url()).await;
    tell(server.url(), "CLIENT KILL TYPE normal").await; // the connections by which replicas speak
    first.bus.publish(generation(1));
    // Unless a sign of life noticed it in between, so that the message waited for the next connection.
    let after = next(&mut heard).await;
    assert!(after.is_none() || after == Some(generation(1)), "{after:?}");
    first.bus.publish(generation(2));
    while next(&mut heard).await != Some(generation(2)) {}
    first.end().await;
    second.end().await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_was_missed() {
    let server = private_redis().await;
    let (first, second, mut heard) = two(server.url()).await;
    tell(server.url(), "PUBLISH onsale:bus something-else").await;
    assert_eq!(next(&mut heard).await, None);
    first.bus.publish(generation(1));
    assert_eq!(next(&mut heard).await, Some(generation(1)));
    first.end().await;
    second.end().await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_without_redis_reaches_its_own_process() {
    let mut server = private_redis().await;
    server.kill().await.unwrap();
    let replica = Replica::on(server.url());
    let mut heard = replica.bus.subscribe();
    replica.bus.publish(generation(1));
    assert_eq!(next(&mut heard).await, Some(generation(1)));
    server.start().await.unwrap();
    assert_eq!(next(&mut heard).await, None, "told once Redis is there");
    replica.end().await;
    server.stop().await.unwrap();
}
