//! `pass-check`: those who were let in look at the seats, each with a pass.

use std::{collections::HashSet, net::SocketAddr, sync::Arc, time::Duration};

use onsale_domain::ids::WaitingRoomId;
use serde_json::Value;
use tokio::time::sleep;

use super::{Bench, require, require_rows, site::Site};
use crate::{
    Failure, client,
    customers::Customer,
    load::{Fixed, Load, Outcome, Until, Workload},
    pairs::Pairs,
    prepared::{Prepared, Rounds},
    report::{Report, Row},
    stage::{LONG_HOLD_SECONDS, room_path, room_terms},
};

const SEATS: u32 = 50_000;
/// How many have a pass.
const PASSES: u32 = 6_000;
const CONNECTIONS: usize = 64;
/// How often somebody who was let in asks for the pass.
const TRIES: usize = 40;
const PAUSE: Duration = Duration::from_millis(250);

/// Measures `GET …/availability` of a guarded concert with 6,000 passes in turn against the very same requests to a
/// concert that is not guarded; and against requests without tokens as well.
///
/// # Errors
/// When a server fails or somebody with a pass is refused.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let (scale, site) = (bench.scale, Site::open(bench).await?);
    let (stage, server) = (site.stage(), site.server.address());
    let plan = stage.plan(SEATS).await?;
    let (guarded, open) = (stage.concert("Guarded").await?, stage.concert("Open").await?);
    let mut paths = Vec::new();
    for concert in [&guarded, &open] {
        let performance = stage.performance(concert, &plan, LONG_HOLD_SECONDS).await?;
        paths.push(format!("/v1/performances/{performance}/availability"));
    }
    let room = stage.room_before(&guarded, room_terms(scale.of(PASSES), 1.0)).await?;
    let customers = site.store.signed_in(scale.size(PASSES)).await?;
    let passes = passes(&site, room, &customers).await?;
    require_rows("passes", site.store.claimed_of(room).await?, customers.len() as u64)?;
    require_refused(server, &paths[0], &customers[0]).await?;
    let looks = |path: &str| Arc::new(Rounds(looks(path, &customers, &passes)));
    let (guarded, unguarded) = (looks(&paths[0]), looks(&paths[1]));
    let tokenless = Arc::new(Fixed::get(&paths[1], &[]));
    let read = async |run| read(server, guarded.clone(), run).await;
    read(scale.run / 4).await?;
    let mut without_tokens = Vec::new();
    let baseline = async || {
        without_tokens.push(self::read(server, tokenless.clone(), scale.run).await?);
        self::read(server, unguarded.clone(), scale.run).await
    };
    let pairs = Pairs::measure(scale.pairs, baseline, async || read(scale.run).await).await?;
    site.close(bench).await?;
    Ok(report(&pairs, without_tokens, passes.len()))
}

fn report(pairs: &Pairs, without_tokens: Vec<Outcome>, passes: usize) -> Report {
    let plain = Pairs { baseline: without_tokens, subject: pairs.subject.clone() };
    let (guarded, unguarded) = (Row::new("", &pairs.subject), Row::new("", &pairs.baseline));
    let guard_us = 1e6 / guarded.requests_per_second - 1e6 / unguarded.requests_per_second;
    let ratio = pairs.ratio();
    Report::compare("pass-check", "the same, unguarded", pairs)
        .row(Row::new("unguarded, without tokens", &plain.baseline))
        .figure("passes", f64::from(u32::try_from(passes).unwrap_or(u32::MAX)))
        .figure("ratio_without_tokens", plain.ratio())
        .figure("guard_us", guard_us)
        .target("ratio ≥ 0.8", ratio >= 0.8)
}

async fn read<W: Workload>(server: SocketAddr, workload: Arc<W>, run: Duration) -> Result<Outcome, Failure> {
    let outcome = Load::new(server, CONNECTIONS, Until::Elapsed(run)).run(workload).await?;
    require(&outcome, &[200])?;
    Ok(outcome)
}

fn looks(path: &str, customers: &[Customer], passes: &[String]) -> Prepared {
    let mut requests = Prepared::default();
    for (customer, pass) in customers.iter().zip(passes) {
        let headers = [("authorization", customer.authorization()), ("x-queue-pass", pass)];
        requests.add("GET", path, &headers, b"");
    }
    requests
}

/// Without a pass nobody sees anything.
async fn require_refused(server: SocketAddr, path: &str, customer: &Customer) -> Result<(), Failure> {
    let headers = [("authorization", customer.authorization())];
    client::call(server, "GET", path, &headers, b"").await?.json(403).map(drop)
}

/// Everybody enters, is let in and asks for the pass; no two are the same.
async fn passes(site: &Site, room: WaitingRoomId, customers: &[Customer]) -> Result<Vec<String>, Failure> {
    let server = site.server.address();
    let mut entries = Prepared::default();
    for customer in customers {
        let headers = [("authorization", customer.authorization())];
        entries.add("POST", &room_path(room, "/tokens"), &headers, b"{}");
    }
    let entered = client::ask_all(server, entries, 201).await?;
    site.until_serving(room, customers.len() as u64).await?;
    let mut polls = Prepared::default();
    for place in &entered {
        let token = place["queue_token"].as_str().ok_or("a place has a token")?;
        polls.add("GET", &room_path(room, "/status"), &[("x-queue-token", token)], b"");
    }
    for _ in 0..TRIES {
        let told = client::ask_all(server, polls.clone(), 200).await?;
        let passes = told.iter().map(|status| status["pass"].as_str().map(str::to_owned));
        if let Some(passes) = passes.collect::<Option<Vec<String>>>() {
            let distinct: HashSet<&String> = passes.iter().collect();
            require_rows("passes", distinct.len() as u64, customers.len() as u64)?;
            return Ok(passes);
        }
        sleep(PAUSE).await; // the limit of questions after one place allows a few a second
    }
    Err(format!("not everybody has a pass: {:?}", entered.first().map(Value::to_string)).into())
}
