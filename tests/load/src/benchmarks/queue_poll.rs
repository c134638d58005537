//! `queue-poll`: everybody in line asks how it goes.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{Bench, require, require_rows, site::Site};
use crate::{
    Failure,
    bare::Bare,
    client::{self, Reply},
    load::{Load, Outcome, Until},
    pairs::{Pairs, median},
    polls::{Polls, poll},
    redis_figures::RedisFigures,
    report::{Report, Row},
    stage::room_terms,
};

/// Visitors in the lines: the one that is compared with bare, a short one and a long one.
const LINE: u32 = 200_000;
const SHORT: u32 = 1_000;
const LONG: u32 = 1_000_000;
/// Visitors at the front of each line who do not ask: the line moves by one every ten seconds.
const FRONT: u32 = 100;
const EVERY_SECONDS: f64 = 10.0;
/// Visitors who ask, of each line.
const ASKING: u32 = 200_000;
const CONNECTIONS: usize = 64;
/// How long Redis is watched while nobody asks.
const IDLE: Duration = Duration::from_secs(5);

/// Measures `GET …/status` in a line of 200,000 against bare and against other lines, and what that asks of Redis.
///
/// # Errors
/// When a server fails or somebody who waits is told something else.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let site = Site::open(bench).await?;
    let asking = bench.scale.size(ASKING);
    let short = Asked::prepare(&site, SHORT, asking).await?;
    let middle = Asked::prepare(&site, bench.scale.of(LINE), asking).await?;
    let long = Asked::prepare(&site, bench.scale.of(LONG), asking).await?;
    let path = crate::stage::room_path(middle.room, "/status");
    let bare = Bare::start("GET", &path, &middle.reply).await?;
    let (server, run) = (site.server.address(), bench.scale.run);
    for asked in [&short, &middle, &long] {
        asked.ask(server, run / 4).await?;
    }
    middle.ask(bare.address(), run / 4).await?;
    let mut redis = Commands::watch(site.redis.url()).await?;
    let (mut of_short, mut of_long) = (Vec::new(), Vec::new());
    let subject = async || {
        of_short.push(short.ask(server, run).await?);
        let before = redis.count().await?;
        let outcome = middle.ask(server, run).await?;
        redis.note(before, &outcome).await?;
        of_long.push(long.ask(server, run).await?);
        Ok(outcome)
    };
    let pairs = Pairs::measure(bench.scale.pairs, async || middle.ask(bare.address(), run).await, subject).await?;
    bare.stop().await?;
    for asked in [&short, &middle, &long] {
        asked.require_line(&site).await?;
    }
    let per_poll = redis.per_poll();
    let report = report(&pairs, &of_short, &of_long);
    site.close(bench).await?;
    Ok(report
        .figure("redis_commands_per_poll", per_poll)
        .figure("redis_commands_per_second_idle", redis.idle_per_second)
        .target("≤ 0.01 Redis commands per poll", per_poll <= 0.01))
}

fn report(pairs: &Pairs, of_short: &[Outcome], of_long: &[Outcome]) -> Report {
    let rate = |outcomes: &[Outcome]| median(outcomes.iter().map(Outcome::requests_per_second).collect());
    let (ratio, middle) = (pairs.ratio(), rate(&pairs.subject));
    let (short, long) = (rate(of_short) / middle, rate(of_long) / middle);
    let is_same = |ratio: f64| (0.85..=1.15).contains(&ratio);
    Report::compare("queue-poll", "bare", pairs)
        .row(Row::new("onsale, 1,000 in line", of_short))
        .row(Row::new("onsale, 1,000,000 in line", of_long))
        .figure("ratio_of_1000_in_line", short)
        .figure("ratio_of_1000000_in_line", long)
        .target("ratio ≥ 0.8", ratio >= 0.8)
        .target("the same at 1,000 in line, ± 15 %", is_same(short))
        .target("the same at 1,000,000 in line, ± 15 %", is_same(long))
}

/// A line and those of it who ask.
struct Asked {
    room: onsale_domain::ids::WaitingRoomId,
    count: u32,
    polls: Arc<Polls>,
    reply: Reply,
}

impl Asked {
    async fn prepare(site: &Site, count: u32, asking: usize) -> Result<Self, Failure> {
        let room = site.tenant.room(&room_terms(1, EVERY_SECONDS)).await?;
        let places = site.fill(&site.line(room).await?, count).await?;
        let (tokens, behind) = (site.store.place_tokens(room)?, &places[FRONT as usize..]);
        let polls = Arc::new(Polls::new(&tokens, behind, asking)?);
        let reply = client::ask(site.server.address(), poll(&tokens, &behind[behind.len() / 2])).await?;
        reply.json(200)?;
        Ok(Self { room, count, polls, reply })
    }

    /// Asks for the time `run`; all must be told that they wait.
    async fn ask(&self, server: SocketAddr, run: Duration) -> Result<Outcome, Failure> {
        let outcome = Load::new(server, CONNECTIONS, Until::Elapsed(run)).run(self.polls.clone()).await?;
        require(&outcome, &[200])?;
        require_rows("answers", self.polls.take_waiting(), outcome.requests())?;
        Ok(outcome)
    }

    /// Everybody is still in line, and the line has moved.
    async fn require_line(&self, site: &Site) -> Result<(), Failure> {
        let (present, _) = site.line(self.room).await?.count().await?;
        require_rows("places", present, self.count.into())?;
        let serving = site.store.room_number(self.room, "serving").await?;
        if (1..=u64::from(FRONT)).contains(&serving) { Ok(()) } else { Err(format!("{serving} are let in").into()) }
    }
}

/// Commands that Redis processes because somebody asks.
struct Commands {
    redis: RedisFigures,
    idle_per_second: f64,
    more: f64,
    polls: f64,
}

impl Commands {
    async fn watch(url: &str) -> Result<Self, Failure> {
        let mut redis = RedisFigures::connect(url).await?;
        let (started, before) = (Instant::now(), redis.commands().await?);
        sleep(IDLE).await;
        let idle = difference(before, redis.commands().await?) / started.elapsed().as_secs_f64();
        Ok(Self { redis, idle_per_second: idle, more: 0.0, polls: 0.0 })
    }

    async fn count(&mut self) -> Result<(Instant, u64), Failure> {
        Ok((Instant::now(), self.redis.commands().await?))
    }

    async fn note(&mut self, (started, before): (Instant, u64), outcome: &Outcome) -> Result<(), Failure> {
        let after = self.redis.commands().await?;
        self.more += difference(before, after) - self.idle_per_second * started.elapsed().as_secs_f64();
        self.polls += difference(0, outcome.requests());
        Ok(())
    }

    fn per_poll(&self) -> f64 {
        (self.more / self.polls).max(0.0) // what nobody asked for varies a little
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 commands")]
fn difference(before: u64, after: u64) -> f64 {
    after.saturating_sub(before) as f64
}
