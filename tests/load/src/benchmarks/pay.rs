//! `pay`: a crowd pays for what it holds, with lanes and without.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use onsale_domain::ids::{AccountId, ReservationId};
use onsale_sql::{Row, Statement};
use uuid::Uuid;

use super::{Bench, require, require_rows, sales::CONNECTIONS};
use crate::{
    Failure,
    bare::Bare,
    client::{self, Reply},
    customers::{self, Customer, Kind},
    load::{Fixed, Load, Outcome, Until},
    onsale::{self, GROUPS_OF_ONE, Onsale},
    pairs::Pairs,
    prepared::{Prepared, scattered},
    report::{self, Report},
    stage::{PRICE, Stage},
    store::{Store, StoreKind, Stores},
};

/// Holds that are paid in one measurement, at most.
const GROUPED: u32 = 20_000;
const SINGLE: u32 = 10_000;

/// Measures payments per second in groups against groups of one.
///
/// # Errors
/// When a server fails or what was acknowledged is not what happened.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let scale = bench.scale;
    let stores = Stores::start(StoreKind::Mysql, Duration::ZERO).await?;
    let mut single = Side::prepare(bench, &stores, &GROUPS_OF_ONE, scale.of(SINGLE)).await?;
    let mut grouped = Side::prepare(bench, &stores, &[], scale.of(GROUPED)).await?;
    let bare = bare(bench, &mut grouped).await?;
    single.pay(scale.run / 3).await?;
    grouped.pay(scale.run / 3).await?;
    let pairs =
        Pairs::measure(scale.pairs, async || single.pay(scale.run).await, async || grouped.pay(scale.run).await);
    let pairs = pairs.await?;
    single.finish(bench).await?;
    grouped.finish(bench).await?;
    let ratio = pairs.ratio();
    Ok(Report::compare("pay", "groups of one, 8 in flight", &pairs)
        .row(report::Row::new("bare", &[bare]))
        .target("ratio ≥ 4", ratio >= 4.0))
}

/// What the load generator reaches when an answer costs the server next to nothing.
async fn bare(bench: &Bench, side: &mut Side) -> Result<Outcome, Failure> {
    let (path, request, reply) = side.pay_one().await?;
    let bare = Bare::start("POST", &path, &reply).await?;
    let load = Load::new(bare.address(), CONNECTIONS, Until::Elapsed(bench.scale.run));
    let outcome = load.run(Arc::new(request)).await?;
    bare.stop().await?;
    require(&outcome, &[201])?;
    Ok(outcome)
}

/// One side of the comparison.
struct Side {
    store: Store,
    server: Onsale,
    performances: VecDeque<String>,
    paid: u64,
}

impl Side {
    /// Everything is held by a server of its own, with lanes, before the measured one starts.
    async fn prepare(bench: &Bench, stores: &Stores, more: &[(&str, &str)], seats: u32) -> Result<Self, Failure> {
        let store = stores.create().await?;
        let holding = Onsale::start(&bench.binary, &store.settings, &[]).await?;
        let stage = Stage { server: holding.address(), operator: &store.operator };
        let performances = stage.performances(bench.scale.pairs + 1, seats).await?;
        for performance in &performances {
            hold(&store, &holding, performance, seats).await?;
        }
        holding.stop().await?;
        let server = Onsale::start(&bench.binary, &store.settings, more).await?;
        Ok(Self { store, server, performances: performances.into(), paid: 0 })
    }

    /// Pays for one of the holds that come next, and returns what was asked and answered.
    async fn pay_one(&mut self) -> Result<(String, Fixed, Reply), Failure> {
        let performance = self.performances.front().ok_or("nothing is held any more")?;
        let (path, customer) = held(&self.store, performance).await?.pop().ok_or("nobody holds a seat")?;
        let request = Fixed::request("POST", &path, &customer.headers(), b"{}");
        let reply = client::ask(self.server.address(), request.clone()).await?;
        reply.json(201)?;
        self.paid += 1;
        Ok((path, request, reply))
    }

    /// Pays for the holds of the next performance, for `limit` at most: every payment must be acknowledged, and be a row
    /// afterwards.
    async fn pay(&mut self, limit: Duration) -> Result<Outcome, Failure> {
        let performance = self.performances.pop_front().ok_or("nothing is held any more")?;
        let mut payments = Prepared::default();
        for (path, customer) in held(&self.store, &performance).await? {
            payments.add("POST", &path, &customer.headers(), b"{}");
        }
        let load = Load::new(self.server.address(), CONNECTIONS, Until::Elapsed(limit));
        let outcome = load.run(Arc::new(payments)).await?;
        require(&outcome, &[201])?;
        self.paid += outcome.count(201);
        require_rows("payments", self.store.rows("payments").await?, self.paid)?;
        Ok(outcome)
    }

    async fn finish(self, bench: &Bench) -> Result<(), Failure> {
        self.server.stop().await?;
        onsale::audit(&bench.binary, &self.store.settings).await
    }
}

/// Holds every seat of a hall, each by a customer who can pay for it.
async fn hold(store: &Store, server: &Onsale, performance: &str, seats: u32) -> Result<(), Failure> {
    let kind = Kind { points: 10 * PRICE, ..Kind::CUSTOMER };
    let customers = store.tokens.sign_in(&customers::add(&store.database, seats as usize, kind).await?);
    let holds = Prepared::holds(performance, &customers, |number| scattered(number, seats));
    let load = Load::new(server.address(), CONNECTIONS, Until::Requests(seats.into()));
    require(&load.run(Arc::new(holds)).await?, &[201])
}

/// Where each hold of a performance is paid, and by whom, in the order of their making.
async fn held(store: &Store, performance: &str) -> Result<Vec<(String, Customer)>, Failure> {
    let text = "SELECT reservation_id, customer_id FROM reservations WHERE performance_id = ? AND status = 0 \
                ORDER BY reservation_id";
    let statement = Statement::new(text).bind(Uuid::parse_str(performance)?);
    let rows = store.database.fetch_all(statement).await?;
    let payable = |row: &Row| {
        let (reservation, customer): (ReservationId, AccountId) = (row.get(0)?, row.get(1)?);
        let customer = store.tokens.sign_in(&[customer]).remove(0);
        Ok((format!("/v1/reservations/{reservation}/payment"), customer))
    };
    rows.iter().map(payable).collect()
}
