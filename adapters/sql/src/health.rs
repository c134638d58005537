//! How the database is.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{Context, StoreHealth, StoreStatus, Unavailable};
use tokio::time::timeout;

use crate::catalogue::only;
use crate::database::{Database, Dialect, SqlError, Statement};

/// How long a database may think about how it is: one that is silent for so long is not there.
const LIMIT: Duration = Duration::from_secs(5);

/// Asks the database how it is.
#[derive(Clone)]
pub struct SqlHealth {
    database: Database,
    context: Context,
}

impl SqlHealth {
    /// The health of `database`, whose clock is compared with that of `context`.
    #[must_use]
    pub fn new(database: Database, context: Context) -> Self {
        Self { database, context }
    }

    async fn ask(&self) -> Result<StoreStatus, Unavailable> {
        let schema_current = self.database.is_migrated().await?;
        let (clock_skew, round_trip) = self.clock_skew().await?;
        Ok(StoreStatus { schema_current, clock_skew, round_trip })
    }

    /// How far the database's clock is ahead, and how long asking took. The answer is taken to have been made half-way
    /// between asking and hearing (Cristian's algorithm, 1989), so the result is off by half the round trip at most.
    /// SQLite has our own clock.
    async fn clock_skew(&self) -> Result<(TimeDelta, TimeDelta), SqlError> {
        if self.database.dialect() == Dialect::Sqlite {
            return Ok((TimeDelta::zero(), TimeDelta::zero()));
        }
        let mut transaction = self.database.begin_read().await?; // connected before the clock is looked at
        let asked = self.context.now();
        let answer = transaction.fetch_optional(Statement::new("SELECT UTC_TIMESTAMP(6)")).await?;
        let heard = self.context.now();
        transaction.rollback().await?;
        let theirs: DateTime<Utc> = only(answer)?.get(0)?;
        let round_trip = heard - asked;
        Ok((theirs - (asked + round_trip / 2), round_trip))
    }
}

#[async_trait]
impl StoreHealth for SqlHealth {
    async fn status(&self) -> Result<StoreStatus, Unavailable> {
        timeout(LIMIT, self.ask()).await.map_err(|_| Unavailable::because("it says nothing"))?
    }
}
