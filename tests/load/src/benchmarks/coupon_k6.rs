//! `coupon-k6`: thousands of virtual users of k6 ask for coupons of one campaign.
//!
//! 500 users at the start, 3,000 after 10 s, as many for 20 s, none after 10 s more; each asks once a second, every time
//! as another customer. k6 works on the same processors as the servers that it asks: its share is in the report.

mod program;

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::fs;

use self::program::{K6, Seen, Stages};
use super::{Bench, giveaway::Giveaway, require_rows};
use crate::{
    Failure,
    bare::Bare,
    cpu,
    customers::Customer,
    limits,
    load::Until,
    report::{Report, Row},
    stage::coupons_path,
    store::{StoreKind, Stores},
};

/// The users of the whole benchmark.
const START_USERS: u32 = 500;
const USERS: u32 = 3_000;
const RAMP_UP_SECONDS: u32 = 10;
const PEAK_SECONDS: u32 = 20;
const RAMP_DOWN_SECONDS: u32 = 10;
/// Coupons of the campaign, and customers: more than the 92,500 requests that the users can make.
const COUPONS: u32 = 110_000;
/// 99 of 100 answers take no longer.
const LIMIT_MS: f64 = 100.0;
/// How much of what the users are to ask must have been asked; a generator that falls behind measures something else.
const ASKED: f64 = 0.97;

/// Measures, as k6 sees it, how long coupons take, and the same of bare.
///
/// # Errors
/// When a server or k6 fails, or what was acknowledged is not what happened; where there is no `/proc`.
pub async fn run(bench: &Bench, k6: Option<&Path>) -> Result<Report, Failure> {
    let (k6, scale) = (K6::find(k6).await?, bench.scale);
    let stages = Stages {
        start_users: scale.of(START_USERS),
        users: scale.of(USERS),
        ramp_up_seconds: scale.of(RAMP_UP_SECONDS),
        peak_seconds: scale.of(PEAK_SECONDS),
        ramp_down_seconds: scale.of(RAMP_DOWN_SECONDS),
    };
    require_files(stages.users)?;
    let stores = Stores::start(StoreKind::Mysql, Duration::ZERO).await?;
    let giveaway = Giveaway::prepare(bench, &stores, &[], scale.of(COUPONS)).await?;
    giveaway.give_out(Until::Elapsed(scale.run / 3)).await?;
    let authorizations = Authorizations::write(&giveaway.sign_in()).await?;
    let of_bare = ask_bare(&k6, stages, &giveaway, &authorizations).await?;
    let campaign = giveaway.campaign().await?;
    let url = format!("http://{}{}", giveaway.server.address(), coupons_path(&campaign));
    let (before, work) = (giveaway.server.cpu_seconds().await?, Work::begin().await?);
    let seen = k6.run(stages, &url, &authorizations.file()).await?;
    let work = work.end(before, giveaway.server.cpu_seconds().await?).await?;
    let (rows, issued) = giveaway.store.coupons_of(&campaign).await?;
    require_rows("coupons counted by their campaign", rows, issued)?;
    giveaway.finish(bench).await?;
    Ok(report(stages, &seen, &of_bare, &work, rows))
}

fn require_files(users: u32) -> Result<(), Failure> {
    if limits::connections() < users as usize {
        return Err(format!("{users} users need as many open files; raise the limit (`ulimit -n`)").into());
    }
    Ok(())
}

/// What k6 sees when an answer costs the server next to nothing.
async fn ask_bare(
    k6: &K6,
    stages: Stages,
    giveaway: &Giveaway,
    authorizations: &Authorizations,
) -> Result<Seen, Failure> {
    let (path, _, reply) = giveaway.give_one().await?;
    let bare = Bare::start("POST", &path, &reply).await?;
    let seen = k6.run(stages, &format!("http://{}{path}", bare.address()), &authorizations.file()).await?;
    bare.stop().await?;
    Ok(seen)
}

/// What proves who asks, in a file that goes with the benchmark and that nobody else may read.
struct Authorizations(TempDir);

impl Authorizations {
    /// A line for each customer.
    async fn write(customers: &[Customer]) -> Result<Self, Failure> {
        let folder = Self(tempfile::tempdir()?);
        let mut lines = String::new();
        for customer in customers {
            writeln!(lines, "{}", customer.authorization())?;
        }
        fs::write(folder.file(), lines).await?;
        Ok(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("authorizations.txt")
    }
}

/// Who kept how many processors busy, on average.
struct Work {
    k6: f64,
    server: f64,
    /// Those two, the database, and whoever else was at work.
    machine: f64,
}

/// Processor time before some work.
struct WorkBegun {
    at: Instant,
    children: f64,
    machine: f64,
}

impl Work {
    async fn begin() -> Result<WorkBegun, Failure> {
        let (children, machine) = (cpu::seconds_of_ended_children().await?, cpu::seconds_of_machine().await?);
        Ok(WorkBegun { at: Instant::now(), children, machine })
    }
}

impl WorkBegun {
    /// k6 is the only process of this one that has ended meanwhile.
    async fn end(self, server_before: f64, server_after: f64) -> Result<Work, Failure> {
        let seconds = self.at.elapsed().as_secs_f64();
        Ok(Work {
            k6: (cpu::seconds_of_ended_children().await? - self.children) / seconds,
            server: (server_after - server_before) / seconds,
            machine: (cpu::seconds_of_machine().await? - self.machine) / seconds,
        })
    }
}

fn row(label: &str, seen: &Seen) -> Row {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 requests")]
    let requests_per_second = seen.requests as f64 / seen.seconds;
    Row {
        label: label.to_owned(),
        requests_per_second,
        p50_ms: seen.p50_ms,
        p99_ms: seen.p99_ms,
        max_ms: seen.max_ms,
        errors: seen.requests - seen.issued,
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 of each")]
fn report(stages: Stages, seen: &Seen, of_bare: &Seen, work: &Work, rows: u64) -> Report {
    let Seen { requests, issued, most_users, p99_ms, .. } = *seen;
    let asked = requests as f64 / f64::from(stages.requests());
    let stored = rows as f64;
    Report::new("coupon-k6", row("onsale, seen by k6", seen))
        .row(row("bare, seen by k6", of_bare))
        .figure("p99_of_bare", p99_ms / of_bare.p99_ms)
        .figure("users", most_users.into())
        .figure("requests", requests as f64)
        .figure("requests_of_planned", asked)
        .figure("coupons_issued", issued as f64)
        .figure("coupons_stored", stored)
        .figure("processors_k6", work.k6)
        .figure("processors_onsale", work.server)
        .figure("processors_all", work.machine)
        .target("p99 < 100 ms", p99_ms < LIMIT_MS)
        .target("no failures", issued == requests)
        .target("every acknowledged coupon is stored", rows == issued)
        .target("k6 asked what its users were to ask, 97 % of it at least", asked >= ASKED)
}
