//! Timers of all three kinds, the servers they need, and a clock that goes by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{AlarmTerms, Clock, Context, HoldAlarm, HoldTimer};
use onsale_domain::ids::{PerformanceId, ReservationId};
use onsale_local::{HoldTimerSettings, LocalHoldTimer};
use onsale_redis::{Redis, RedisHoldTimer, RedisHoldTimerSettings, RedisSettings};
use onsale_test_servers::{RedisCluster, RedisServer, private_redis, redis_cluster};
use onsale_tests::redis::tell;
use onsale_tests::store::TestIds;
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Runs each contract on every kind of timer, for functions that take a [`Subject`].
macro_rules! contracts {
    ($($name:ident),+ $(,)?) => {
        onsale_tests::on_every_kind!(
            $crate::support::Subject::local(),
            $crate::support::Subject::redis().await,
            $crate::support::Subject::cluster().await;
            $($name),+
        );
    };
}
pub(crate) use contracts;

/// Longer than any test: what a test waits for does not come by looking.
pub(crate) const LOOK: Duration = Duration::from_hours(2);

/// Leases of 30, 60 and 60 s, and an hour of death.
pub(crate) const TERMS: AlarmTerms = AlarmTerms {
    gather: Duration::ZERO,
    lease: Duration::from_secs(30),
    longest_lease: Duration::from_mins(1),
    tries: 3,
    dead_for: Duration::from_hours(1),
};

/// A timer that has never been used, and its clock.
pub(crate) struct Subject {
    pub(crate) timer: Arc<dyn HoldTimer>,
    pub(crate) clock: Arc<HandClock>,
    /// Of those who share a server, one at a time uses it.
    _turn: Option<MutexGuard<'static, ()>>,
}

impl Subject {
    pub(crate) fn local() -> Self {
        let clock = Arc::new(HandClock::default());
        let settings = HoldTimerSettings { terms: TERMS, ..HoldTimerSettings::default() };
        let timer = Arc::new(LocalHoldTimer::new(settings, clock.clone()));
        Self { timer, clock, _turn: None }
    }

    /// On the server that all tests share.
    pub(crate) async fn redis() -> Self {
        static SHARED: OnceCell<RedisServer> = OnceCell::const_new();
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        let url = SHARED.get_or_init(private_redis).await.url();
        tell(url, "FLUSHALL").await;
        Self { _turn: Some(turn), ..Self::at(url) }
    }

    /// On the Cluster that all tests share.
    pub(crate) async fn cluster() -> Self {
        static SHARED: OnceCell<RedisCluster> = OnceCell::const_new();
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        let cluster = SHARED.get_or_init(redis_cluster).await;
        for node in cluster.node_urls() {
            tell(&node, "FLUSHALL").await;
        }
        Self { _turn: Some(turn), ..Self::at(&cluster.url()) }
    }

    /// On a Redis of the test's own.
    pub(crate) fn at(url: &str) -> Self {
        let clock = Arc::new(HandClock::default());
        Self { timer: Arc::new(redis_timer(url, &clock)), clock, _turn: None }
    }

    pub(crate) async fn arm(&self, alarms: &[HoldAlarm]) {
        self.timer.arm(alarms).await.unwrap();
    }

    pub(crate) async fn ring(&self) -> Vec<HoldAlarm> {
        self.timer.ring(100).await.unwrap()
    }

    pub(crate) async fn acknowledge(&self, alarms: &[HoldAlarm]) {
        self.timer.acknowledge(alarms).await.unwrap();
    }

    /// From that second on `expected` rings, and nothing else.
    pub(crate) async fn rings_at(&self, second: i64, expected: &[HoldAlarm]) {
        self.clock.set(second);
        assert_eq!(self.ring().await, expected);
    }

    /// Up to that second nothing rings but what is set here for it.
    pub(crate) async fn stays_silent_until(&self, second: i64) {
        let witness = alarm(u128::MAX, second);
        self.arm(&[witness]).await;
        self.rings_at(second, &[witness]).await;
        self.acknowledge(&[witness]).await;
    }

    /// Every part of the timer has been looked at, and there is nothing to do.
    pub(crate) async fn settle(&self) {
        self.stays_silent_until(0).await;
    }
}

/// A timer of one replica.
pub(crate) fn redis_timer(url: &str, clock: &Arc<HandClock>) -> RedisHoldTimer {
    timer_of(&RedisSettings { timeout: Duration::from_secs(20), ..RedisSettings::new(url) }, clock)
}

pub(crate) fn timer_of(settings: &RedisSettings, clock: &Arc<HandClock>) -> RedisHoldTimer {
    let limits = RedisHoldTimerSettings { terms: TERMS, look: LOOK };
    RedisHoldTimer::new(Redis::new(settings).unwrap(), limits, Context::new(clock.clone(), Arc::new(TestIds)))
}

/// A replica that hears the others.
pub(crate) struct Replica {
    pub(crate) timer: Arc<RedisHoldTimer>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Replica {
    /// Once it hears the others.
    pub(crate) async fn on(url: &str, nodes: &[String], clock: &Arc<HandClock>) -> Self {
        let timer = Arc::new(redis_timer(url, clock));
        let (shutdown, running) = (CancellationToken::new(), timer.clone());
        let signal = shutdown.clone();
        let task = tokio::spawn(async move { running.run(signal).await.unwrap() });
        while !is_heard(nodes).await {
            tokio::task::yield_now().await;
        }
        Self { timer, shutdown, task }
    }

    pub(crate) async fn end(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }
}

/// Whether somebody listens at one of the nodes.
pub(crate) async fn is_heard(nodes: &[String]) -> bool {
    for node in nodes {
        if tell(node, "PUBSUB CHANNELS onsale:timer").await == "*1" {
            return true;
        }
    }
    false
}

/// A clock that stands until it is set.
#[derive(Default)]
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    /// Seconds from the beginning of the test.
    pub(crate) fn set(&self, second: i64) {
        self.0.store(second, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        at(self.0.load(Ordering::Relaxed))
    }
}

/// Not on a full second: moments are kept to the microsecond.
pub(crate) fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 1_000).unwrap() + TimeDelta::seconds(second)
}

/// An alarm of one of a hundred performances.
pub(crate) fn alarm(id: u128, second: i64) -> HoldAlarm {
    let performance = PerformanceId(Uuid::from_u128(id % 100));
    HoldAlarm { reservation: ReservationId(Uuid::from_u128(id)), performance, due: at(second) }
}

pub(crate) fn disarm(timer: &dyn HoldTimer, alarm: HoldAlarm) {
    timer.disarm_soon(alarm.performance, alarm.reservation);
}
