//! Replicas that talk to each other, and what carries it.

use std::sync::Arc;
use std::time::Duration;

use onsale_application::ports::{Bus, BusMessage, BusReceiver};
use onsale_local::LocalBus;
use onsale_redis::{Redis, RedisBus, RedisSettings};
use onsale_test_servers::{RedisCluster, RedisServer, private_redis, redis_cluster};
use onsale_tests::redis::tell;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::settings;

const LONG: Duration = Duration::from_secs(30);
/// The channel by which replicas talk.
pub(super) const CHANNEL: &str = "onsale:bus";
/// Messages that wait to be sent.
pub(super) const QUEUE: usize = 4_096;
/// Messages that a replica keeps for its receivers.
const CAPACITY: usize = 1_024;

/// What carries messages from one replica to another.
pub(super) enum Wire {
    Local(Arc<LocalBus>),
    Redis(Box<RedisServer>),
    Cluster(RedisCluster),
}

impl Wire {
    pub(super) fn local() -> Self {
        Self::Local(Arc::new(LocalBus::new(CAPACITY)))
    }

    pub(super) async fn redis() -> Self {
        Self::Redis(Box::new(private_redis().await))
    }

    pub(super) async fn cluster() -> Self {
        Self::Cluster(redis_cluster().await)
    }

    /// Whether messages can be lost between replicas, and not only by a receiver that is too slow.
    pub(super) const fn may_lose(&self) -> bool {
        !matches!(self, Self::Local(_))
    }

    /// Every node, each of which knows the others.
    pub(super) fn nodes(&self) -> Vec<String> {
        match self {
            Self::Local(_) => Vec::new(),
            Self::Redis(server) => vec![server.url().to_owned()],
            Self::Cluster(cluster) => cluster.node_urls(),
        }
    }

    /// A replica that was told of one node, another one for each number, and keeps no more than `queue` messages.
    fn replica(&self, number: usize, queue: usize) -> Replica {
        match self {
            Self::Local(bus) => Replica { bus: bus.clone(), running: None },
            Self::Redis(_) | Self::Cluster(_) => {
                let nodes = self.nodes();
                Replica::on(&nodes[number % nodes.len()], queue)
            }
        }
    }

    /// Two replicas, the second of which hears the first from now on.
    pub(super) async fn two(&self) -> (Replica, Replica, Box<dyn BusReceiver>) {
        self.two_with(QUEUE).await
    }

    /// The first keeps no more than `queue` messages to be sent.
    pub(super) async fn two_with(&self, queue: usize) -> (Replica, Replica, Box<dyn BusReceiver>) {
        let (first, second) = (self.replica(0, queue), self.replica(2, QUEUE));
        let mut receiver = second.bus.subscribe();
        if self.may_lose() {
            assert_eq!(next(&mut receiver).await, None, "whatever was said before it listened");
        }
        first.bus.publish(generation(0));
        heard(&mut receiver, generation(0)).await;
        (first, second, receiver)
    }

    /// Closes every connection by which replicas hear, on every node; how many there were.
    pub(super) async fn cut(&self) -> usize {
        let mut cut = 0;
        for node in self.nodes() {
            let answer = tell(&node, "CLIENT KILL TYPE pubsub").await;
            cut += answer.trim_start_matches(':').parse::<usize>().unwrap();
        }
        cut
    }
}

/// The bus of one replica.
pub(super) struct Replica {
    pub(super) bus: Arc<dyn Bus>,
    running: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Replica {
    pub(super) fn on(url: &str, queue: usize) -> Self {
        let redis = Redis::new(&RedisSettings { bus_queue: queue, ..settings(url) }).unwrap();
        let bus = Arc::new(RedisBus::new(redis, Arc::new(LocalBus::new(CAPACITY))));
        let (shutdown, running) = (CancellationToken::new(), Arc::clone(&bus));
        let signal = shutdown.clone();
        let task = tokio::spawn(async move { running.run(signal).await.unwrap() });
        Self { bus, running: Some((shutdown, task)) }
    }

    pub(super) async fn end(self) {
        let Some((shutdown, task)) = self.running else { return };
        shutdown.cancel();
        timeout(LONG, task).await.unwrap().unwrap();
    }
}

pub(super) fn generation(generation: i64) -> BusMessage {
    BusMessage::Catalogue { generation }
}

pub(super) async fn next(receiver: &mut Box<dyn BusReceiver>) -> Option<BusMessage> {
    timeout(LONG, receiver.next()).await.expect("a message or a missed signal")
}

/// Hears on until `message` comes.
pub(super) async fn heard(receiver: &mut Box<dyn BusReceiver>, message: BusMessage) {
    while next(receiver).await.as_ref() != Some(&message) {}
}
