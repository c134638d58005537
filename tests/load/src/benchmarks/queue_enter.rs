//! `queue-enter`: a crowd that nobody has seen before wants places in line.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{Bench, require, require_rows, site::Site};
use crate::{
    Failure,
    bare::Bare,
    client,
    load::{Load, Outcome, Until},
    pairs::Pairs,
    prepared::Prepared,
    report::Report,
    stage::{Tenant, room_path, room_terms},
    visitors::newcomer,
};

/// Connections of the crowd.
const CONNECTIONS: usize = 256;
/// Entries that are prepared for one measurement: more than a server can take in its time, if not more than bare.
const ENTRIES: u32 = 300_000;

/// Measures how many new visitors of a tenant get a place in a second, while the line moves.
///
/// # Errors
/// When a server fails or what was acknowledged is not what happened.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let (scale, site) = (bench.scale, Site::open(bench).await?);
    let room = site.tenant.room(&room_terms(100, 1.0)).await?;
    let line = site.line(room).await?;
    let path = room_path(room, "/tokens");
    let reply = client::call(site.server.address(), "POST", &path, &site.tenant.headers(), &newcomer_body()).await?;
    reply.json(201)?;
    let bare = Bare::start("POST", &path, &reply).await?;
    let crowd = Crowd { tenant: &site.tenant, path: &path, entries: scale.of(ENTRIES) };
    let (server, mut entered) = (site.server.address(), 1);
    crowd.enter(bare.address(), scale.run / 4).await?;
    entered += crowd.enter(server, scale.run / 4).await?.requests();
    let baseline = async || crowd.enter(bare.address(), scale.run).await;
    let subject = async || {
        let outcome = crowd.enter(server, scale.run).await?;
        entered += outcome.requests();
        Ok(outcome)
    };
    let pairs = Pairs::measure(scale.pairs, baseline, subject).await?;
    bare.stop().await?;
    let (present, last) = line.count().await?;
    require_rows("places", present, entered)?;
    require_rows("numbers", last, entered)?;
    let (ceiling, serving) =
        (site.store.room_number(room, "ceiling").await?, site.store.room_number(room, "serving").await?);
    let is_below = last <= ceiling && serving > 0;
    site.close(bench).await?;
    let ratio = pairs.ratio();
    Ok(Report::compare("queue-enter", "bare", &pairs)
        .figure("entered", f64::from(u32::try_from(entered)?))
        .figure("let_in_meanwhile", f64::from(u32::try_from(serving)?))
        .target("ratio ≥ 0.5", ratio >= 0.5)
        .target("each has a place and a number of its own, below the ceiling in SQL", is_below))
}

struct Crowd<'a> {
    tenant: &'a Tenant,
    path: &'a str,
    entries: u32,
}

impl Crowd<'_> {
    /// Newcomers enter for the time `run`.
    async fn enter(&self, server: std::net::SocketAddr, run: Duration) -> Result<Outcome, Failure> {
        let mut requests = Prepared::default();
        for _ in 0..self.entries {
            requests.add("POST", self.path, &self.tenant.headers(), &newcomer_body());
        }
        let load = Load::new(server, CONNECTIONS, Until::Elapsed(run));
        let outcome = load.run(Arc::new(requests)).await?;
        require(&outcome, &[201])?;
        Ok(outcome)
    }
}

fn newcomer_body() -> Vec<u8> {
    json!({"visitor_id": newcomer().as_str()}).to_string().into_bytes()
}
