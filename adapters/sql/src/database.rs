//! One way to two databases: MySQL, or the embedded SQLite.
//!
//! SQL is written by hand, in what both databases understand, with `?` for values; the few differences are methods of
//! [`Dialect`]. Where a difference could vanish silently (`FOR UPDATE`, upserts), a test on each database covers it.

mod bulk;
mod dialect;
mod error;
mod migrate;
mod pools;
mod row;
mod settings;
mod statement;
#[cfg(test)]
mod tests;
mod transaction;
mod value;

pub use self::bulk::Key;
pub use self::dialect::{Dialect, in_list, values_rows};
pub use self::error::SqlError;
pub use self::row::{Cell, Column, Row};
pub use self::settings::DatabaseSettings;
pub use self::statement::{SizedText, Statement, Text};
pub use self::transaction::Transaction;
pub use self::value::Value;

use std::time::Duration;

use tokio::time::timeout;

use self::pools::{MySqlPools, SqlitePools};
use self::transaction::MySqlTransaction;

/// How long one reading statement may take: a database that is silent for so long is not there.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// A database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Database {
    stores: Stores,
    migration_timeout: Duration,
}

#[derive(Clone, Debug)]
enum Stores {
    MySql(MySqlPools),
    Sqlite(SqlitePools),
}

/// How many connections there are, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// What the connections are for: `write` or `read`.
    pub pool: &'static str,
    /// How many are open.
    pub open: u32,
    /// How many of those wait for work.
    pub idle: u32,
    /// How many there may be.
    pub limit: u32,
}

impl Database {
    /// Connects, and creates a SQLite file that is missing. The schema is left as it is: see
    /// [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// [`SqlError::Settings`] when the URL names no database that can be used; [`SqlError::ConnectionLost`] or
    /// [`SqlError::NoConnection`] when the server cannot be reached.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, SqlError> {
        let scheme = settings.url.split(':').next().unwrap_or_default();
        let stores = match scheme {
            "mysql" | "mariadb" => Stores::MySql(MySqlPools::connect(settings).await?),
            "sqlite" => Stores::Sqlite(SqlitePools::connect(settings).await?),
            _ => return Err(SqlError::Settings(format!("`{scheme}` is none of mysql, mariadb and sqlite"))),
        };
        Ok(Self { stores, migration_timeout: settings.migration_timeout })
    }

    /// A MySQL server that only reads, which is connected to when it is first asked.
    ///
    /// # Errors
    /// [`SqlError::Settings`] when the URL names no such database.
    pub fn read_only(settings: &DatabaseSettings) -> Result<Self, SqlError> {
        let stores = Stores::MySql(MySqlPools::read_only(settings)?);
        Ok(Self { stores, migration_timeout: settings.migration_timeout })
    }

    /// Which SQL it speaks.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match &self.stores {
            Stores::MySql(_) => Dialect::MySql,
            Stores::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Starts a transaction that writes: READ COMMITTED on MySQL, the only writer on SQLite.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn begin(&self) -> Result<Transaction, SqlError> {
        Ok(Transaction(match &self.stores {
            Stores::MySql(pools) => transaction::Inner::MySql(MySqlTransaction::begin(&pools.lanes, "BEGIN").await?),
            Stores::Sqlite(pools) => transaction::Inner::Sqlite(pools.writer.begin_with("BEGIN IMMEDIATE").await?),
        }))
    }

    /// Starts a transaction that only reads, all of it as of one moment.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn begin_read(&self) -> Result<Transaction, SqlError> {
        const SNAPSHOT: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
        Ok(Transaction(match &self.stores {
            Stores::MySql(pools) => transaction::Inner::MySql(MySqlTransaction::begin(&pools.reads, SNAPSHOT).await?),
            Stores::Sqlite(pools) => transaction::Inner::Sqlite(pools.readers.begin().await?),
        }))
    }

    /// Every row that one reading statement finds, outside of a transaction.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn fetch_all(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        match &self.stores {
            Stores::MySql(pools) => {
                let (text, arguments) = statement.for_mysql()?;
                let mut connection = pools.reads.acquire().await?;
                let query = sqlx::query_with(text, arguments).fetch_all(&mut *connection);
                let Ok(rows) = timeout(READ_LIMIT, query).await else {
                    connection.close_on_drop(); // who knows what it would answer next
                    return Err(SqlError::TimedOut { limit: READ_LIMIT });
                };
                Ok(rows?.into_iter().map(|row| Row(row::Inner::MySql(row))).collect())
            }
            Stores::Sqlite(pools) => {
                let (text, arguments) = statement.for_sqlite()?;
                let rows = sqlx::query_with(text, arguments).fetch_all(&pools.readers).await?;
                Ok(rows.into_iter().map(|row| Row(row::Inner::Sqlite(row))).collect())
            }
        }
    }

    /// The first row that one reading statement finds, if any.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn fetch_optional(&self, statement: Statement) -> Result<Option<Row>, SqlError> {
        Ok(self.fetch_all(statement).await?.into_iter().next())
    }

    /// How many connections there are.
    #[must_use]
    pub fn pools(&self) -> [PoolUse; 2] {
        match &self.stores {
            Stores::MySql(pools) => [pool_use("write", &pools.lanes), pool_use("read", &pools.reads)],
            Stores::Sqlite(pools) => [pool_use("write", &pools.writer), pool_use("read", &pools.readers)],
        }
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        match &self.stores {
            Stores::MySql(pools) => {
                pools.reads.close().await;
                pools.lanes.close().await;
            }
            Stores::Sqlite(pools) => {
                pools.readers.close().await;
                pools.writer.close().await; // last, so that closing it leaves one file without its log
            }
        }
    }
}

fn pool_use<DB: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<DB>) -> PoolUse {
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
    PoolUse { pool: name, open: pool.size(), idle, limit: pool.options().get_max_connections() }
}
