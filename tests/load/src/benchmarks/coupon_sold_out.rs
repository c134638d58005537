//! `coupon-sold-out`: everybody else asks, once the last coupon is gone.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::{
    Bench,
    giveaway::{CONNECTIONS, Giveaway, wishes},
    require,
};
use crate::{
    Failure,
    bare::Bare,
    client,
    load::{Load, Outcome, Until},
    pairs::Pairs,
    prepared::Rounds,
    report::Report,
    stage::coupons_path,
    store::{StoreKind, Stores},
};

/// Coupons of the campaign, all issued before the clock starts.
const COUPONS: u32 = 100_000;
/// Customers who come too late, and ask again and again.
const LATE: u32 = 50_000;

/// Measures refusals per second after the last coupon, to customers who have none.
///
/// # Errors
/// When a server fails, or a coupon too many is issued.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let scale = bench.scale;
    let stores = Stores::start(StoreKind::Mysql, Duration::ZERO).await?;
    let coupons = scale.of(COUPONS);
    let giveaway = Giveaway::prepare(bench, &stores, &[], coupons).await?;
    let (campaign, _) = giveaway.give_out(Until::Requests(coupons.into())).await?;
    let late = giveaway.store.signed_in(scale.size(LATE)).await?;
    let (server, path) = (giveaway.server.address(), coupons_path(&campaign));
    let headers = [("authorization", late[0].authorization())];
    let reply = client::call(server, "POST", &path, &headers, b"").await?;
    reply.json(410)?;
    let bare = Bare::start("POST", &path, &reply).await?;
    let late = Arc::new(Rounds(wishes(&campaign, &late)));
    ask(bare.address(), &late, scale.run / 3).await?;
    ask(server, &late, scale.run / 3).await?;
    let baseline = async || ask(bare.address(), &late, scale.run).await;
    let subject = async || ask(server, &late, scale.run).await;
    let pairs = Pairs::measure(scale.pairs, baseline, subject).await?;
    bare.stop().await?;
    giveaway.require_stored(&campaign, coupons.into()).await?;
    giveaway.finish(bench).await?;
    let ratio = pairs.ratio();
    Ok(Report::compare("coupon-sold-out", "bare", &pairs)
        .figure("coupons", f64::from(coupons))
        .target("ratio ≥ 0.8", ratio >= 0.8)
        .target("no coupon too many", true))
}

async fn ask(server: SocketAddr, late: &Arc<Rounds>, run: Duration) -> Result<Outcome, Failure> {
    let load = Load::new(server, CONNECTIONS, Until::Elapsed(run));
    let outcome = load.run(Arc::clone(late)).await?;
    require(&outcome, &[410])?;
    Ok(outcome)
}
