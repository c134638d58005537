use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::sync::mpsc::Receiver;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::message::Envelope;
use super::outbox::Outbox;
use super::voice::Voice;
use super::{BACKOFF, BEAT};
use crate::metrics::BusMetrics;
use crate::server::Redis;

/// Messages that go out together.
const BATCH: usize = 128;

/// Carries what is in the outbox to Redis.
pub(super) struct Publisher {
    redis: Redis,
    outbox: Arc<Outbox>,
    queue: Mutex<Receiver<Envelope>>,
    metrics: BusMetrics,
}

impl Publisher {
    pub(super) fn new(redis: Redis, outbox: Arc<Outbox>, queue: Receiver<Envelope>, metrics: BusMetrics) -> Self {
        Self { redis, outbox, queue: Mutex::new(queue), metrics }
    }

    /// Until `shutdown`, after which what waits is still sent.
    pub(super) async fn run(&self, shutdown: &CancellationToken) {
        let mut queue = self.queue.lock().await;
        let mut failed = 0;
        while let Err(cause) = self.carry(&mut queue, shutdown, &mut failed).await {
            warn!(cause, "announcements do not reach Redis");
            if shutdown.is_cancelled() {
                return;
            }
            failed += 1;
            sleep(BACKOFF.pause(failed)).await;
        }
    }

    async fn carry(
        &self,
        queue: &mut Receiver<Envelope>,
        shutdown: &CancellationToken,
        failed: &mut u32,
    ) -> Result<(), String> {
        let mut voice = self.open().await?;
        *failed = 0;
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                biased;
                _ = queue.recv_many(&mut batch, BATCH) => {}
                _ = beats.tick() => batch.extend(self.outbox.beat(queue)),
                () = shutdown.cancelled() => return Ok(()),
            }
            self.say(&mut voice, &batch).await?;
        }
    }

    async fn open(&self) -> Result<Voice, String> {
        let opening = timeout(self.redis.timeout(), Voice::open(&self.redis)).await;
        let opened = opening.map_err(|_| "connecting takes too long".to_owned())?;
        opened.inspect(|_| self.metrics.spoken.increment(1)).map_err(|error| error.to_string())
    }

    /// Whether they arrived or not, they are not sent again: whoever missed them learns of it by their count.
    async fn say(&self, voice: &mut Voice, batch: &[Envelope]) -> Result<(), String> {
        if batch.is_empty() {
            return Ok(());
        }
        let said = match timeout(self.redis.timeout(), voice.say(batch)).await {
            Ok(said) => said.map_err(|error| error.to_string()),
            Err(_) => Err("it gave no answer in time".to_owned()),
        };
        said.inspect_err(|_| self.metrics.dropped.increment(batch.len() as u64))
    }
}
