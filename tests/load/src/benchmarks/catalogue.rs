//! `catalogue`: everybody reads what is on.

use super::{
    Bench, programme,
    reads::{self, Reads},
};
use crate::{Failure, client, pairs::Pairs, report::Report};

/// Measures the first page of `GET /v1/concerts`: `limit` of 50 concerts.
///
/// # Errors
/// When a server fails or answers something else.
pub async fn run(bench: &Bench, limit: u32) -> Result<Report, Failure> {
    let (_store, server) = programme::server(bench).await?;
    let path = format!("{}?limit={limit}", programme::PATH);
    let reply = client::call(server.address(), "GET", &path, &[], b"").await?;
    let shown = reply.json(200)?["items"].as_array().map_or(0, Vec::len);
    let reads = Reads::start(&path, &reply, bench.scale.run).await?;
    for address in [server.address(), reads.bare.address(), reads.naked.address()] {
        reads.warm_up(address).await?;
    }
    let mut naked = Vec::new();
    let baseline = async || {
        naked.push(reads.read(reads.naked.address()).await?);
        reads.read(reads.bare.address()).await
    };
    let pairs = Pairs::measure(bench.scale.pairs, baseline, async || reads.read(server.address()).await).await?;
    let is_same = pairs.subject.iter().chain(&pairs.baseline).all(|outcome| outcome.largest_body == reply.body.len());
    reads.stop().await?;
    server.stop().await?;
    let naked = Pairs { baseline: naked, subject: pairs.subject.clone() };
    let (ratio, ratio_naked) = (pairs.ratio(), naked.ratio());
    Ok(reads::report("catalogue", &pairs, &naked)
        .figure("concerts_shown", f64::from(u32::try_from(shown)?))
        .figure("body_bytes", f64::from(u32::try_from(reply.body.len())?))
        .target("ratio ≥ 0.9", ratio >= 0.9)
        .target("ratio_naked ≥ 0.6", ratio_naked >= 0.6)
        .target("every answer is the same, on both sides", is_same))
}
