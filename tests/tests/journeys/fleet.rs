//! Several servers on one database and one Redis are one box office, whatever becomes of them and of what is between them.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{customers_with, sales};
use onsale_tests::server::{Server, Stack};
use onsale_tests::store::Store;
use serde_json::json;

use self::crowd::Crowd;
use self::customer::{Customer, POINTS};
use self::traffic::{Doors, Traffic};
use crate::support::{Api, Sale, Site, Tokens, stalls, until};

mod catalogue;
mod crowd;
mod customer;
mod database_trouble;
mod line_trouble;
mod link;
mod pair;
mod proof;
mod redis_trouble;
mod three_servers;
mod traffic;
mod watching;

/// How long anything may take here that happens by itself.
const LIMIT: Duration = Duration::from_mins(1);
/// The pause between two questions.
const PAUSE: Duration = Duration::from_millis(50);
/// Rows of the hall, and the seats of each.
const ROWS: u32 = 40;
const ROW: u32 = 50;
/// Every seat of the hall.
const SEATS: u32 = ROWS * ROW;
/// Seats for one customer at most.
const SEATS_EACH: usize = 4;
/// Open holds of one customer at most: the server's default.
const HOLDS_EACH: usize = 2;
/// Holds that nobody pays end while the traffic goes on.
const HOLD_SECONDS: u32 = 2;

/// Several servers on one database and one Redis, and a sale.
struct Fleet {
    stack: Stack,
    store: Store,
    servers: Vec<Server>,
    visitor: Api,
    operator: Api,
    sale: Sale,
    doors: Arc<Doors>,
}

impl Fleet {
    /// One server.
    async fn open(database: &str, redis: &str) -> Self {
        let stack = Stack::on(database).with("ONSALE_REDIS_URL", redis).with("ONSALE_HOLDS__SWEEP_SECONDS", "2");
        let mut stack = stack.with("ONSALE_DATABASE__ACQUIRE_TIMEOUT_MS", "1000");
        let site = Site::open(&mut stack).await;
        let plan = site.operator.post("/v1/seating-plans", stalls(ROWS, ROW)).await.ok(201);
        let terms = json!({"hold_seconds": HOLD_SECONDS, "max_seats_per_customer": SEATS_EACH});
        let sale = Sale::of(&site, &plan, terms).await;
        let store = Store::at(database).await;
        store.clock.advance(Utc::now() - store.context.now());
        let doors = Arc::new(Doors::of(&site.server.address));
        let Site { server, visitor, operator } = site;
        Self { stack, store, servers: vec![server], visitor, operator, sale, doors }
    }

    /// One more server, with settings of its own.
    async fn join(&mut self, settings: &[(&str, &str)]) {
        let server = self.stack.serve_with(settings).await;
        self.doors.open(&server.address);
        self.servers.push(server);
    }

    /// Kills a server and starts it again, while customers go to the others.
    async fn kill_and_restart(&mut self, number: usize) {
        self.doors.close(number);
        self.servers.remove(number).kill().await;
        let server = self.stack.serve().await;
        self.doors.reopen(number, &server.address);
        self.servers.insert(number, server);
    }

    /// Lets so many customers book, as many at once as there are clients.
    async fn crowd(&self, clients: usize, customers: usize) -> Crowd {
        let office = sales(&self.store, LaneLimits::default());
        let accounts = customers_with(&self.store, &office, customers, POINTS).await;
        let tokens = Tokens::new();
        let customers = accounts.iter().map(|account| Customer::new(self.visitor.with_token(&tokens.of(*account))));
        let traffic = Traffic::new(self.sale.performance.clone(), Arc::clone(&self.doors));
        Crowd::start(traffic, customers.collect(), clients)
    }
}
