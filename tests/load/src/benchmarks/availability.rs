//! `availability`: everybody looks at the seats while they are being taken.

mod crowd;

use std::time::Duration;

use self::crowd::Crowd;
use super::{
    Bench,
    reads::{self, Reads},
    require_rows,
};
use crate::{
    Failure, client,
    load::Outcome,
    onsale::{self, Onsale},
    pairs::Pairs,
    report::{Report, Row},
    stage::Stage,
    store::{StoreKind, Stores},
};

const SEATS: u32 = 50_000;
/// The largest body, in bytes: 12 KB.
const BODY_LIMIT: usize = 12_000;
/// The oldest answer, in milliseconds.
const AGE_LIMIT_MS: f64 = 100.0;

/// Measures `GET /v1/performances/{id}/availability` of 50,000 seats while 500 holds a second arrive.
///
/// The same holds go on beside the baselines, so that all three have the same machine; what bare reaches without them
/// is a line of its own.
///
/// # Errors
/// When a server fails, answers something else, or what was acknowledged is not what happened.
pub async fn run(bench: &Bench, kind: StoreKind) -> Result<Report, Failure> {
    let stores = Stores::start(kind, Duration::ZERO).await?;
    let store = stores.create().await?;
    let server = Onsale::start(&bench.binary, &store.settings, &[]).await?;
    let stage = Stage { server: server.address(), operator: &store.operator };
    let performance = stage.performances(1, SEATS).await?.remove(0);
    let path = format!("/v1/performances/{performance}/availability");
    let reply = client::call(server.address(), "GET", &path, &[], b"").await?;
    let reads = Reads::start(&path, &reply, bench.scale.run).await?;
    let customers = store.signed_in(SEATS as usize).await?;
    let crowd = Crowd::new(server.address(), &performance, &customers, &path);
    let measured = measure(bench, &server, &reads, &crowd).await?;
    reads.stop().await?;
    require_rows("holds", store.reservations_of(&performance).await?, crowd.held())?;
    server.stop().await?;
    onsale::audit(&bench.binary, &store.settings).await?;
    report(kind, measured, crowd.oldest_ms())
}

/// What came of everything.
struct Measured {
    pairs: Pairs,
    naked: Vec<Outcome>,
    without_holds: Vec<Outcome>,
    holds: Vec<Outcome>,
}

async fn measure(bench: &Bench, server: &Onsale, reads: &Reads, crowd: &Crowd) -> Result<Measured, Failure> {
    let run = bench.scale.run;
    let (onsale, bare, naked) = (server.address(), reads.bare.address(), reads.naked.address());
    for address in [onsale, bare, naked] {
        reads.warm_up(address).await?;
    }
    let (mut beside_naked, mut without_holds, mut holds) = (Vec::new(), Vec::new(), Vec::new());
    let baseline = async || {
        beside_naked.push(crowd.beside(run, reads.read(naked)).await?.1);
        without_holds.push(reads.read(bare).await?);
        Ok::<_, Failure>(crowd.beside(run, reads.read(bare)).await?.1)
    };
    let subject = async || {
        let (held, read) = crowd.beside(run, crowd.watched(run, reads.read(onsale))).await?;
        holds.push(held);
        Ok(read)
    };
    let pairs = Pairs::measure(bench.scale.pairs, baseline, subject).await?;
    Ok(Measured { pairs, naked: beside_naked, without_holds, holds })
}

fn report(kind: StoreKind, measured: Measured, oldest_ms: f64) -> Result<Report, Failure> {
    let Measured { pairs, naked, without_holds, holds } = measured;
    let naked = Pairs { baseline: naked, subject: pairs.subject.clone() };
    let without_holds = Pairs { baseline: without_holds, subject: pairs.subject.clone() };
    let body = pairs.subject.iter().map(|outcome| outcome.largest_body).max().unwrap_or(0);
    let ratio = pairs.ratio();
    Ok(reads::report("availability", &pairs, &naked)
        .row(Row::new("bare, no holds beside it", &without_holds.baseline))
        .row(Row::new("the holds beside onsale", &holds))
        .word("store", kind.name())
        .figure("ratio_to_bare_without_holds", without_holds.ratio())
        .figure("body_bytes", f64::from(u32::try_from(body)?))
        .figure("oldest_ms", oldest_ms)
        .target("ratio ≥ 0.6", ratio >= 0.6)
        .target("body ≤ 12 KB", body <= BODY_LIMIT)
        .target("no answer older than 100 ms", oldest_ms <= AGE_LIMIT_MS))
}
