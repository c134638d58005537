//! `expiry-redis`: ten thousand holds end within one second while others arrive, with their alarms in Redis; and the
//! alarm clock alone beside `BullMQ`.

mod bullmq;
mod clock;

use std::time::Duration;

use onsale_test_servers as servers;
use serde::{Deserialize, Serialize};

pub use self::clock::{COMMAND, play};
use super::{Bench, expiry::Expired};
use crate::{
    Failure,
    redis_figures::RedisFigures,
    report::{Report, Row},
    store::StoreKind,
};

/// Alarms that ring within one second.
const DUE: u32 = 10_000;
/// Alarms a second that are set meanwhile, and ring much later.
const ARRIVALS_PER_SECOND: u32 = 200;
/// From the start of setting alarms until the first rings: enough for all of them to be set.
const LEAD: Duration = Duration::from_secs(8);

/// Measures how late holds are tidied by a server on MySQL and Redis, and how late an alarm rings in the same process
/// that set it: on Onsale's hold timer and on `BullMQ`, both with two workers on a Redis of their own.
///
/// # Errors
/// When a server fails, what was acknowledged is not what happened, or there is no Node.js.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let redis = servers::start_redis().await?;
    let expired = Expired::watch(bench, StoreKind::Mysql, &[("ONSALE_REDIS_URL", redis.url())]).await?;
    redis.stop().await?;
    let work = Work { due: bench.scale.of(DUE), arrivals_per_second: ARRIVALS_PER_SECOND, lead: LEAD };
    let onsale = Rang::measure(async |url| clock::start(url, work).await).await?;
    let bullmq = Rang::measure(async |url| bullmq::start(url, work).await).await?;
    let (ours, theirs) = (onsale.row("alarms of Onsale"), bullmq.row("alarms of BullMQ"));
    let (p99, cpu) = (ours.p99_ms / theirs.p99_ms, onsale.cpu_seconds() / bullmq.cpu_seconds());
    let all_rang = [&onsale, &bullmq].iter().all(|rang| rang.played.lateness_ms.len() == work.due as usize);
    Ok(expired
        .report("expiry-redis")
        .row(ours)
        .row(theirs)
        .figure("onsale_cpu_seconds", onsale.cpu_seconds())
        .figure("bullmq_cpu_seconds", bullmq.cpu_seconds())
        .figure("p99_of_bullmq", p99)
        .figure("cpu_of_bullmq", cpu)
        .target("every alarm rang", all_rang)
        .target("p99 ≤ a fifth of BullMQ's", p99 <= 0.2)
        .target("CPU time ≤ a fifth of BullMQ's", cpu <= 0.2))
}

/// What both sides do.
#[derive(Clone, Copy)]
pub(super) struct Work {
    due: u32,
    arrivals_per_second: u32,
    lead: Duration,
}

impl Work {
    /// As words on a command line.
    fn words(self, url: &str) -> [String; 4] {
        let Self { due, arrivals_per_second, lead } = self;
        [url.to_owned(), due.to_string(), arrivals_per_second.to_string(), lead.as_millis().to_string()]
    }
}

/// What a side says when it is done.
#[derive(Serialize, Deserialize)]
pub(super) struct Played {
    lateness_ms: Vec<f64>,
    /// Of its process, from its start.
    cpu_seconds: f64,
}

/// What came of one side.
struct Rang {
    played: Played,
    redis_cpu_seconds: f64,
}

impl Rang {
    /// Lets one side play on a Redis of its own.
    async fn measure(side: impl AsyncFnOnce(&str) -> Result<Played, Failure>) -> Result<Self, Failure> {
        let redis = servers::start_redis().await?;
        let mut figures = RedisFigures::connect(redis.url()).await?;
        let before = figures.cpu_seconds().await?;
        let played = side(redis.url()).await?;
        let redis_cpu_seconds = figures.cpu_seconds().await? - before;
        redis.stop().await?;
        Ok(Self { played, redis_cpu_seconds })
    }

    fn cpu_seconds(&self) -> f64 {
        self.played.cpu_seconds + self.redis_cpu_seconds
    }

    fn row(&self, label: &str) -> Row {
        let lateness = self.played.lateness_ms.clone();
        let last = lateness.iter().copied().fold(0.0, f64::max);
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 alarms")]
        let rate = lateness.len() as f64 / (1.0 + last / 1e3);
        Row::of_durations(label, lateness, rate)
    }
}

/// The last line of a side's output.
fn played(output: &std::process::Output) -> Result<Played, Failure> {
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(serde_json::from_str(text.lines().last().unwrap_or_default())?)
}
