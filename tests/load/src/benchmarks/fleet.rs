//! Several servers that share one database and one Redis, and halls that they sell together.

use std::sync::Arc;

use futures_util::future::try_join_all;
use onsale_test_servers::{self as servers, RedisServer};

use super::{Bench, require, require_rows, sales::CONNECTIONS};
use crate::{
    Failure,
    customers::Customer,
    load::{Load, Outcome, Until},
    onsale::{self, Onsale},
    prepared::{Prepared, scattered},
    stage::Stage,
    store::{Store, Stores},
};

/// Servers that are one to their customers.
pub(super) struct Fleet {
    store: Store,
    redis: RedisServer,
    size: usize,
    servers: Vec<Onsale>,
}

/// Holds that are ready to be made at each server.
pub(super) struct Crowd {
    performance: String,
    parts: Vec<Prepared>,
}

impl Fleet {
    /// So many servers, on a database and a Redis of their own.
    pub(super) async fn start(bench: &Bench, stores: &Stores, size: usize) -> Result<Self, Failure> {
        let (store, redis) = (stores.create().await?, servers::start_redis().await?);
        let mut fleet = Self { store, redis, size, servers: Vec::new() };
        fleet.start_servers(bench).await?;
        Ok(fleet)
    }

    /// How many servers there are.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// Ends every server and starts new ones, so that nothing is warm.
    pub(super) async fn start_anew(&mut self, bench: &Bench) -> Result<(), Failure> {
        self.stop_servers().await?;
        self.start_servers(bench).await
    }

    async fn start_servers(&mut self, bench: &Bench) -> Result<(), Failure> {
        let settings = [("ONSALE_REDIS_URL", self.redis.url())];
        for _ in 0..self.size {
            self.servers.push(Onsale::start(&bench.binary, &self.store.settings, &settings).await?);
        }
        Ok(())
    }

    async fn stop_servers(&mut self) -> Result<(), Failure> {
        for server in self.servers.drain(..) {
            server.stop().await?;
        }
        Ok(())
    }

    /// A hall of `seats` and a customer for each, spread over the servers.
    pub(super) async fn crowd(&self, seats: u32) -> Result<Crowd, Failure> {
        let stage = Stage { server: self.servers[0].address(), operator: &self.store.operator };
        let performance = stage.performances(1, seats).await?.remove(0);
        let customers = self.store.signed_in(seats as usize).await?;
        let part = customers.len().div_ceil(self.size);
        let parts = (0..).step_by(part).zip(customers.chunks(part));
        let parts = parts.map(|(first, customers): (u32, &[Customer])| {
            Prepared::holds(&performance, customers, |number| scattered(first + number, seats))
        });
        let parts = parts.collect();
        Ok(Crowd { performance, parts })
    }

    /// Makes a crowd's holds at all servers at once, over 256 connections in all, until `until`, which counts for each
    /// server: every hold must be acknowledged, and be a row afterwards.
    pub(super) async fn hold(&self, crowd: Crowd, until: Until) -> Result<Vec<Outcome>, Failure> {
        self.hold_over(crowd, CONNECTIONS, until).await
    }

    /// The same with a connection for each hold.
    pub(super) async fn rush(&self, crowd: Crowd) -> Result<Vec<Outcome>, Failure> {
        let holds = crowd.parts.iter().map(Prepared::count).max().unwrap_or(0);
        self.hold_over(crowd, holds * self.size, Until::Requests(holds as u64)).await
    }

    async fn hold_over(&self, crowd: Crowd, connections: usize, until: Until) -> Result<Vec<Outcome>, Failure> {
        let loads = self.servers.iter().zip(crowd.parts).map(|(server, holds)| {
            let load = Load::new(server.address(), connections.div_ceil(self.size).min(holds.count()), until);
            async move { Ok::<_, Failure>(load.run(Arc::new(holds)).await?) }
        });
        let outcomes = try_join_all(loads).await?;
        for outcome in &outcomes {
            require(outcome, &[201])?;
        }
        let acknowledged = outcomes.iter().map(|outcome| outcome.count(201)).sum();
        require_rows("holds", self.store.reservations_of(&crowd.performance).await?, acknowledged)?;
        Ok(outcomes)
    }

    /// Transactions that the database has committed so far.
    pub(super) async fn commits(&self) -> Result<u64, Failure> {
        self.store.commits().await
    }

    /// Stops the servers and proves that everything they did was right.
    pub(super) async fn finish(mut self, bench: &Bench) -> Result<(), Failure> {
        self.stop_servers().await?;
        onsale::audit(&bench.binary, &self.store.settings).await?;
        Ok(self.redis.stop().await?)
    }
}
