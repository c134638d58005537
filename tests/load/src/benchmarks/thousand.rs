//! `thousand`: a thousand customers reserve at the same moment, on a server that has just started.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::{Bench, require, require_rows};
use crate::client;
use crate::{
    Failure,
    bare::Bare,
    customers::Customer,
    load::{Load, Outcome, Until},
    onsale::{self, Onsale},
    pairs::Pairs,
    prepared::{self, HOLDS_PATH, Prepared, scattered},
    report::Report,
    stage::Stage,
    store::{Store, StoreKind, Stores},
};

/// How many reserve, each on a connection of their own.
const CUSTOMERS: u32 = 1_000;
/// The longest that anybody may wait.
const LIMIT_MS: f64 = 100.0;

/// Measures the slowest of a thousand holds at once; both servers are started anew for each measurement.
///
/// # Errors
/// When a server fails or what was acknowledged is not what happened.
pub async fn run(bench: &Bench, kind: StoreKind) -> Result<Report, Failure> {
    let stores = Stores::start(kind, Duration::ZERO).await?;
    let store = stores.create().await?;
    let seats = CUSTOMERS * u32::try_from(bench.scale.pairs + 1)?;
    let (performance, reply) = prepare(bench, &store, seats).await?;
    let mut first = 0;
    let baseline = async || {
        let bare = Bare::start("POST", HOLDS_PATH, &reply).await?;
        let holds = holds(&store, &performance, |number| number).await?;
        let outcome = rush(bare.address(), holds).await?;
        bare.stop().await?;
        Ok::<_, Failure>(outcome)
    };
    let subject = async || {
        first += CUSTOMERS;
        let holds = holds(&store, &performance, |number| scattered(first + number, seats)).await?;
        let server = Onsale::start(&bench.binary, &store.settings, &[]).await?;
        let outcome = rush(server.address(), holds).await?;
        server.stop().await?;
        Ok(outcome)
    };
    let pairs = Pairs::measure(bench.scale.pairs, baseline, subject).await?;
    let held: u64 = pairs.subject.iter().map(Outcome::requests).sum();
    require_rows("holds", store.reservations_of(&performance).await?, held + 1)?;
    onsale::audit(&bench.binary, &store.settings).await?;
    let slowest = pairs.subject.iter().map(Outcome::max_ms).fold(0.0, f64::max);
    Ok(Report::compare_by("thousand", "bare", &pairs, Outcome::max_ms)
        .word("store", kind.name())
        .target("the slowest ≤ 100 ms, in every measurement", slowest <= LIMIT_MS))
}

/// A performance, and the answer to the first hold.
async fn prepare(bench: &Bench, store: &Store, seats: u32) -> Result<(String, client::Reply), Failure> {
    let server = Onsale::start(&bench.binary, &store.settings, &[]).await?;
    let stage = Stage { server: server.address(), operator: &store.operator };
    let performance = stage.performances(1, seats).await?.remove(0);
    let customer = store.signed_in(1).await?.remove(0);
    let reply = client::ask(server.address(), prepared::hold(&performance, &customer, scattered(0, seats))).await?;
    reply.json(201)?;
    server.stop().await?;
    Ok((performance, reply))
}

async fn holds(store: &Store, performance: &str, seats: impl Fn(u32) -> u32) -> Result<Prepared, Failure> {
    let customers: Vec<Customer> = store.signed_in(CUSTOMERS as usize).await?;
    Ok(Prepared::holds(performance, &customers, seats))
}

async fn rush(server: SocketAddr, holds: Prepared) -> Result<Outcome, Failure> {
    let load = Load::new(server, holds.count(), Until::Requests(holds.count() as u64));
    let outcome = load.run(Arc::new(holds)).await?;
    require(&outcome, &[201])?;
    Ok(outcome)
}
