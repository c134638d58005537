//! A server that sells: its database, halls to sell, and customers who are signed in.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use onsale_domain::ids::AccountId;

use super::{Bench, require, require_rows};
use crate::{
    Failure,
    client::{self, Reply},
    load::{Fixed, Load, Outcome, Until},
    onsale::{self, Onsale},
    prepared::{self, Prepared, scattered},
    stage::Stage,
    store::{Store, Stores},
};

/// Connections of a crowd that holds or pays.
pub(super) const CONNECTIONS: usize = 256;

/// One side of a comparison.
pub(super) struct Sales {
    pub(super) store: Store,
    pub(super) server: Onsale,
    seats: u32,
    halls: VecDeque<Hall>,
}

/// A performance that nobody has bought yet, and a customer for each seat.
struct Hall {
    performance: String,
    customers: Vec<AccountId>,
}

impl Sales {
    /// A server with these settings and so many halls of `seats`.
    pub(super) async fn prepare(
        bench: &Bench,
        stores: &Stores,
        more: &[(&str, &str)],
        halls: usize,
        seats: u32,
    ) -> Result<Self, Failure> {
        let store = stores.create().await?;
        let server = Onsale::start(&bench.binary, &store.settings, more).await?;
        let mut sales = Self { store, server, seats, halls: VecDeque::new() };
        for performance in sales.stage().performances(halls, seats).await? {
            let customers = sales.store.add_customers(seats as usize).await?;
            sales.halls.push_back(Hall { performance, customers });
        }
        Ok(sales)
    }

    /// Its operator at work.
    pub(super) fn stage(&self) -> Stage<'_> {
        Stage { server: self.server.address(), operator: &self.store.operator }
    }

    /// Holds seats of the next hall until it is full, for `limit` at most: every hold must be acknowledged, and be a
    /// row afterwards.
    pub(super) async fn hold(&mut self, limit: Duration) -> Result<Outcome, Failure> {
        let hall = self.halls.pop_front().ok_or("no hall is left")?;
        let customers = self.store.tokens.sign_in(&hall.customers);
        let seats = self.seats;
        let holds = Prepared::holds(&hall.performance, &customers, |number| scattered(number, seats));
        let load = Load::new(self.server.address(), CONNECTIONS, Until::Elapsed(limit));
        let outcome = load.run(Arc::new(holds)).await?;
        require(&outcome, &[201])?;
        require_rows("holds", self.store.reservations_of(&hall.performance).await?, outcome.count(201))?;
        Ok(outcome)
    }

    /// Holds one seat in a hall of its own, and returns what was asked and answered.
    pub(super) async fn hold_one(&self) -> Result<(Fixed, Reply), Failure> {
        let performance = self.stage().performances(1, 1).await?.remove(0);
        let customer = self.store.signed_in(1).await?.remove(0);
        let request = prepared::hold(&performance, &customer, 0);
        let reply = client::ask(self.server.address(), request.clone()).await?;
        reply.json(201)?;
        Ok((request, reply))
    }

    /// Stops the server and proves that everything it did was right.
    pub(super) async fn finish(self, bench: &Bench) -> Result<Store, Failure> {
        self.server.stop().await?;
        onsale::audit(&bench.binary, &self.store.settings).await?;
        Ok(self.store)
    }
}
