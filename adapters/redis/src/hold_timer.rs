use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::{join_all, try_join_all};
use onsale_application::ports::{AlarmTerms, Context, DeadAlarms, HoldAlarm, HoldTimer, Unavailable};
use onsale_domain::ids::{PerformanceId, ReservationId};
use onsale_support::lanes::{LaneLimits, Lanes};
use onsale_support::timer::TimerMetrics;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

mod listener;
mod member;
mod schedule;
mod scripts;
mod setter;

use listener::Listener;
use member::{Member, SHARDS};
use schedule::{Ask, Schedule};
use scripts::{Rung, Shards};
use setter::{Change, Setter};

use crate::server::Redis;

/// Where a script says that an alarm is due before all others of its shard.
const CHANNEL: &str = "onsale:timer";
/// Alarms in one script: well below a millisecond of Redis.
const BATCH: usize = 256;

/// The limits of the timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedisHoldTimerSettings {
    /// How long a rung alarm stays away, and when it is given up; the same on every replica.
    pub terms: AlarmTerms,
    /// How long a shard is left alone at most, give or take a quarter: by so much an alarm is late when its announcement
    /// was lost or the replica that had leased it has died. Default 5 s: eight short scripts.
    pub look: Duration,
}

impl Default for RedisHoldTimerSettings {
    fn default() -> Self {
        Self { terms: AlarmTerms::default(), look: Duration::from_secs(5) }
    }
}

/// The alarm clock of holds in Redis, which every replica shares; about 150 bytes for each alarm.
///
/// Nothing beats: a ringer sleeps until the next alarm of any shard is due, is woken when this process or, by an
/// announcement, another one sets an earlier alarm, and looks now and then at what nobody told. Each step is a script, so
/// an alarm is leased to one ringer, wherever it is. Alarms that are set at the same time share a script.
pub struct RedisHoldTimer {
    shards: Arc<Shards>,
    schedule: Arc<Schedule>,
    changes: Lanes<usize, Setter>,
    listener: Listener,
    context: Context,
    lost: Notify,
    metrics: TimerMetrics,
}

impl RedisHoldTimer {
    /// A timer in `redis`. A recorder of metrics must be installed before, or nothing is recorded.
    #[must_use]
    pub fn new(redis: Redis, settings: RedisHoldTimerSettings, context: Context) -> Self {
        let metrics = TimerMetrics::new();
        let shards = Arc::new(Shards::new(redis.clone(), &settings.terms));
        let schedule = Arc::new(Schedule::new(settings.look, settings.terms.gather()));
        // One group of a shard at a time: the next forms meanwhile, and changes keep their order.
        let limits = LaneLimits { group: BATCH, in_flight: 1, ..LaneLimits::default() };
        let setter = Setter::new(Arc::clone(&shards), Arc::clone(&schedule), metrics.clone());
        Self {
            changes: Lanes::new("hold_timer", limits, setter),
            listener: Listener::new(redis, Arc::clone(&schedule)),
            shards,
            schedule,
            context,
            lost: Notify::new(),
            metrics,
        }
    }

    /// Hears of alarms that other replicas set until `shutdown`. Without it they may ring late, by the look at most.
    ///
    /// # Errors
    /// None.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), Infallible> {
        match shutdown.run_until_cancelled(self.listener.run()).await {
            None => Ok(()),
            Some(never) => match never {},
        }
    }

    /// Takes no more changes and waits until those that were taken are in Redis, or have failed.
    pub async fn drain(&self) {
        self.changes.drain().await;
    }

    async fn change(&self, change: Change) -> Result<(), Unavailable> {
        match self.changes.submit(change.member.shard(), change).await {
            Ok(outcome) => outcome,
            Err(error) => {
                if change.due.is_some() {
                    self.metrics.dropped.increment(1);
                }
                Err(Unavailable::because(error))
            }
        }
    }

    /// Puts a change into its lane and leaves: whether it came to something is known there.
    fn change_soon(&self, change: Change) {
        drop(self.change(change).now_or_never());
    }

    /// Asks shards at the same time; what they have rung together.
    async fn ask(&self, asks: Vec<Ask>, limit: usize) -> Result<Vec<HoldAlarm>, Unavailable> {
        let now = self.context.now();
        let most = (limit / asks.len()).clamp(1, BATCH);
        let answers = join_all(asks.iter().map(|ask| self.shards.ring(ask.shard, now, most, ask.look))).await;
        if answers.iter().flatten().any(|rung| rung.lost) {
            warn!("Redis is a new one or was emptied: alarms of holds are set again from the database");
            self.lost.notify_one();
        }
        let mut alarms = Vec::new();
        let mut failure = None;
        for (ask, answer) in asks.into_iter().zip(answers) {
            match answer {
                Ok(rung) => alarms.extend(self.hear_answer(ask, rung)),
                Err(error) => failure = Some(self.hear_failure(ask, error)),
            }
        }
        let (known, dead) = self.schedule.counts();
        self.metrics.count(known, dead);
        alarms.sort_unstable_by_key(|alarm| (alarm.due, alarm.reservation));
        match failure {
            Some(error) if alarms.is_empty() && self.schedule.all_fail() => Err(error),
            _ => Ok(alarms),
        }
    }

    fn hear_answer(&self, ask: Ask, rung: Rung) -> Vec<HoldAlarm> {
        let now = self.context.now();
        if self.schedule.answered(ask, &rung, now, self.context.random()) {
            info!(shard = ask.shard, "a part of the hold timer answers again");
        }
        self.metrics.leases_returned.increment(rung.returned);
        self.metrics.died.increment(rung.died);
        for alarm in &rung.alarms {
            self.metrics.lateness.record((now - alarm.due).to_std().unwrap_or_default());
        }
        rung.alarms
    }

    fn hear_failure(&self, ask: Ask, error: Unavailable) -> Unavailable {
        if self.schedule.failed(ask, self.context.now(), self.context.random()) {
            warn!(shard = ask.shard, %error, "a part of the hold timer gives no answer");
        }
        error
    }
}

#[async_trait]
impl HoldTimer for RedisHoldTimer {
    async fn arm(&self, alarms: &[HoldAlarm]) -> Result<(), Unavailable> {
        try_join_all(alarms.iter().map(|alarm| self.change(change(alarm)))).await.map(drop)
    }

    fn arm_soon(&self, alarm: HoldAlarm) {
        self.change_soon(change(&alarm));
    }

    fn disarm_soon(&self, performance: PerformanceId, reservation: ReservationId) {
        self.change_soon(Change { member: Member { performance, reservation }, due: None });
    }

    /// A `limit` of 0 counts as 1. Dropping the returned future while Redis is asked may leave alarms leased: they come
    /// back. As long as one shard of several answers, the others keep nobody waiting.
    async fn ring(&self, limit: usize) -> Result<Vec<HoldAlarm>, Unavailable> {
        let limit = limit.max(1);
        loop {
            let asks = self.schedule.wait(|| self.context.now(), limit).await;
            let rung = self.ask(asks, limit).await?;
            if !rung.is_empty() {
                // Whoever still waits looks anew at what is due next: nobody else may be there when it is.
                self.schedule.wake();
                return Ok(rung);
            }
        }
    }

    async fn acknowledge(&self, rung: &[HoldAlarm]) -> Result<(), Unavailable> {
        let mut shards: HashMap<usize, Vec<(Member, i64)>> = HashMap::new();
        for alarm in rung {
            let member = member(alarm);
            shards.entry(member.shard()).or_default().push((member, alarm.due.timestamp_micros()));
        }
        let chunks = shards.iter().flat_map(|(shard, alarms)| alarms.chunks(BATCH).map(|chunk| (*shard, chunk)));
        let told = join_all(chunks.map(|(shard, chunk)| self.shards.acknowledge(shard, chunk))).await;
        told.into_iter().collect()
    }

    async fn lost(&self) {
        self.lost.notified().await;
    }

    async fn dead(&self, limit: usize) -> Result<DeadAlarms, Unavailable> {
        let mut all = DeadAlarms::default();
        for shard in try_join_all((0..SHARDS).map(|shard| self.shards.dead(shard, limit.clamp(1, BATCH)))).await? {
            all.known += shard.known;
            all.dead += shard.dead;
            all.some.extend(shard.some);
        }
        all.some.truncate(limit);
        Ok(all)
    }
}

const fn member(alarm: &HoldAlarm) -> Member {
    Member { performance: alarm.performance, reservation: alarm.reservation }
}

const fn change(alarm: &HoldAlarm) -> Change {
    Change { member: member(alarm), due: Some(alarm.due) }
}
