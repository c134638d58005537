//! `tickets`: a crowd holds tickets without seats, three at a time, with lanes and without.

use std::time::Duration;

use super::{Bench, crowds::Crowds};
use crate::{
    Failure,
    load::Until,
    onsale::GROUPS_OF_ONE,
    pairs::Pairs,
    report::Report,
    stage::OnSale,
    store::{StoreKind, Stores},
};

/// Customers of one measurement, and how many tickets each holds.
const CUSTOMERS: u32 = 30_000;
const QUANTITY: u32 = 3;

/// Measures holds of tickets per second in groups against groups of one.
///
/// # Errors
/// When a server fails or what was acknowledged is not what happened.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let scale = bench.scale;
    let stores = Stores::start(StoreKind::Mysql, Duration::ZERO).await?;
    let customers = scale.of(CUSTOMERS);
    let open = async |stage: crate::stage::Stage<'_>| stage.fields(scale.pairs + 1, customers * QUANTITY).await;
    let mut single = Crowds::prepare(bench, &stores, &GROUPS_OF_ONE, customers, open).await?;
    let mut grouped = Crowds::prepare(bench, &stores, &[], customers, open).await?;
    let sell = async |sales: &mut Crowds, limit| {
        let mut crowd = sales.next()?;
        sales.ask(&mut crowd, customers, Until::Elapsed(limit), wish).await
    };
    sell(&mut single, scale.run / 3).await?;
    sell(&mut grouped, scale.run / 3).await?;
    let pairs = Pairs::measure(
        scale.pairs,
        async || sell(&mut single, scale.run).await,
        async || sell(&mut grouped, scale.run).await,
    );
    let pairs = pairs.await?;
    single.finish(bench).await?;
    grouped.finish(bench).await?;
    let ratio = pairs.ratio();
    let report = Report::compare("tickets", "groups of one, 8 in flight", &pairs);
    Ok(report.target("ratio ≥ 4", ratio >= 4.0))
}

fn wish(performance: &OnSale, _: u32) -> String {
    let OnSale { id, category } = performance;
    format!(r#"{{"type":"tickets","performance_id":"{id}","category_id":"{category}","quantity":{QUANTITY}}}"#)
}
