//! `footprint`: how fast the embedded server is ready, and how much memory it takes.

use std::time::Duration;

use tokio::time::sleep;

use super::{Bench, sales::Sales};
use crate::{
    Failure,
    onsale::{Memory, Onsale},
    report::{Report, Row},
    store::{Settings, StoreKind, Stores, embedded},
};

/// 200,000 seats are held before the second look.
const HALLS: usize = 4;
const SEATS: u32 = 50_000;
/// How long a server is left alone before the first look.
const IDLE: Duration = Duration::from_secs(10);
/// A hall takes seconds; this is for machines that are very busy.
const HOLDING_LIMIT: Duration = Duration::from_mins(2);

const READY_LIMIT_MS: f64 = 500.0;
const IDLE_LIMIT_MB: f64 = 40.0;
const HELD_LIMIT_MB: f64 = 150.0;

/// Measures the time from starting the process to readiness, and resident memory, idle and after 200,000 holds.
///
/// # Errors
/// When a server fails, or where there is no `/proc`.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let mut empty = Vec::new();
    for _ in 0..bench.scale.pairs {
        let folder = tempfile::tempdir()?;
        empty.push(ready_ms(bench, &embedded(folder.path())).await?);
    }
    let idle = idle(bench).await?;
    let stores = Stores::start(StoreKind::Sqlite, Duration::ZERO).await?;
    let mut sales = Sales::prepare(bench, &stores, &[], HALLS, bench.scale.of(SEATS)).await?;
    let mut holds = Vec::new();
    for _ in 0..HALLS {
        holds.push(sales.hold(HOLDING_LIMIT).await?);
    }
    let held = sales.server.memory().await?;
    let store = sales.finish(bench).await?;
    let mut filled = Vec::new();
    for _ in 0..bench.scale.pairs {
        filled.push(ready_ms(bench, &store.settings).await?);
    }
    let (empty, filled) = (row("ready, empty folder", empty), row("ready, after the holds", filled));
    Ok(report(empty, filled, idle, held).row(Row::new("the holds", &holds)))
}

fn report(empty: Row, filled: Row, idle: Memory, held: Memory) -> Report {
    let slowest = empty.max_ms.max(filled.max_ms);
    Report::new("footprint", empty)
        .row(filled)
        .figure("ready_ms", slowest)
        .figure("idle_mb", idle.resident_mb)
        .figure("idle_anonymous_mb", idle.anonymous_mb)
        .figure("held_mb", held.resident_mb)
        .figure("held_anonymous_mb", held.anonymous_mb)
        .target("ready ≤ 0.5 s after every start", slowest <= READY_LIMIT_MS)
        .target("idle ≤ 40 MB", idle.resident_mb <= IDLE_LIMIT_MB)
        .target("after the holds ≤ 150 MB", held.resident_mb <= HELD_LIMIT_MB)
}

/// Starts, one after the other.
fn row(label: &str, milliseconds: Vec<f64>) -> Row {
    let seconds = milliseconds.iter().sum::<f64>() / 1e3;
    let starts = milliseconds.iter().map(|_| 1.0).sum::<f64>();
    Row::of_durations(label, milliseconds, starts / seconds)
}

/// The memory of a server with nothing to do and nothing in its folder.
async fn idle(bench: &Bench) -> Result<Memory, Failure> {
    let folder = tempfile::tempdir()?;
    let server = Onsale::start(&bench.binary, &embedded(folder.path()), &[]).await?;
    sleep(IDLE).await;
    let memory = server.memory().await?;
    server.stop().await?;
    Ok(memory)
}

/// Starts a server, stops it again, and says how many milliseconds it took to be ready.
async fn ready_ms(bench: &Bench, settings: &Settings) -> Result<f64, Failure> {
    let server = Onsale::start(&bench.binary, settings, &[]).await?;
    let ready = server.ready_after();
    server.stop().await?;
    Ok(ready.as_secs_f64() * 1e3)
}
