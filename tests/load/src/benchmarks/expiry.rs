//! `expiry`: ten thousand holds end within one second while others arrive.

mod due;

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until};

use self::due::DueHolds;
use super::{Bench, require, require_rows};
use crate::{
    Failure,
    customers::Customer,
    load::{Load, Outcome, Until},
    onsale::{self, Onsale},
    prepared::{Prepared, scattered},
    report::{Report, Row},
    stage::{LONG_HOLD_SECONDS, Stage},
    store::{Store, StoreKind, Stores},
};

/// Holds that end within one second.
const DUE: u32 = 10_000;
/// They are made in waves, one a second, each with a hold a second shorter than the wave before.
const WAVES: u32 = 4;
/// A wave's second: first the operator shortens holds, then the holds are made.
const SHORTENING: Duration = Duration::from_millis(100);
const WAVE: Duration = Duration::from_millis(900);
/// How long the first wave's holds last: until all waves are over, and a little.
const FIRST_HOLD_SECONDS: u32 = 8;

/// Those who arrive meanwhile.
const ARRIVALS_PER_SECOND: u32 = 200;
const ARRIVING: Duration = Duration::from_secs(4);
/// How long before the first hold ends they begin.
const LEAD: Duration = Duration::from_millis(1_500);

const CONNECTIONS: usize = 64;
/// How often the whole is repeated.
const ROUNDS: usize = 3;

const P99_LIMIT_MS: f64 = 20.0;
const MAX_LIMIT_MS: f64 = 100.0;

/// Measures how late holds are tidied: the time from a hold's end until another connection to the database sees it
/// expired, and its seat with it.
///
/// # Errors
/// When a server fails or what was acknowledged is not what happened.
pub async fn run(bench: &Bench, kind: StoreKind) -> Result<Report, Failure> {
    let expired = Expired::watch(bench, kind, &[]).await?;
    Ok(expired.report("expiry").word("store", kind.name()))
}

/// What came of holds that ended.
pub(super) struct Expired {
    tidied: due::Tidied,
    arrivals: Vec<Outcome>,
}

impl Expired {
    /// Lets holds of a server with these settings end, round after round.
    pub(super) async fn watch(bench: &Bench, kind: StoreKind, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        let stores = Stores::start(kind, Duration::ZERO).await?;
        let store = stores.create().await?;
        let server = Onsale::start(&bench.binary, &store.settings, settings).await?;
        let due = bench.scale.of(DUE);
        let mut expired = Self { tidied: due::Tidied::default(), arrivals: Vec::new() };
        for _ in 0..ROUNDS.min(bench.scale.pairs) {
            let round = Round::prepare(&store, &server, due).await?;
            expired.arrivals.push(round.play(&mut expired.tidied).await?);
        }
        server.stop().await?;
        onsale::audit(&bench.binary, &store.settings).await?;
        Ok(expired)
    }

    /// How late they were tidied.
    pub(super) fn report(self, name: &str) -> Report {
        let Self { tidied, arrivals } = self;
        let (due_within_ms, poll_gap_ms) = (tidied.widest_window_ms, tidied.longest_gap_ms);
        let tidied = tidied.row();
        let (p99, max) = (tidied.p99_ms, tidied.max_ms);
        Report::new(name, tidied)
            .row(Row::new("the holds that arrive", &arrivals))
            .word("lateness", "until another connection to the database sees the hold expired")
            .figure("due_within_ms", due_within_ms)
            .figure("longest_gap_between_looks_ms", poll_gap_ms)
            .target("p99 ≤ 20 ms", p99 <= P99_LIMIT_MS)
            .target("max ≤ 100 ms", max <= MAX_LIMIT_MS)
            .target("all due within about a second", due_within_ms <= 1_100.0)
    }
}

/// A performance and its customers.
struct Round<'a> {
    store: &'a Store,
    server: &'a Onsale,
    performance: String,
    seats: u32,
    ending: Vec<Customer>,
    arriving: Vec<Customer>,
}

impl<'a> Round<'a> {
    async fn prepare(store: &'a Store, server: &'a Onsale, due: u32) -> Result<Self, Failure> {
        let stage = Stage { server: server.address(), operator: &store.operator };
        let arrivals = ARRIVALS_PER_SECOND * u32::try_from(ARRIVING.as_secs())?;
        let seats = due + arrivals;
        let performance = stage.performances(1, seats).await?.remove(0);
        let ending = store.signed_in(due as usize).await?;
        let arriving = store.signed_in(arrivals as usize).await?;
        Ok(Self { store, server, performance, seats, ending, arriving })
    }

    /// Makes the holds, and watches them end while others arrive.
    async fn play(self, tidied: &mut due::Tidied) -> Result<Outcome, Failure> {
        let ending = self.ending.len();
        let started = Instant::now();
        for (wave, customers) in (0..).zip(self.ending.chunks(ending.div_ceil(WAVES as usize))) {
            self.wave(wave, customers, started).await?;
        }
        self.hold_for(LONG_HOLD_SECONDS).await?;
        let due = DueHolds::load(self.store, &self.performance).await?;
        require_rows("holds", due.count() as u64, ending as u64)?;
        sleep_until(started + Duration::from_secs(FIRST_HOLD_SECONDS.into()) - LEAD).await;
        let (arrived, watched) = tokio::join!(self.arrive(), due.watch(&self.store.database, tidied));
        watched?;
        let expired = self.store.expired_of(&self.performance).await?;
        require_rows("ended holds", expired, ending as u64)?;
        arrived
    }

    async fn wave(&self, wave: u32, customers: &[Customer], started: Instant) -> Result<(), Failure> {
        self.hold_for(FIRST_HOLD_SECONDS - wave).await?;
        let before = wave as usize * self.ending.len().div_ceil(WAVES as usize);
        let first = u32::try_from(before)?;
        let holds = Prepared::holds(&self.performance, customers, |number| scattered(first + number, self.seats));
        sleep_until(started + (SHORTENING + WAVE) * wave + SHORTENING).await;
        let rate = f64::from(u32::try_from(customers.len())?) / WAVE.as_secs_f64();
        let load = Load::new(self.server.address(), CONNECTIONS, Until::Requests(customers.len() as u64)).at(rate);
        require(&load.run(Arc::new(holds)).await?, &[201])
    }

    async fn arrive(&self) -> Result<Outcome, Failure> {
        let first = u32::try_from(self.ending.len())?;
        let seats = |number| scattered(first + number, self.seats);
        let holds = Prepared::holds(&self.performance, &self.arriving, seats);
        let load = Load::new(self.server.address(), CONNECTIONS, Until::Requests(self.arriving.len() as u64));
        let outcome = load.at(ARRIVALS_PER_SECOND.into()).run(Arc::new(holds)).await?;
        require(&outcome, &[201])?;
        Ok(outcome)
    }

    async fn hold_for(&self, seconds: u32) -> Result<(), Failure> {
        let stage = Stage { server: self.server.address(), operator: &self.store.operator };
        stage.hold_for(&self.performance, seconds).await
    }
}
