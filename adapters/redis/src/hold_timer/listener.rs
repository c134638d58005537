use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use metrics::Counter;
use redis::aio::{PubSubSink, PubSubStream};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tracing::{info, warn};

use super::CHANNEL;
use super::schedule::Schedule;
use crate::backoff::Backoff;
use crate::metrics::alarm_connections;
use crate::server::Redis;

/// The pauses before connecting again.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(4) };
/// How often the connection is tried: nobody may have anything to announce for long.
const PROOF: Duration = Duration::from_secs(5);

/// Hears of alarms that other replicas set and that are due before all others.
pub(super) struct Listener {
    redis: Redis,
    schedule: Arc<Schedule>,
    connected: Counter,
}

impl Listener {
    pub(super) fn new(redis: Redis, schedule: Arc<Schedule>) -> Self {
        Self { redis, schedule, connected: alarm_connections() }
    }

    /// Connects again whenever need be, and says so once for each time that it was cut off.
    pub(super) async fn run(&self) -> Infallible {
        let mut failed: u32 = 0;
        loop {
            match timeout(self.redis.timeout(), self.subscribe()).await {
                Ok(Ok(connection)) => {
                    info!("alarms that other replicas set are announced here");
                    self.connected.increment(1);
                    failed = 0;
                    let Err(cause) = self.listen(connection).await;
                    warn!(cause, "alarms that other replicas set are not announced here; they may ring late");
                }
                Ok(Err(cause)) if failed == 0 => warn!(cause, "cannot subscribe to alarms of other replicas"),
                Err(_) if failed == 0 => warn!("subscribing to alarms of other replicas takes too long"),
                _ => {}
            }
            failed = failed.saturating_add(1);
            sleep(BACKOFF.pause(failed)).await;
        }
    }

    async fn subscribe(&self) -> Result<(PubSubSink, PubSubStream), String> {
        let mut connection = self.redis.any_client().get_async_pubsub().await.map_err(|error| error.to_string())?;
        connection.subscribe(CHANNEL).await.map_err(|error| error.to_string())?;
        Ok(connection.split())
    }

    async fn listen(&self, (mut sink, mut messages): (PubSubSink, PubSubStream)) -> Result<Infallible, String> {
        self.schedule.look_everywhere(); // whatever was announced before
        let mut proofs = interval(PROOF);
        proofs.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = messages.next() => {
                    let message = message.ok_or("the connection ended")?;
                    self.hear(message.get_payload_bytes());
                }
                _ = proofs.tick() => match timeout(self.redis.timeout(), sink.ping::<redis::Value>()).await {
                    Ok(answer) => drop(answer.map_err(|error| error.to_string())?),
                    Err(_) => return Err("the connection is silent".to_owned()),
                },
            }
        }
    }

    fn hear(&self, announcement: &[u8]) {
        match read(announcement) {
            Some((shard, moment)) => self.schedule.hear(shard, moment),
            None => self.schedule.look_everywhere(),
        }
    }
}

/// A shard and its first moment.
fn read(announcement: &[u8]) -> Option<(usize, DateTime<Utc>)> {
    let (shard, moment) = std::str::from_utf8(announcement).ok()?.split_once(' ')?;
    Some((shard.parse().ok()?, DateTime::from_timestamp_micros(moment.parse().ok()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_names_a_shard_and_a_moment() {
        let moment = DateTime::from_timestamp(1_800_000_000, 5_000).unwrap();
        assert_eq!(read(b"3 1800000000000005"), Some((3, moment)));
        for wrong in [&b""[..], b"3", b"3 ", b"x 5", b"3 1e9", b"\xff 5", b"3 9223372036854775807"] {
            assert_eq!(read(wrong), None);
        }
    }
}
