//! `coupon`: a crowd asks for the coupons of one campaign, with lanes and without.

use std::{sync::Arc, time::Duration};

use super::{
    Bench,
    giveaway::{CONNECTIONS, Giveaway},
    require,
};
use crate::{
    Failure,
    bare::Bare,
    load::{Fixed, Load, Outcome, Until},
    onsale::GROUPS_OF_ONE,
    pairs::{Pairs, median},
    report::{Report, Row},
    store::{StoreKind, Stores},
};

/// Coupons of a campaign, and customers who ask for one each. Each measurement has a campaign of its own.
const GROUPED: u32 = 80_000;
const SINGLE: u32 = 20_000;
/// How much faster coupons are to be issued in groups.
const FASTER: f64 = 4.0;
/// How much longer one may wait for a coupon than for an answer that costs nothing.
const LONGER: f64 = 3.0;

/// Measures coupons per second in groups against groups of one, and how long they take against bare.
///
/// # Errors
/// When a server fails or what was acknowledged is not what happened.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let scale = bench.scale;
    let stores = Stores::start(StoreKind::Mysql, Duration::ZERO).await?;
    let single = Giveaway::prepare(bench, &stores, &GROUPS_OF_ONE, scale.of(SINGLE)).await?;
    let grouped = Giveaway::prepare(bench, &stores, &[], scale.of(GROUPED)).await?;
    let bare = AskedBare::start(&grouped).await?;
    bare.ask(scale.run / 3).await?;
    single.give_out(Until::Elapsed(scale.run / 3)).await?;
    grouped.give_out(Until::Elapsed(scale.run / 3)).await?;
    let (until, mut of_bare) = (Until::Elapsed(scale.run), Vec::with_capacity(scale.pairs));
    let baseline = async || Ok::<_, Failure>(single.give_out(until).await?.1);
    let subject = async || {
        of_bare.push(bare.ask(scale.run).await?);
        Ok(grouped.give_out(until).await?.1)
    };
    let pairs = Pairs::measure(scale.pairs, baseline, subject).await?;
    bare.server.stop().await?;
    single.finish(bench).await?;
    grouped.finish(bench).await?;
    Ok(report(&pairs, &of_bare))
}

/// What the same crowd reaches when an answer costs the server next to nothing.
struct AskedBare {
    server: Bare,
    request: Arc<Fixed>,
}

impl AskedBare {
    async fn start(giveaway: &Giveaway) -> Result<Self, Failure> {
        let (path, request, reply) = giveaway.give_one().await?;
        Ok(Self { server: Bare::start("POST", &path, &reply).await?, request: Arc::new(request) })
    }

    async fn ask(&self, run: Duration) -> Result<Outcome, Failure> {
        let load = Load::new(self.server.address(), CONNECTIONS, Until::Elapsed(run));
        let outcome = load.run(Arc::clone(&self.request)).await?;
        require(&outcome, &[201])?;
        Ok(outcome)
    }
}

fn report(pairs: &Pairs, of_bare: &[Outcome]) -> Report {
    let ratio = pairs.ratio();
    let slower = pairs.subject.iter().zip(of_bare).map(|(onsale, bare)| onsale.p99_ms() / bare.p99_ms());
    let slower = median(slower.collect());
    Report::compare("coupon", "groups of one, 8 in flight", pairs)
        .row(Row::new("bare", of_bare))
        .figure("p99_of_bare", slower)
        .target("ratio ≥ 4", ratio >= FASTER)
        .target("p99 ≤ 3 × bare", slower <= LONGER)
        .target("every acknowledged coupon is stored, and counted by its campaign", true)
}
