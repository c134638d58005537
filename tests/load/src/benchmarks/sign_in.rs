//! `sign-in`: five hundred sign in at the same moment while others read the programme.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use onsale_domain::account::Role;
use onsale_sql::Statement;
use serde_json::json;

use super::{Bench, programme, require};
use crate::{
    Failure, client,
    customers::{self, Kind},
    load::{Fixed, Load, Outcome, Until},
    pairs::Pairs,
    prepared::Prepared,
    report::{Report, Row},
    store::Store,
};

/// How many sign in, each to an account and on a connection of their own.
const SIGN_INS: usize = 500;
/// How others read meanwhile: fast enough to notice any pause, slow enough to leave the machine free.
const READS_PER_SECOND: f64 = 1_000.0;
const READERS: usize = 16;
/// How long they read; about as long as the accepted sign-ins take.
const READING: Duration = Duration::from_millis(2_500);
/// How much slower others may become.
const LIMIT: f64 = 3.0;

const PASSWORD: &str = "the password of everybody";

/// Measures the 99th percentile of `GET /v1/concerts` during the sign-ins, against that of an idle server.
///
/// # Errors
/// When a server fails or answers something else.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let (store, server) = programme::server(bench).await?;
    let address = server.address();
    let password_hash = password_hash(&store, address).await?;
    read(address).await?;
    let mut bursts = Vec::new();
    let subject = async || {
        let burst = burst(&store, &password_hash).await?;
        let load = Load::new(address, SIGN_INS, Until::Requests(SIGN_INS as u64));
        let (signed_in, read) = tokio::join!(load.run(Arc::new(burst)), read(address));
        let signed_in = signed_in?;
        require(&signed_in, &[200, 503])?;
        bursts.push(signed_in);
        read
    };
    let pairs = Pairs::measure(bench.scale.pairs, async || read(address).await, subject).await?;
    server.stop().await?;
    let signed_in: u64 = bursts.iter().map(|burst| burst.count(200)).sum();
    super::require_rows("sign-ins", store.rows("sessions").await?, signed_in)?;
    report(&pairs, &bursts)
}

async fn read(server: SocketAddr) -> Result<Outcome, Failure> {
    let load = Load::new(server, READERS, Until::Elapsed(READING)).at(READS_PER_SECOND);
    let outcome = load.run(Arc::new(Fixed::get(programme::PATH, &[]))).await?;
    require(&outcome, &[200])?;
    Ok(outcome)
}

/// The server's own hash of the password, so that checking it costs what it costs in earnest.
async fn password_hash(store: &Store, server: SocketAddr) -> Result<String, Failure> {
    let body = json!({"email": "first@benchmark.onsale.example", "password": PASSWORD, "name": "The first"});
    client::call(server, "POST", "/v1/accounts", &[], body.to_string().as_bytes()).await?.json(201)?;
    let text = "SELECT password_hash FROM accounts WHERE email = 'first@benchmark.onsale.example'";
    let row = store.database.fetch_optional(Statement::new(text)).await?.ok_or("the first account is there")?;
    Ok(row.get(0)?)
}

/// Sign-ins to accounts that nobody has signed in to before, because each account has a limit.
async fn burst(store: &Store, password_hash: &str) -> Result<Prepared, Failure> {
    let kind = Kind { role: Role::Customer, password_hash, points: 0 };
    let mut burst = Prepared::default();
    for account in customers::add(&store.database, SIGN_INS, kind).await? {
        let body = json!({"email": customers::email(account), "password": PASSWORD});
        burst.add("POST", "/v1/sessions", &[], body.to_string().as_bytes());
    }
    Ok(burst)
}

fn report(pairs: &Pairs, bursts: &[Outcome]) -> Result<Report, Failure> {
    let ratio = pairs.ratio_of(Outcome::p99_ms);
    let of_all = |status: u16| bursts.iter().map(|burst| burst.count(status)).sum::<u64>();
    let figure = |count: u64| u32::try_from(count).map(f64::from);
    Ok(Report::compare_by("sign-in", "catalogue, idle", pairs, Outcome::p99_ms)
        .row(Row::new("the sign-ins", bursts))
        .figure("signed_in", figure(of_all(200))?)
        .figure("turned_away", figure(of_all(503))?)
        .target("others' p99 ≤ 3 × idle", ratio <= LIMIT)
        .target("some sign in, everybody else is turned away at once", of_all(200) > 0))
}
