//! `timer-arm`: setting the alarms of holds in Redis.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use onsale_application::ports::{Clock, Context, HoldAlarm, HoldTimer};
use onsale_crypto::{SystemClock, UuidIds};
use onsale_domain::ids::{PerformanceId, ReservationId};
use onsale_redis::{Redis, RedisHoldTimer, RedisHoldTimerSettings, RedisSettings};
use onsale_test_servers as servers;
use redis::{Client, aio::MultiplexedConnection, cmd, pipe};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Bench;
use crate::{Failure, report::Report, timings::Timings};

/// Holds that are made at the same time: each sets one alarm and waits until it is set.
const HOLDERS: usize = 1_024;
/// Commands of one raw pipeline: as many as the alarms of one script.
const PIPELINE: usize = 256;
/// Performances on sale.
const PERFORMANCES: usize = 16;

/// Measures alarms set per second against a sorted set's raw, pipelined `ZADD` of as many bytes.
///
/// # Errors
/// When Redis fails.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let redis = servers::start_redis().await?;
    let context = Context::new(Arc::new(SystemClock), Arc::new(UuidIds));
    let connected = Redis::new(&RedisSettings::new(redis.url()))?;
    let timer = Arc::new(RedisHoldTimer::new(connected, RedisHoldTimerSettings::default(), context));
    let mut raw = Client::open(redis.url())?.get_multiplexed_async_connection().await?;
    arm(&timer, bench.scale.run / 4).await?;
    add(&mut raw, bench.scale.run / 4).await?;
    let (mut armed, mut added) = (Timings::default(), Timings::default());
    for pair in 0..bench.scale.pairs {
        cmd("FLUSHALL").exec_async(&mut raw).await?;
        let turns = [pair % 2 == 0, pair % 2 == 1];
        for is_raw in turns {
            if is_raw {
                added.note(add(&mut raw, bench.scale.run).await?);
            } else {
                armed.note(arm(&timer, bench.scale.run).await?);
            }
        }
    }
    redis.stop().await?;
    let ratio = armed.ratio(&added);
    Ok(Report::new("timer-arm", armed.row("onsale"))
        .row(added.row("raw ZADD, pipelines of 256"))
        .figure("ratio", ratio)
        .target("ratio ≥ 0.5", ratio >= 0.5))
}

/// Sets alarms for the time `run`: how many a second, and how long each took.
async fn arm(timer: &Arc<RedisHoldTimer>, run: Duration) -> Result<(f64, Vec<f64>), Failure> {
    let performances: Arc<[PerformanceId]> = (0..PERFORMANCES).map(|_| PerformanceId(Uuid::now_v7())).collect();
    let (started, armed) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let mut holders = JoinSet::new();
    for holder in 0..HOLDERS {
        let (timer, performances, armed) = (Arc::clone(timer), Arc::clone(&performances), Arc::clone(&armed));
        holders.spawn(async move {
            let mut milliseconds = Vec::new();
            while started.elapsed() < run {
                let asked = Instant::now();
                timer.arm(&[alarm(performances[holder % PERFORMANCES])]).await?;
                milliseconds.push(asked.elapsed().as_secs_f64() * 1e3);
                armed.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Failure>(milliseconds)
        });
    }
    let mut milliseconds = Vec::new();
    while let Some(holder) = holders.join_next().await {
        milliseconds.extend(holder??);
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 alarms")]
    let count = armed.load(Ordering::Relaxed) as f64;
    Ok((count / started.elapsed().as_secs_f64(), milliseconds))
}

fn alarm(performance: PerformanceId) -> HoldAlarm {
    let due = SystemClock.now() + TimeDelta::hours(1);
    HoldAlarm { reservation: ReservationId(Uuid::now_v7()), performance, due }
}

/// Adds members of an alarm's size for the time `run`: how many a second, and how long each pipeline took.
async fn add(redis: &mut MultiplexedConnection, run: Duration) -> Result<(f64, Vec<f64>), Failure> {
    let (started, mut added, mut milliseconds) = (Instant::now(), 0_u32, Vec::new());
    while started.elapsed() < run {
        let asked = Instant::now();
        let mut pipeline = pipe();
        for _ in 0..PIPELINE {
            let member = [*Uuid::now_v7().as_bytes(), *Uuid::now_v7().as_bytes()].concat();
            pipeline.cmd("ZADD").arg("raw").arg(Utc::now().timestamp_micros()).arg(member).ignore();
        }
        pipeline.exec_async(redis).await?;
        milliseconds.push(asked.elapsed().as_secs_f64() * 1e3);
        added += u32::try_from(PIPELINE)?;
    }
    Ok((f64::from(added) / started.elapsed().as_secs_f64(), milliseconds))
}
