use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use onsale_application::ports::Bus;
use redis::aio::PubSub;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};
use uuid::Uuid;

use super::message::Envelope;
use super::peers::Peers;
use super::{BEAT, CHANNEL, PAUSE};
use crate::metrics::BusMetrics;
use crate::server::Redis;

/// After so long without a message the connection counts as broken: this process's own signs of life come back by it.
const SILENCE: Duration = BEAT.saturating_mul(5);

/// Says within this process what other replicas said, and that some of it was missed.
pub(super) struct Subscriber {
    redis: Redis,
    own: Uuid,
    local: Arc<dyn Bus>,
    missed: watch::Sender<u64>,
    metrics: BusMetrics,
}

impl Subscriber {
    pub(super) fn new(
        redis: Redis,
        own: Uuid,
        local: Arc<dyn Bus>,
        missed: watch::Sender<u64>,
        metrics: BusMetrics,
    ) -> Self {
        Self { redis, own, local, missed, metrics }
    }

    pub(super) async fn run(&self) -> Infallible {
        loop {
            let Err(cause) = self.listen().await;
            warn!(cause, "announcements of other replicas do not arrive");
            sleep(PAUSE).await;
        }
    }

    async fn listen(&self) -> Result<Infallible, String> {
        let subscribing = timeout(self.redis.timeout(), self.subscribe()).await;
        let mut messages = subscribing.map_err(|_| "subscribing takes too long".to_owned())??.into_on_message();
        info!("announcements of other replicas arrive");
        self.tell_missed(); // whatever was said before
        let mut peers = Peers::default();
        loop {
            match timeout(SILENCE, messages.next()).await {
                Ok(Some(message)) => self.hear(&mut peers, message.get_payload_bytes()),
                Ok(None) => return Err("the connection ended".to_owned()),
                Err(_) => return Err("the connection is silent".to_owned()),
            }
        }
    }

    async fn subscribe(&self) -> Result<PubSub, String> {
        let mut connection = self.redis.any_client().get_async_pubsub().await.map_err(|error| error.to_string())?;
        connection.subscribe(CHANNEL).await.map_err(|error| error.to_string())?;
        Ok(connection)
    }

    fn hear(&self, peers: &mut Peers, bytes: &[u8]) {
        match Envelope::read(bytes) {
            Ok(envelope) if envelope.sender == self.own => {}
            Ok(Envelope { sender, sequence, message }) => {
                if !peers.hear(sender, sequence, message.is_some(), Instant::now()) {
                    self.tell_missed();
                }
                if let Some(message) = message {
                    self.local.publish(message);
                }
            }
            Err(error) => {
                warn!(%error, "an announcement cannot be read");
                self.tell_missed();
            }
        }
    }

    fn tell_missed(&self) {
        self.metrics.gaps.increment(1);
        self.missed.send_modify(|times| *times += 1);
    }
}
