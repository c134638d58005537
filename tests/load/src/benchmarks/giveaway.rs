//! A server that gives out coupons: its database, and customers who have none yet of each new campaign.

use std::sync::Arc;

use onsale_domain::ids::AccountId;

use super::{Bench, require, require_rows};
use crate::{
    Failure,
    client::{self, Reply},
    customers::Customer,
    load::{Fixed, Load, Outcome, Until},
    onsale::{self, Onsale},
    prepared::{Prepared, scattered},
    stage::{Stage, coupons_path},
    store::{Store, Stores},
};

/// Connections of a crowd that asks for coupons.
pub(super) const CONNECTIONS: usize = 256;

/// One side of a comparison.
pub(super) struct Giveaway {
    pub(super) store: Store,
    pub(super) server: Onsale,
    customers: Vec<AccountId>,
}

impl Giveaway {
    /// A server with these settings and so many customers, of whom each can have a coupon of every campaign.
    pub(super) async fn prepare(
        bench: &Bench,
        stores: &Stores,
        more: &[(&str, &str)],
        customers: u32,
    ) -> Result<Self, Failure> {
        let store = stores.create().await?;
        let server = Onsale::start(&bench.binary, &store.settings, more).await?;
        let customers = in_no_order(&store.add_customers(customers as usize).await?)?;
        Ok(Self { store, server, customers })
    }

    /// Its operator at work.
    pub(super) fn stage(&self) -> Stage<'_> {
        Stage { server: self.server.address(), operator: &self.store.operator }
    }

    /// A campaign with a coupon for every customer: its id.
    pub(super) async fn campaign(&self) -> Result<String, Failure> {
        self.stage().campaign(u32::try_from(self.customers.len())?).await
    }

    /// The customers, signed in anew.
    pub(super) fn sign_in(&self) -> Vec<Customer> {
        self.store.tokens.sign_in(&self.customers)
    }

    /// Gives out coupons of a new campaign, whose id it returns: each must be acknowledged, and be stored and counted
    /// afterwards.
    pub(super) async fn give_out(&self, until: Until) -> Result<(String, Outcome), Failure> {
        let campaign = self.campaign().await?;
        let wishes = wishes(&campaign, &self.sign_in());
        let outcome = Load::new(self.server.address(), CONNECTIONS, until).run(Arc::new(wishes)).await?;
        require(&outcome, &[201])?;
        self.require_stored(&campaign, outcome.count(201)).await?;
        Ok((campaign, outcome))
    }

    /// Gives out one coupon, and returns what was asked and answered.
    pub(super) async fn give_one(&self) -> Result<(String, Fixed, Reply), Failure> {
        let path = coupons_path(&self.campaign().await?);
        let customer = self.store.signed_in(1).await?.remove(0);
        let request = Fixed::request("POST", &path, &[("authorization", customer.authorization())], b"");
        let reply = client::ask(self.server.address(), request.clone()).await?;
        reply.json(201)?;
        Ok((path, request, reply))
    }

    /// Every coupon that was acknowledged is there, and its campaign has counted it.
    pub(super) async fn require_stored(&self, campaign: &str, acknowledged: u64) -> Result<(), Failure> {
        let (rows, issued) = self.store.coupons_of(campaign).await?;
        require_rows("coupons", rows, acknowledged)?;
        require_rows("coupons counted by their campaign", rows, issued)
    }

    /// Stops the server and proves that everything it did was right.
    pub(super) async fn finish(self, bench: &Bench) -> Result<(), Failure> {
        self.server.stop().await?;
        onsale::audit(&bench.binary, &self.store.settings).await
    }
}

/// A wish of each customer. Like most callers they name no `Idempotency-Key`: whoever asks again is told which coupon
/// it is.
pub(super) fn wishes(campaign: &str, customers: &[Customer]) -> Prepared {
    let path = coupons_path(campaign);
    let mut wishes = Prepared::default();
    for customer in customers {
        wishes.add("POST", &path, &[("authorization", customer.authorization())], b"");
    }
    wishes
}

/// Nobody comes in the order in which they once signed up.
fn in_no_order(customers: &[AccountId]) -> Result<Vec<AccountId>, Failure> {
    let count = u32::try_from(customers.len())?;
    Ok((0..count).map(|number| customers[scattered(number, count) as usize]).collect())
}
