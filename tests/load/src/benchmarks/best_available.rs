//! `best-available`: a crowd takes the best two seats of a hall until none is left, against one that names its seats.

use std::time::Duration;

use super::{Bench, crowds::Crowds};
use crate::{
    Failure,
    load::Until,
    pairs::Pairs,
    prepared::scattered,
    report::Report,
    stage::{OnSale, Stage},
    store::{StoreKind, Stores},
};

/// Seats of a hall, which is sold down to the last.
const SEATS: u32 = 50_000;
/// How many seats each customer takes.
const QUANTITY: u32 = 2;
/// How long a hall may take: far longer than it does.
const LIMIT: Duration = Duration::from_mins(1);

/// Measures holds of the best seats per second against holds of seats that are named.
///
/// # Errors
/// When a server fails or what was acknowledged is not what happened.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let scale = bench.scale;
    let stores = Stores::start(StoreKind::Mysql, Duration::ZERO).await?;
    let customers = scale.of(SEATS) / QUANTITY;
    let seats = customers * QUANTITY;
    let open = async |stage: Stage<'_>| stage.halls(scale.pairs + 1, seats).await;
    let mut named = Crowds::prepare(bench, &stores, &[], customers, open).await?;
    let mut best = Crowds::prepare(bench, &stores, &[], customers, open).await?;
    let until = Until::Elapsed(LIMIT);
    let pair = |performance: &OnSale, number| named_pair(performance, scattered(number, customers) * QUANTITY);
    named.sell_out(until, pair, |performance| named_pair(performance, 0)).await?;
    best.sell_out(until, best_pair, |performance| best_pair(performance, 0)).await?;
    let pairs = Pairs::measure(
        scale.pairs,
        async || named.sell_out(until, pair, |performance| named_pair(performance, 0)).await,
        async || best.sell_out(until, best_pair, |performance| best_pair(performance, 0)).await,
    );
    let pairs = pairs.await?;
    named.finish(bench).await?;
    best.finish(bench).await?;
    let ratio = pairs.ratio();
    let report = Report::compare("best-available", "named seats", &pairs);
    Ok(report.target("ratio ≥ 0.5", ratio >= 0.5))
}

fn named_pair(performance: &OnSale, first: u32) -> String {
    format!(r#"{{"type":"seats","performance_id":"{}","seats":[{first},{}]}}"#, performance.id, first + 1)
}

fn best_pair(performance: &OnSale, _: u32) -> String {
    let OnSale { id, category } = performance;
    format!(r#"{{"type":"best_available","performance_id":"{id}","category_id":"{category}","quantity":{QUANTITY}}}"#)
}
