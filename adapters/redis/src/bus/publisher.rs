use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, pipe};
use tokio::sync::Mutex;
use tokio::sync::mpsc::Receiver;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::message::Envelope;
use super::outbox::Outbox;
use super::{BEAT, CHANNEL, PAUSE};
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
        while let Err(cause) = self.carry(&mut queue, shutdown).await {
            warn!(cause, "announcements do not reach Redis");
            if shutdown.is_cancelled() {
                return;
            }
            sleep(PAUSE).await;
        }
    }

    async fn carry(&self, queue: &mut Receiver<Envelope>, shutdown: &CancellationToken) -> Result<(), String> {
        let mut connection = self.connect().await?;
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
            self.send(&mut connection, &batch).await?;
        }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, String> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connecting = self.redis.any_client().get_multiplexed_async_connection_with_config(&config);
        match timeout(self.redis.timeout(), connecting).await {
            Ok(connection) => connection.map_err(|error| error.to_string()),
            Err(_) => Err("connecting takes too long".to_owned()),
        }
    }

    /// Whether they arrived or not, they are not sent again: whoever missed them learns of it by their count.
    async fn send(&self, connection: &mut MultiplexedConnection, batch: &[Envelope]) -> Result<(), String> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut pipeline = pipe();
        for envelope in batch {
            pipeline.cmd("PUBLISH").arg(CHANNEL).arg(envelope.write()).ignore();
        }
        let sent = match timeout(self.redis.timeout(), pipeline.exec_async(connection)).await {
            Ok(sent) => sent.map_err(|error| error.to_string()),
            Err(_) => Err("it gave no answer in time".to_owned()),
        };
        sent.inspect_err(|_| self.metrics.dropped.increment(batch.len() as u64))
    }
}
