//! What is left when the traffic is over is what the customers were told, on every server and in the database.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use onsale_sql::Statement;
use onsale_tests::server::Server;

use super::customer::{Customer, POINTS, PRICE};
use super::{Fleet, SEATS, until};
use crate::support::{free_seats, id};

/// Customers who are checked at once: no more than one server has connections to read with.
const AT_ONCE: usize = 4;

impl Fleet {
    /// Waits until every server shows that exactly these seats are free, and every hold that was not paid is tidied away. An
    /// alarm whose Redis fell silent while it rang comes back half a minute later.
    pub(super) async fn settled(&self, free: &BTreeSet<u64>) {
        for server in &self.servers {
            until("every server shows what is free", async || self.shown(server).await == *free).await;
        }
        until("every hold that was not paid has ended", async || {
            self.number("SELECT COUNT(*) FROM reservations WHERE status = 0").await == 0
        })
        .await;
    }

    /// Proves that everything is as the customers were told, that nothing was done of which nobody was told, and that
    /// every invariant holds.
    pub(super) async fn prove(&self, customers: &[Customer]) {
        self.check_each(customers).await;
        let payments = customers.iter().map(Customer::payments).sum::<usize>();
        assert_eq!(self.number("SELECT COUNT(*) FROM reservations WHERE status = 1").await, signed(payments));
        let seats = customers.iter().flat_map(Customer::paid_seats).count();
        let points = POINTS * signed(customers.len()) - PRICE * signed(seats);
        assert_eq!(self.number("SELECT CAST(SUM(balance) AS SIGNED) FROM points_accounts").await, points);
        self.stack.assert_sound().await;
        for server in &self.servers {
            assert!(!server.log().contains("panicked"), "{}", server.log());
        }
    }

    /// Every customer, each at one of the servers.
    async fn check_each(&self, customers: &[Customer]) {
        let each = customers.iter().zip(self.servers.iter().cycle());
        stream::iter(each)
            .for_each_concurrent(AT_ONCE, async |(customer, server)| customer.check(&server.address).await)
            .await;
    }

    /// The seats that a server shows as free.
    async fn shown(&self, server: &Server) -> BTreeSet<u64> {
        let visitor = self.visitor.at(&server.address);
        let shown = visitor.get(&format!("{}/availability", self.sale.path())).await;
        if shown.status == 503 { BTreeSet::new() } else { free_seats(&id(&shown.ok(200), "seats")) }
    }

    async fn number(&self, query: &'static str) -> i64 {
        self.store.database.fetch_optional(Statement::new(query)).await.unwrap().unwrap().get(0).unwrap()
    }
}

/// The seats that are free once every hold has ended: those that nobody has paid.
pub(super) fn free_in_the_end(customers: &[Customer]) -> BTreeSet<u64> {
    let mut free: BTreeSet<u64> = (0..u64::from(SEATS)).collect();
    for seat in customers.iter().flat_map(Customer::paid_seats) {
        assert!(free.remove(&seat), "seat {seat} was sold twice");
    }
    free
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}
