use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use onsale_application::ports::{Bus, BusMessage, BusReceiver};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

mod ear;
mod message;
mod outbox;
mod peers;
mod publisher;
mod subscriber;
mod voice;
mod way;

use outbox::Outbox;
use publisher::Publisher;
use subscriber::Subscriber;

use crate::backoff::Backoff;
use crate::metrics::BusMetrics;
use crate::server::Redis;

/// Where replicas talk to each other; on a Cluster, at the node that has its slot.
const CHANNEL: &str = "onsale:bus";
/// How often a replica says how far its messages go, so that others notice when the last ones were lost.
const BEAT: Duration = Duration::from_secs(1);
/// The pauses before connecting again.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(2) };

/// Announcements between several replicas: said here at once by the bus within this process, and to the others by Redis.
///
/// Messages may be lost on the way. Each replica counts its own and says once a second how far it is, so whoever misses
/// some learns of it; so does everybody here whenever the connection was interrupted.
pub struct RedisBus {
    local: Arc<dyn Bus>,
    outbox: Arc<Outbox>,
    missed: watch::Sender<u64>,
    publisher: Publisher,
    subscriber: Subscriber,
}

/// Hears what is said within this process, and that something was missed on the way to it.
struct RedisReceiver {
    local: Box<dyn BusReceiver>,
    missed: watch::Receiver<u64>,
}

impl RedisBus {
    /// A bus over `redis` and, within this process, over `local`; giving up a wait for the next message must lose none
    /// there. A recorder of metrics must be installed before, or nothing is recorded.
    #[must_use]
    pub fn new(redis: Redis, local: Arc<dyn Bus>) -> Self {
        let metrics = BusMetrics::new();
        let sender = new_sender();
        let (outbox, queue) = Outbox::new(sender, redis.settings().bus_queue, metrics.clone());
        let outbox = Arc::new(outbox);
        let missed = watch::Sender::new(0);
        let publisher = Publisher::new(redis.clone(), Arc::clone(&outbox), queue, metrics.clone());
        let subscriber = Subscriber::new(redis, sender, Arc::clone(&local), missed.clone(), metrics);
        Self { local, outbox, missed, publisher, subscriber }
    }

    /// Carries messages to and from Redis until `shutdown`, connecting again whenever need be. Without it this bus
    /// reaches its own process only.
    ///
    /// # Errors
    /// None.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), Infallible> {
        tokio::select! {
            () = self.publisher.run(&shutdown) => Ok(()),
            never = self.subscriber.run() => match never {},
        }
    }
}

impl Bus for RedisBus {
    fn publish(&self, message: BusMessage) {
        self.local.publish(message.clone());
        self.outbox.put(message);
    }

    fn subscribe(&self) -> Box<dyn BusReceiver> {
        Box::new(RedisReceiver { local: self.local.subscribe(), missed: self.missed.subscribe() })
    }
}

#[async_trait]
impl BusReceiver for RedisReceiver {
    async fn next(&mut self) -> Option<BusMessage> {
        tokio::select! {
            biased;
            // Once the bus is gone nothing more can be missed.
            Ok(()) = self.missed.changed() => None,
            message = self.local.next() => message,
        }
    }
}

/// Names this process since its start among those that talk to each other.
#[expect(clippy::disallowed_methods, reason = "it tells apart who said what and decides nothing")]
fn new_sender() -> Uuid {
    Uuid::now_v7()
}
