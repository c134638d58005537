//! A server and crowds for it, each with a performance of its own.

use std::{collections::VecDeque, sync::Arc};

use onsale_domain::ids::AccountId;

use super::{Bench, require, require_rows, sales::CONNECTIONS};
use crate::{
    Failure, client,
    load::{Load, Outcome, Until},
    onsale::{self, Onsale},
    prepared::{HOLDS_PATH, Prepared},
    stage::{OnSale, Stage},
    store::{Store, Stores},
};

/// One side of a comparison.
pub(super) struct Crowds {
    store: Store,
    server: Onsale,
    waiting: VecDeque<Crowd>,
}

/// Customers who want something of one performance.
pub(super) struct Crowd {
    pub(super) performance: OnSale,
    customers: Vec<AccountId>,
}

impl Crowds {
    /// A server with these settings, and for each of the performances that `open` adds so many customers.
    pub(super) async fn prepare(
        bench: &Bench,
        stores: &Stores,
        more: &[(&str, &str)],
        customers: u32,
        open: impl AsyncFn(Stage<'_>) -> Result<Vec<OnSale>, Failure>,
    ) -> Result<Self, Failure> {
        let store = stores.create().await?;
        let server = Onsale::start(&bench.binary, &store.settings, more).await?;
        let stage = Stage { server: server.address(), operator: &store.operator };
        let mut waiting = VecDeque::new();
        for performance in open(stage).await? {
            waiting.push_back(Crowd { performance, customers: store.add_customers(customers as usize).await? });
        }
        Ok(Self { store, server, waiting })
    }

    /// The next crowd.
    pub(super) fn next(&mut self) -> Result<Crowd, Failure> {
        Ok(self.waiting.pop_front().ok_or("no crowd is left")?)
    }

    /// Lets the first `count` of a crowd ask for what `body` says, by the number of the customer: whatever is acknowledged
    /// must be a row afterwards.
    pub(super) async fn ask(
        &self,
        crowd: &mut Crowd,
        count: u32,
        until: Until,
        body: impl Fn(&OnSale, u32) -> String,
    ) -> Result<Outcome, Failure> {
        let before = self.store.reservations_of(&crowd.performance.id).await?;
        let customers: Vec<AccountId> = crowd.customers.drain(..count as usize).collect();
        let asked = Prepared::reservations(&self.store.tokens.sign_in(&customers), |no| body(&crowd.performance, no));
        let outcome = Load::new(self.server.address(), CONNECTIONS, until).run(Arc::new(asked)).await?;
        require(&outcome, &[201])?;
        let after = self.store.reservations_of(&crowd.performance.id).await?;
        require_rows("holds", after - before, outcome.count(201))?;
        Ok(outcome)
    }

    /// Asks for what is not there any more.
    pub(super) async fn ask_in_vain(&self, body: String) -> Result<(), Failure> {
        let customer = self.store.signed_in(1).await?.remove(0);
        let (server, headers) = (self.server.address(), customer.headers());
        client::call(server, "POST", HOLDS_PATH, &headers, body.as_bytes()).await?.json(409)?;
        Ok(())
    }

    /// Stops the server and proves that everything it did was right.
    pub(super) async fn finish(self, bench: &Bench) -> Result<(), Failure> {
        self.server.stop().await?;
        onsale::audit(&bench.binary, &self.store.settings).await
    }
}
