//! Onsale's alarm clock in Redis, alone in a process of its own.

use std::{
    env,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{Clock, Context, HoldAlarm, HoldTimer};
use onsale_crypto::{SystemClock, UuidIds};
use onsale_domain::ids::{PerformanceId, ReservationId};
use onsale_redis::{Redis, RedisHoldTimer, RedisHoldTimerSettings, RedisSettings};
use rustix::time::{ClockId, clock_gettime};
use tokio::{
    process::Command,
    sync::mpsc,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use super::{Played, Work, played};
use crate::Failure;

/// The word on the command line that turns this program into the alarm clock.
pub const COMMAND: &str = "ring-alarms";

/// Alarms that are set at once, and that a worker takes at once.
const BATCH: usize = 256;
const WORKERS: usize = 2;
/// How often those who arrive are counted.
const PACE: Duration = Duration::from_millis(5);

/// Starts this program again as the alarm clock and lets it play.
pub(super) async fn start(url: &str, work: Work) -> Result<Played, Failure> {
    let mut command = Command::new(env::current_exe()?);
    played(&command.arg(COMMAND).args(work.words(url)).kill_on_drop(true).output().await?)
}

/// Sets `due` alarms that ring within one second, `lead_ms` milliseconds from now, and `arrivals_per_second` that ring
/// much later; prints how late each rang in its worker, and the CPU time of this process.
///
/// # Errors
/// When Redis fails.
pub async fn play(url: &str, due: u32, arrivals_per_second: u32, lead_ms: u32) -> Result<(), Failure> {
    let context = Context::new(Arc::new(SystemClock), Arc::new(UuidIds));
    let redis = Redis::new(&RedisSettings::new(url))?;
    let timer = Arc::new(RedisHoldTimer::new(redis, RedisHoldTimerSettings::default(), context));
    let performance = PerformanceId(Uuid::now_v7());
    let (rang, mut late) = mpsc::channel(due as usize);
    let mut tasks = JoinSet::new();
    for _ in 0..WORKERS {
        tasks.spawn(work(Arc::clone(&timer), rang.clone()));
    }
    let first = SystemClock.now() + TimeDelta::milliseconds(lead_ms.into());
    let moment = |number: u32| first + TimeDelta::microseconds(i64::from(number) * 1_000_000 / i64::from(due));
    let alarms: Vec<_> = (0..due).map(|number| alarm(performance, moment(number))).collect();
    for batch in alarms.chunks(BATCH) {
        timer.arm(batch).await?;
    }
    tasks.spawn(arrive(timer, performance, arrivals_per_second));
    let mut lateness_ms = Vec::with_capacity(due as usize);
    while lateness_ms.len() < due as usize {
        tokio::select! {
            late = late.recv() => lateness_ms.push(late.ok_or("every worker has ended")?),
            Some(ended) = tasks.join_next() => ended??,
        }
    }
    println!("{}", serde_json::to_string(&Played { lateness_ms, cpu_seconds: cpu_seconds() })?);
    Ok(())
}

fn alarm(performance: PerformanceId, due: DateTime<Utc>) -> HoldAlarm {
    HoldAlarm { reservation: ReservationId(Uuid::now_v7()), performance, due }
}

async fn work(timer: Arc<RedisHoldTimer>, rang: mpsc::Sender<f64>) -> Result<(), Failure> {
    loop {
        let alarms = timer.ring(BATCH).await?;
        let now = Utc::now();
        for alarm in &alarms {
            rang.send((now - alarm.due).as_seconds_f64() * 1e3).await?;
        }
        timer.acknowledge(&alarms).await?;
    }
}

async fn arrive(timer: Arc<RedisHoldTimer>, performance: PerformanceId, per_second: u32) -> Result<(), Failure> {
    let (started, mut arrived) = (Instant::now(), 0);
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let by_now = f64::from(per_second) * started.elapsed().as_secs_f64();
        while f64::from(arrived) < by_now {
            timer.arm_soon(alarm(performance, SystemClock.now() + TimeDelta::hours(1)));
            arrived += 1;
        }
    }
}

/// CPU time of this process.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let whole = Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0));
    whole.as_secs_f64()
}
