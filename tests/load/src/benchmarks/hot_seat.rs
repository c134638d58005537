//! `hot-seat`: everybody wants the same seat.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::{Bench, require_rows};
use crate::{
    Failure,
    bare::Bare,
    client::{self, Reply},
    customers::Customer,
    limits,
    load::{Load, Outcome, Until},
    onsale::{self, Onsale},
    pairs::Pairs,
    prepared::{self, HOLDS_PATH, Prepared},
    report::Report,
    stage::Stage,
    store::{Store, StoreKind, Stores},
};

/// How many want it.
const CUSTOMERS: u32 = 10_000;
/// The seat, and how many there are.
const SEAT: u32 = 7;
const SEATS: u32 = 100;
/// How much longer a loser may wait for the answer than for one that costs nothing.
const LIMIT: f64 = 5.0;

/// Measures how long the losers wait for their answer, with 10,000 customers on a connection each, all at once.
///
/// # Errors
/// When a server fails, or when there is not exactly one winner.
pub async fn run(bench: &Bench, kind: StoreKind) -> Result<Report, Failure> {
    let stores = Stores::start(kind, Duration::ZERO).await?;
    let store = stores.create().await?;
    let server = Onsale::start(&bench.binary, &store.settings, &[]).await?;
    let crowd = bench.scale.size(CUSTOMERS);
    if limits::connections() < crowd {
        return Err(format!("{crowd} connections need as many open files; raise the limit (`ulimit -n`)").into());
    }
    let stage = Stage { server: server.address(), operator: &store.operator };
    let performances = stage.performances(bench.scale.pairs + 2, SEATS).await?;
    let mut performances = performances.iter();
    let mut next = || performances.next().ok_or("no performance is left");
    let losing = loser(&store, server.address(), next()?).await?;
    let bare = Bare::start("POST", HOLDS_PATH, &losing).await?;
    rush(server.address(), next()?, &store.signed_in(crowd).await?).await?;
    let baseline = async || rush(bare.address(), "any", &store.signed_in(crowd).await?).await;
    let subject = async || {
        let performance = next()?;
        let outcome = rush(server.address(), performance, &store.signed_in(crowd).await?).await?;
        require_one_winner(&outcome, crowd)?;
        require_rows("holds", store.reservations_of(performance).await?, 1)?;
        Ok(outcome)
    };
    let pairs = Pairs::measure(bench.scale.pairs, baseline, subject).await?;
    bare.stop().await?;
    server.stop().await?;
    onsale::audit(&bench.binary, &store.settings).await?;
    Ok(report(kind, &pairs))
}

/// Everybody at once.
async fn rush(server: SocketAddr, performance: &str, customers: &[Customer]) -> Result<Outcome, Failure> {
    let holds = Prepared::holds(performance, customers, |_| SEAT);
    let load = Load::new(server, customers.len(), Until::Requests(customers.len() as u64));
    Ok(load.run(Arc::new(holds)).await?)
}

/// The answer to somebody who comes second.
async fn loser(store: &Store, server: SocketAddr, performance: &str) -> Result<Reply, Failure> {
    let customers = store.signed_in(2).await?;
    client::ask(server, prepared::hold(performance, &customers[0], SEAT)).await?.json(201)?;
    let reply = client::ask(server, prepared::hold(performance, &customers[1], SEAT)).await?;
    reply.json(409)?;
    Ok(reply)
}

fn require_one_winner(outcome: &Outcome, customers: usize) -> Result<(), Failure> {
    let losers = customers as u64 - 1;
    if outcome.count(201) == 1 && outcome.count(409) == losers && outcome.failures == 0 {
        return Ok(());
    }
    Err(format!("one winner and {losers} losers expected, got {:?}", outcome.statuses()).into())
}

fn report(kind: StoreKind, pairs: &Pairs) -> Report {
    let losers = |outcome: &Outcome| outcome.p99_ms_of(409).unwrap_or(f64::NAN);
    let ratio = pairs.ratio_of(losers);
    Report::compare_by("hot-seat", "bare", pairs, losers)
        .word("store", kind.name())
        .target("one winner", true)
        .target("losers' p99 ≤ 5 × bare", ratio <= LIMIT)
}
