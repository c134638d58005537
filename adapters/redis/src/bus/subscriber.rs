use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use onsale_application::ports::Bus;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};
use uuid::Uuid;

use super::ear::Ear;
use super::message::Envelope;
use super::peers::Peers;
use super::{BACKOFF, BEAT};
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
        let mut failed = 0;
        loop {
            let Err(cause) = self.listen(&mut failed).await;
            warn!(cause, "announcements of other replicas do not arrive");
            failed += 1;
            sleep(BACKOFF.pause(failed)).await;
        }
    }

    async fn listen(&self, failed: &mut u32) -> Result<Infallible, String> {
        let opening = timeout(self.redis.timeout(), Ear::open(&self.redis)).await;
        let opened = opening.map_err(|_| "subscribing takes too long".to_owned())?;
        let mut ear = opened.map_err(|error| error.to_string())?;
        self.metrics.heard.increment(1);
        *failed = 0;
        info!("announcements of other replicas arrive");
        self.tell_missed(); // whatever was said before
        let mut peers = Peers::default();
        loop {
            match timeout(SILENCE, ear.next()).await {
                Ok(Ok(bytes)) => self.hear(&mut peers, &bytes),
                Ok(Err(cause)) => return Err(cause.to_owned()),
                Err(_) => return Err("the connection is silent".to_owned()),
            }
        }
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
