//! `catalogue-miss`: what the catalogue's cache saves.

use std::time::Duration;

use super::{Bench, programme, reads::Reader};
use crate::{
    Failure, client,
    onsale::Onsale,
    pairs::Pairs,
    report::Report,
    stage::Stage,
    store::{StoreKind, Stores},
};

/// Every read goes to SQL.
const UNCACHED: (&str, &str) = ("ONSALE_CACHE__L1", "false");

/// Measures the first page of `GET /v1/concerts` from a server with its cache, against one that has none, on MySQL.
///
/// # Errors
/// When a server fails or answers something else.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let stores = Stores::start(StoreKind::Mysql, Duration::ZERO).await?;
    let store = stores.create().await?;
    let cached = Onsale::start(&bench.binary, &store.settings, &[]).await?;
    programme::put_up(Stage { server: cached.address(), operator: &store.operator }).await?;
    let uncached = Onsale::start(&bench.binary, &store.settings, &[UNCACHED]).await?;
    let reply = client::call(uncached.address(), "GET", programme::PATH, &[], b"").await?;
    reply.json(200)?;
    let reader = Reader::new(programme::PATH, bench.scale.run);
    reader.warm_up(cached.address()).await?;
    reader.warm_up(uncached.address()).await?;
    let baseline = async || reader.read(uncached.address()).await;
    let pairs = Pairs::measure(bench.scale.pairs, baseline, async || reader.read(cached.address()).await).await?;
    let is_same = pairs.subject.iter().chain(&pairs.baseline).all(|outcome| outcome.largest_body == reply.body.len());
    cached.stop().await?;
    uncached.stop().await?;
    let ratio = pairs.ratio();
    Ok(Report::compare("catalogue-miss", "uncached", &pairs)
        .target("ratio ≥ 50", ratio >= 50.0)
        .target("every answer is the same, on both sides", is_same))
}
