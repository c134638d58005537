//! The alarm clock of holds, put together.

use std::sync::Arc;
use std::time::Duration;

use onsale_application::ports::{Clock, Context, HoldTimer};
use onsale_local::{HoldTimerSettings, LocalHoldTimer};
use onsale_redis::{Redis, RedisHoldTimer, RedisHoldTimerSettings};
use tracing::warn;

use super::not_zero;
use crate::configuration::Configuration;

/// How long alarms may take to reach Redis when the process stops; the sweep of another one sets those that do not.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// The alarm clock of holds: in Redis, or, for one process alone, in its own memory.
pub(crate) struct Alarms {
    /// Whichever it is.
    pub(crate) timer: Arc<dyn HoldTimer>,
    /// What hears other replicas, when it is in Redis.
    pub(crate) redis: Option<Arc<RedisHoldTimer>>,
}

impl Alarms {
    pub(super) fn new(
        configuration: &Configuration,
        redis: Option<Redis>,
        clock: Arc<dyn Clock>,
        context: Context,
    ) -> Self {
        let Some(redis) = redis else {
            let capacity = not_zero(configuration.holds.alarms);
            let settings = HoldTimerSettings { capacity, ..HoldTimerSettings::default() };
            return Self { timer: Arc::new(LocalHoldTimer::new(settings, clock)), redis: None };
        };
        let timer = Arc::new(RedisHoldTimer::new(redis, RedisHoldTimerSettings::default(), context));
        Self { timer: timer.clone(), redis: Some(timer) }
    }

    /// Sends what is still to be set or taken away.
    pub(super) async fn drain(&self) {
        if let Some(timer) = &self.redis
            && tokio::time::timeout(DRAIN_LIMIT, timer.drain()).await.is_err()
        {
            warn!(limit = ?DRAIN_LIMIT, "some alarms of holds did not reach Redis in time");
        }
    }
}
