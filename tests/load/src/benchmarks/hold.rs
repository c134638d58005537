//! `hold`, `hold-sqlite`: a crowd takes every seat of a hall, with lanes and without.

use std::{sync::Arc, time::Duration};

use super::{
    Bench, require,
    sales::{CONNECTIONS, Sales},
};
use crate::{
    Failure,
    bare::Bare,
    load::{Load, Outcome, Until},
    onsale::GROUPS_OF_ONE,
    pairs::{Pairs, median},
    prepared::HOLDS_PATH,
    raw::RawHolds,
    report::{Report, Row},
    store::{StoreKind, Stores},
};

/// Seats of a hall. Each measurement has a hall of its own: seven make 210,000 distinct seats.
const SEATS: u32 = 30_000;

/// Measures holds per second in groups against groups of one, and on MySQL against the raw groups.
///
/// # Errors
/// When a server fails or what was acknowledged is not what happened.
pub async fn run(bench: &Bench, kind: StoreKind, commit_delay: Duration) -> Result<Report, Failure> {
    let scale = bench.scale;
    let stores = Stores::start(kind, commit_delay).await?;
    let (halls, seats) = (scale.pairs + 1, scale.of(SEATS)); // the first hall warms up
    let mut single = Sales::prepare(bench, &stores, &GROUPS_OF_ONE, halls, seats).await?;
    let mut grouped = Sales::prepare(bench, &stores, &[], halls, seats).await?;
    let mut raw = match kind {
        StoreKind::Mysql => Some(RawHolds::new(stores.create().await?, seats).await?),
        StoreKind::Sqlite => None,
    };
    let bare = bare(bench, &grouped).await?;
    single.hold(scale.run / 3).await?;
    grouped.hold(scale.run / 3).await?;
    let pairs = Pairs::measure(
        scale.pairs,
        async || single.hold(scale.run).await,
        async || {
            if let Some(raw) = &mut raw {
                raw.measure(scale.run).await?;
            }
            grouped.hold(scale.run).await
        },
    );
    let pairs = pairs.await?;
    single.finish(bench).await?;
    grouped.finish(bench).await?;
    Ok(report(kind, commit_delay, &pairs, raw.as_ref(), bare))
}

/// What the load generator reaches when an answer costs the server next to nothing.
async fn bare(bench: &Bench, sales: &Sales) -> Result<Outcome, Failure> {
    let (request, reply) = sales.hold_one().await?;
    let bare = Bare::start("POST", HOLDS_PATH, &reply).await?;
    let load = Load::new(bare.address(), CONNECTIONS, Until::Elapsed(bench.scale.run));
    let outcome = load.run(Arc::new(request)).await?;
    bare.stop().await?;
    require(&outcome, &[201])?;
    Ok(outcome)
}

fn report(kind: StoreKind, commit_delay: Duration, pairs: &Pairs, raw: Option<&RawHolds>, bare: Outcome) -> Report {
    let name = if kind == StoreKind::Mysql { "hold" } else { "hold-sqlite" };
    let ratio = pairs.ratio();
    let mut report = Report::compare(name, "groups of one, 8 in flight", pairs)
        .row(Row::new("bare", &[bare]))
        .figure("commit_delay_ms", commit_delay.as_secs_f64() * 1e3)
        .target("ratio ≥ 4", ratio >= 4.0);
    if let Some(raw) = raw {
        let onsale = pairs.subject.iter().map(Outcome::requests_per_second);
        let ratio = median(onsale.zip(raw.rates()).map(|(onsale, raw)| onsale / raw).collect());
        report = report.row(raw.row()).figure("ratio_raw", ratio).target("ratio_raw ≥ 0.15", ratio >= 0.15);
    }
    report
}
