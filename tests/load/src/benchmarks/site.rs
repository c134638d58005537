//! A server with waiting rooms, on MySQL and Redis, one process of it.

use std::time::{Duration, Instant};

use onsale_domain::ids::WaitingRoomId;
use onsale_test_servers::{self as servers, RedisServer};
use tokio::time::sleep;

use super::Bench;
use crate::{
    Failure,
    line::Line,
    onsale::{self, Onsale},
    stage::{Stage, Tenant},
    store::{Store, StoreKind, Stores},
    visitors::Place,
};

/// Everybody is here at once, from one address.
pub(super) const UNLIMITED: [(&str, &str); 3] = [
    ("ONSALE_HTTP__LIMITS__CLIENT_ENTRIES_PER_MINUTE", "0"),
    ("ONSALE_HTTP__LIMITS__VISITOR_ENTRIES_PER_MINUTE", "0"),
    ("ONSALE_HTTP__LIMITS__CLIENT_EVENT_STREAMS", "20000"),
];

/// How long a server may take to see what is in Redis.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

/// A server and everything it needs.
pub(super) struct Site {
    pub(super) server: Onsale,
    pub(super) tenant: Tenant,
    pub(super) store: Store,
    pub(super) redis: RedisServer,
    _stores: Stores,
}

impl Site {
    /// Starts a server with a tenant.
    pub(super) async fn open(bench: &Bench) -> Result<Self, Failure> {
        let stores = Stores::start(StoreKind::Mysql, Duration::ZERO).await?;
        let store = stores.create().await?;
        let redis = servers::start_redis().await?;
        let settings = [&UNLIMITED[..], &[("ONSALE_REDIS_URL", redis.url())]].concat();
        let server = Onsale::start(&bench.binary, &store.settings, &settings).await?;
        let tenant = Stage { server: server.address(), operator: &store.operator }.tenant().await?;
        Ok(Self { server, tenant, store, redis, _stores: stores })
    }

    /// Its operator at work.
    pub(super) fn stage(&self) -> Stage<'_> {
        Stage { server: self.server.address(), operator: &self.store.operator }
    }

    /// The line of a room.
    pub(super) async fn line(&self, room: WaitingRoomId) -> Result<Line, Failure> {
        Line::of(&self.store, self.redis.url(), room).await
    }

    /// Makes so many newcomers stand in a room that is new, and waits until the server has seen them.
    pub(super) async fn fill(&self, line: &Line, count: u32) -> Result<Vec<Place>, Failure> {
        let places = line.fill(&self.store, count).await?;
        let started = Instant::now();
        while self.tenant.seen(line.room()).await? < u64::from(count) {
            if started.elapsed() > PATIENCE {
                return Err(format!("the server does not see the {count} in line").into());
            }
            sleep(PAUSE).await;
        }
        Ok(places)
    }

    /// Waits until so many are let in.
    pub(super) async fn until_serving(&self, room: WaitingRoomId, number: u64) -> Result<(), Failure> {
        let started = Instant::now();
        while self.store.room_number(room, "serving").await? < number {
            if started.elapsed() > PATIENCE {
                return Err(format!("{number} were to be let in and are not").into());
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Stops the server and proves that everything it did was right.
    pub(super) async fn close(self, bench: &Bench) -> Result<(), Failure> {
        self.server.stop().await?;
        onsale::audit(&bench.binary, &self.store.settings).await?;
        Ok(self.redis.stop().await?)
    }
}
