//! Two servers with traffic: the first is beside its database and its Redis, the second behind a link to each.

use onsale_test_servers::{Database, RedisServer, private_redis};

use super::Fleet;
use super::crowd::Crowd;
use super::link::Link;
use super::proof::free_in_the_end;
use super::watching::Watching;

const CLIENTS: usize = 24;
const CUSTOMERS: usize = 240;
/// What each server holds, gets paid or refunds before, during and after a trouble that does not stop it.
const BOOKED: usize = 100;

/// Which server is beside everything, and which is behind links.
pub(super) const BESIDE: usize = 0;
pub(super) const BEHIND: usize = 1;

/// Two servers with traffic.
pub(super) struct Pair {
    pub(super) fleet: Fleet,
    pub(super) redis: RedisServer,
    /// Between the second server and the database.
    pub(super) to_database: Link,
    /// Between the second server and Redis.
    pub(super) to_redis: Link,
    crowd: Crowd,
    watching: Vec<Watching>,
}

impl Pair {
    /// Two servers on `database` who are busy.
    pub(super) async fn busy(database: &Database) -> Self {
        let redis = private_redis().await;
        let (to_database, to_redis) = (Link::to(database.url()).await, Link::to(redis.url()).await);
        let mut fleet = Fleet::open(database.url(), redis.url()).await;
        let (database_url, redis_url) = (to_database.url(), to_redis.url());
        fleet.join(&[("ONSALE_DATABASE_URL", &database_url), ("ONSALE_REDIS_URL", &redis_url)]).await;
        let crowd = fleet.crowd(CLIENTS, CUSTOMERS).await;
        let pair = Self { fleet, redis, to_database, to_redis, crowd, watching: Vec::new() };
        pair.both_go_on().await;
        pair
    }

    /// Lets somebody follow what is free at each server, until the end.
    pub(super) async fn watched(mut self) -> Self {
        for server in &self.fleet.servers {
            let there = self.fleet.visitor.at(&server.address);
            self.watching.push(Watching::at(&there, &self.fleet.sale.performance).await);
        }
        self
    }

    /// Returns when both servers have sold more.
    pub(super) async fn both_go_on(&self) {
        self.crowd.traffic.wait_for_each(&[BESIDE, BEHIND], BOOKED).await;
    }

    /// Returns when the first server has sold more, whatever the second does.
    pub(super) async fn the_first_goes_on(&self) {
        self.crowd.traffic.wait_for_each(&[BESIDE], BOOKED).await;
    }

    /// Once the trouble is over both go on, nobody started anything again, and everything that was told is so.
    pub(super) async fn recovers(self) {
        for server in &self.fleet.servers {
            server.await_ready().await;
        }
        self.both_go_on().await;
        let customers = self.crowd.end().await;
        let free = free_in_the_end(&customers);
        for watching in self.watching {
            watching.sees(&free).await;
        }
        self.fleet.settled(&free).await;
        self.fleet.prove(&customers).await;
        self.redis.stop().await.unwrap();
    }
}
