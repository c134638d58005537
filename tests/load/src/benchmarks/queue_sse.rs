//! `queue-sse`: everybody follows their place, and 6,000 hear at once that they are let in.

mod streams;

use std::time::Duration;

use chrono::{DateTime, Utc};
use onsale_domain::{ids::WaitingRoomId, waiting_room::QueueNumber};
use onsale_sql::Statement;
use tokio::time::sleep;

use self::streams::{Notice, PlaceStream};
use super::{Bench, require_rows, site::Site};
use crate::{
    Failure, limits,
    report::{Report, Row},
    stage::room_terms,
    store::Store,
};

/// Open streams, each on a connection of its own.
const STREAMS: u32 = 15_000;
/// How many are let in at once, and after how many seconds the next.
const COUNT: u32 = 6_000;
const EVERY_SECONDS: f64 = 5.0;
/// How long the server is left alone before each look at its memory.
const QUIET: Duration = Duration::from_secs(3);

const NOTICE_LIMIT_MS: f64 = 200.0;
const STREAM_LIMIT_KB: f64 = 32.0;

/// Measures how long after their tick 6,000 of 15,000 who follow their places hear of it, and what an open stream costs.
///
/// # Errors
/// When a server fails or a stream ends early.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let count = u32::try_from(bench.scale.size(STREAMS).min(limits::connections()))?;
    let site = Site::open(bench).await?;
    let room = site.tenant.room(&room_terms(bench.scale.of(COUNT), EVERY_SECONDS)).await?;
    site.tenant.turn(room, "/pause").await?;
    let places = site.fill(&site.line(room).await?, count).await?;
    sleep(QUIET).await;
    let before = site.server.memory().await?;
    let streams = PlaceStream::open_all(site.server.address(), &site.store.place_tokens(room)?, &places).await?;
    sleep(QUIET).await;
    let after = site.server.memory().await?;
    let waiting = streams::until_admitted(streams);
    site.tenant.turn(room, "/resume").await?;
    let notices = waiting.await;
    let ticks = Ticks::load(&site.store, room).await?;
    require_rows("places let in", ticks.present, count.into())?;
    let lost = u64::from(count) - notices.len() as u64;
    let notice = Row::of_durations("hearing of it after the tick", ticks.delays_ms(&notices)?, 0.0);
    let peak = site.server.memory().await?;
    site.close(bench).await?;
    let stream_kb = (after.resident_mb - before.resident_mb) * 1e3 / f64::from(count);
    let p99 = notice.p99_ms;
    Ok(Report::new("queue-sse", notice)
        .figure("streams", f64::from(count))
        .figure("ticks", f64::from(u32::try_from(ticks.by_number.len())?))
        .figure("lost", f64::from(u32::try_from(lost)?))
        .figure("notice_p99_ms", p99)
        .figure("stream_kb", stream_kb)
        .figure("resident_mb_before", before.resident_mb)
        .figure("resident_mb_with_streams", after.resident_mb)
        .figure("resident_mb_after_the_ticks", peak.resident_mb)
        .target("p99 ≤ 200 ms from the tick to hearing of it", p99 <= NOTICE_LIMIT_MS)
        .target("none lost", lost == 0)
        .target("≤ 32 KB of the server's memory for each stream", stream_kb <= STREAM_LIMIT_KB))
}

/// When which numbers were let in.
struct Ticks {
    by_number: Vec<(QueueNumber, DateTime<Utc>)>,
    present: u64,
}

impl Ticks {
    async fn load(store: &Store, room: WaitingRoomId) -> Result<Self, Failure> {
        let text = "SELECT to_number, at, present FROM room_ticks WHERE room_id = ? ORDER BY to_number";
        let mut ticks = Self { by_number: Vec::new(), present: 0 };
        for row in &store.database.fetch_all(Statement::new(text).bind(room)).await? {
            ticks.by_number.push((row.get(0)?, row.get(1)?));
            ticks.present += u64::try_from(row.get::<i64>(2)?)?;
        }
        Ok(ticks)
    }

    fn delays_ms(&self, notices: &[Notice]) -> Result<Vec<f64>, Failure> {
        let delay = |notice: &Notice| {
            let tick = self.by_number.partition_point(|(to, _)| *to < notice.number);
            let (_, at) = self.by_number.get(tick).ok_or("a number was told to be let in and is not")?;
            Ok((notice.at - *at).as_seconds_f64() * 1e3)
        };
        notices.iter().map(delay).collect()
    }
}
