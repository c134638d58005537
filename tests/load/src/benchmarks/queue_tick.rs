//! `queue-tick`: the next 6,000 of a million are let in, again and again.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use onsale_domain::{ids::WaitingRoomId, waiting_room::QueueNumber};
use onsale_sql::Statement;
use onsale_test_servers as servers;

use super::{Bench, require, require_rows, site::Site};
use crate::{
    Failure,
    line::{Line, in_redis},
    load::{Load, Outcome, Until},
    polls::Polls,
    redis_figures::RedisFigures,
    report::{Report, Row},
    stage::room_terms,
    store::Store,
};

const LINE: u32 = 1_000_000;
const COUNT: u32 = 6_000;
/// Ticks of the running server, one a second.
const TICKS: u32 = 120;
const EVERY: TimeDelta = TimeDelta::seconds(1);

/// Others ask meanwhile how it goes: far behind, a million every eight minutes.
const POLLS_PER_SECOND: f64 = 2_000.0;
const ASKING: u32 = 100_000;
const CONNECTIONS: usize = 16;

const REDIS_LIMIT_MS: f64 = 20.0;
const LATENESS_LIMIT_MS: f64 = 50.0;

/// Measures what letting 6,000 of 1,000,000 in takes in Redis, and how late a running server does it every second.
///
/// # Errors
/// When a server fails or not exactly 6,000 were let in each time.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let steps = Steps::measure(bench.scale.of(LINE), bench.scale.of(COUNT)).await?;
    let site = Site::open(bench).await?;
    let room = site.tenant.room(&room_terms(bench.scale.of(COUNT), 1.0)).await?;
    site.tenant.turn(room, "/pause").await?;
    let places = site.fill(&site.line(room).await?, bench.scale.of(LINE)).await?;
    let ticks = bench.scale.of(TICKS);
    let behind = &places[(bench.scale.of(COUNT) * (ticks + 10)) as usize..];
    let polls = Arc::new(Polls::new(&site.store.place_tokens(room)?, behind, bench.scale.size(ASKING))?);
    site.tenant.turn(room, "/resume").await?;
    let time = Duration::from_secs(u64::from(ticks) + 1);
    let load = Load::new(site.server.address(), CONNECTIONS, Until::Elapsed(time)).at(POLLS_PER_SECOND);
    let polled = load.run(polls.clone()).await?;
    require(&polled, &[200])?;
    require_rows("answers", polls.take_waiting(), polled.requests())?;
    site.tenant.turn(room, "/pause").await?;
    let lateness = lateness_ms(&site.store, room, bench.scale.of(COUNT)).await?;
    if lateness.len() + 1 < ticks as usize {
        return Err(format!("{} ticks in {ticks} seconds", lateness.len() + 1).into());
    }
    site.close(bench).await?;
    Ok(report(steps, lateness, polled))
}

fn report(steps: Steps, lateness: Vec<f64>, polled: Outcome) -> Report {
    let (front, forget, both) = steps.rows();
    let lateness = Row::of_durations("ticks after they were due", lateness, 1.0);
    let (in_redis, late) = (both.p99_ms, lateness.p99_ms);
    Report::new("queue-tick", lateness)
        .row(both)
        .row(front)
        .row(forget)
        .row(Row::new("who asks meanwhile", &[polled]))
        .figure("redis_p99_ms", in_redis)
        .figure("lateness_p99_ms", late)
        .target("p99 in Redis ≤ 20 ms", in_redis <= REDIS_LIMIT_MS)
        .target("p99 of lateness ≤ 50 ms", late <= LATENESS_LIMIT_MS)
}

/// How late each tick was: it is due one interval after the one before it. Each must have let exactly `count` in.
async fn lateness_ms(store: &Store, room: WaitingRoomId, count: u32) -> Result<Vec<f64>, Failure> {
    let text = "SELECT at, present FROM room_ticks WHERE room_id = ? ORDER BY tick_no";
    let rows = store.database.fetch_all(Statement::new(text).bind(room)).await?;
    let mut ticks: Vec<DateTime<Utc>> = Vec::with_capacity(rows.len());
    for row in &rows {
        require_rows("visitors of a tick", u64::try_from(row.get::<i64>(1)?)?, count.into())?;
        ticks.push(row.get(0)?);
    }
    Ok(ticks.windows(2).map(|pair| (pair[1] - pair[0] - EVERY).as_seconds_f64() * 1e3).collect())
}

fn milliseconds(before: Duration, after: Duration) -> f64 {
    after.saturating_sub(before).as_secs_f64() * 1e3
}

/// Times in Redis, as it counts them itself.
#[derive(Default)]
struct Steps {
    front_ms: Vec<f64>,
    forget_ms: Vec<f64>,
}

impl Steps {
    /// Lets everybody of a line in, `count` at a time; the server does no more in Redis for it.
    async fn measure(line: u32, count: u32) -> Result<Self, Failure> {
        let redis = servers::start_redis().await?;
        let mut figures = RedisFigures::connect(redis.url()).await?;
        let places = Line::begin(in_redis(redis.url())?).await?;
        places.enter(line).await?;
        let (mut steps, mut serving): (_, QueueNumber) = (Self::default(), 0);
        for _ in 0..line / count {
            let before = figures.script_time().await?;
            let front = places.front(serving, count).await?;
            let between = figures.script_time().await?;
            places.forget(front.to).await?;
            let after = figures.script_time().await?;
            require_rows("visitors of a tick", u64::try_from(front.present)?, count.into())?;
            serving = front.to;
            steps.front_ms.push(milliseconds(before, between));
            steps.forget_ms.push(milliseconds(between, after));
        }
        require_rows("places", places.count().await?.0, u64::from(line % count))?;
        redis.stop().await?;
        Ok(steps)
    }

    fn rows(self) -> (Row, Row, Row) {
        let both = self.front_ms.iter().zip(&self.forget_ms).map(|(front, forget)| front + forget).collect();
        let row = |label: &str, times: Vec<f64>| {
            let (count, seconds) = (times.iter().map(|_| 1.0).sum::<f64>(), times.iter().sum::<f64>() / 1e3);
            Row::of_durations(label, times, count / seconds)
        };
        let both = row("in Redis, for one tick", both);
        (row("of that, finding the front", self.front_ms), row("of that, forgetting it", self.forget_ms), both)
    }
}
