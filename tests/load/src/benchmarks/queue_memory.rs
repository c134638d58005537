//! `queue-memory`: what a million who wait cost.

use std::sync::Arc;

use onsale_domain::ids::WaitingRoomId;
use onsale_local::LocalPlaces;
use onsale_test_servers as servers;
use serde_json::json;

use super::{Bench, require, require_rows, site::UNLIMITED};
use crate::{
    Failure,
    line::{Line, in_redis},
    load::{Load, Outcome, Until},
    onsale::{self, Memory, Onsale},
    prepared::Prepared,
    redis_figures::RedisFigures,
    report::{Report, Row},
    stage::{Stage, Tenant, room_path, room_terms},
    store::{StoreKind, Stores},
    visitors::newcomer,
};

const LINE: u32 = 1_000_000;
/// How many enter before the names that they were given are dropped, so that these are not counted.
const AT_ONCE: u32 = 10_000;
const CONNECTIONS: usize = 64;

const LIMIT_BYTES: f64 = 150.0;

/// Measures the memory of each of a million visitors: of the line in a process, of the embedded server as a whole, and
/// of the line in Redis.
///
/// # Errors
/// When a server fails, fewer wait than should, or where there is no `/proc`.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let count = bench.scale.of(LINE);
    let local = local(count).await?;
    let redis = Redis::measure(count).await?;
    let server = Embedded::measure(bench, count).await?;
    Ok(Report::new("queue-memory", Row::new("entering, embedded server", &server.entered))
        .figure("visitors", f64::from(count))
        .figure("redis_bytes", redis.used)
        .figure("redis_bytes_of_the_line", redis.line)
        .figure("local_bytes", local)
        .figure("embedded_server_bytes", server.bytes)
        .target("≤ 150 bytes each in Redis", redis.used <= LIMIT_BYTES)
        .target("≤ 150 bytes each in process", local <= LIMIT_BYTES)
        .target("≤ 150 bytes each in the embedded server, with all that it keeps", server.bytes <= LIMIT_BYTES))
}

/// Bytes of this process for each visitor; nothing else may happen in it meanwhile.
async fn local(count: u32) -> Result<f64, Failure> {
    let line = Line::begin(Arc::new(LocalPlaces::default())).await?;
    line.enter(1).await?;
    let before = Memory::of("self").await?;
    enter(&line, count).await?;
    let after = Memory::of("self").await?;
    require_rows("places", line.count().await?.0, u64::from(count) + 1)?;
    line.clear().await?;
    Ok((after.anonymous_mb - before.anonymous_mb) * 1e6 / f64::from(count))
}

async fn enter(line: &Line, count: u32) -> Result<(), Failure> {
    for _ in 0..count / AT_ONCE {
        line.enter(AT_ONCE).await?;
    }
    Ok(())
}

/// Bytes of Redis for each visitor.
struct Redis {
    used: f64,
    line: f64,
}

impl Redis {
    async fn measure(count: u32) -> Result<Self, Failure> {
        let redis = servers::start_redis().await?;
        let mut figures = RedisFigures::connect(redis.url()).await?;
        let line = Line::begin(in_redis(redis.url())?).await?;
        line.enter(1).await?;
        let before = figures.memory_bytes().await?;
        enter(&line, count).await?;
        let after = figures.memory_bytes().await?;
        require_rows("places", line.count().await?.0, u64::from(count) + 1)?;
        let bytes_of_line = figures.line_bytes(line.room()).await?;
        line.clear().await?;
        redis.stop().await?;
        let each = |bytes: u64| u32::try_from(bytes).map(|bytes| f64::from(bytes) / f64::from(count));
        Ok(Self { used: each(after.saturating_sub(before))?, line: each(bytes_of_line)? })
    }
}

/// Bytes of a server for each visitor.
struct Embedded {
    bytes: f64,
    entered: Vec<Outcome>,
}

impl Embedded {
    async fn measure(bench: &Bench, count: u32) -> Result<Self, Failure> {
        let store = Stores::start(StoreKind::Sqlite, std::time::Duration::ZERO).await?.create().await?;
        let server = Onsale::start(&bench.binary, &store.settings, &UNLIMITED).await?;
        let tenant = Stage { server: server.address(), operator: &store.operator }.tenant().await?;
        let room = tenant.room(&room_terms(1, 1.0)).await?;
        tenant.turn(room, "/pause").await?;
        let entries = |entries| load(&server, &tenant, room, entries);
        let mut entered = vec![entries(AT_ONCE).await?]; // connections and buffers are there then
        let before = server.memory().await?;
        for _ in 0..count / AT_ONCE {
            entered.push(entries(AT_ONCE).await?);
        }
        let after = server.memory().await?;
        let last = store.room_number(room, "ceiling").await?;
        let waiting = u64::from(AT_ONCE) + u64::from(count / AT_ONCE * AT_ONCE);
        if last < waiting {
            return Err(format!("{waiting} wait above a ceiling of {last}").into());
        }
        server.stop().await?;
        onsale::audit(&bench.binary, &store.settings).await?;
        Ok(Self { bytes: (after.anonymous_mb - before.anonymous_mb) * 1e6 / f64::from(count), entered })
    }
}

async fn load(server: &Onsale, tenant: &Tenant, room: WaitingRoomId, count: u32) -> Result<Outcome, Failure> {
    let (path, mut requests) = (room_path(room, "/tokens"), Prepared::default());
    for _ in 0..count {
        let body = json!({"visitor_id": newcomer().as_str()}).to_string();
        requests.add("POST", &path, &tenant.headers(), body.as_bytes());
    }
    let load = Load::new(server.address(), CONNECTIONS, Until::Requests(count.into()));
    let outcome = load.run(Arc::new(requests)).await?;
    require(&outcome, &[201])?;
    Ok(outcome)
}
