//! What can go wrong in SQL, by what to do about it.

use std::time::Duration;

use onsale_application::ports::Unavailable;
use sqlx::migrate::MigrateError;
use sqlx::mysql::MySqlDatabaseError;
use thiserror::Error;

/// Why a statement, a transaction or a connection failed.
#[derive(Debug, Error)]
pub enum SqlError {
    /// The connection broke. Whatever was sent last, a `COMMIT` included, may or may not have happened.
    #[error("the connection was lost: {0}")]
    ConnectionLost(#[source] sqlx::Error),
    /// The database did not answer in time. Whatever was sent last, a `COMMIT` included, may or may not have happened.
    #[error("no end within {} s", .limit.as_secs())]
    TimedOut {
        /// How long there was.
        limit: Duration,
    },
    /// The server took no connection, or none of the pool became free in time. Nothing has happened.
    #[error("no connection: {0}")]
    NoConnection(#[source] sqlx::Error),
    /// The transaction was chosen to end a deadlock. Nothing has happened.
    #[error("deadlock: {0}")]
    Deadlock(#[source] sqlx::Error),
    /// A lock did not become free in time. Nothing has happened.
    #[error("a lock did not become free in time: {0}")]
    LockTimeout(#[source] sqlx::Error),
    /// A row is not what this process remembered of it. Nothing has happened.
    #[error("what was remembered is out of date: {0}")]
    OutOfDate(String),
    /// A row with the same unique key exists. The transaction stays usable.
    #[error("there is such a row already: {0}")]
    Unique(#[source] sqlx::Error),
    /// The values do not fit: too long, out of range, absent, or refused by a check. The transaction stays usable.
    #[error("the values do not fit: {0}")]
    Data(#[source] sqlx::Error),
    /// A row holds something that this program never writes.
    #[error("a row cannot be read: {0}")]
    Row(String),
    /// The settings name no database that can be used.
    #[error("the database settings are wrong: {0}")]
    Settings(String),
    /// The schema could not be brought up to date.
    #[error("the schema could not be migrated: {0}")]
    Migration(#[from] MigrateError),
    /// Anything else, such as a missing table or a full disk.
    #[error("the database failed: {0}")]
    Failed(#[source] sqlx::Error),
}

impl SqlError {
    /// Whether a row with the same unique key exists.
    #[must_use]
    pub const fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Unique(_))
    }

    /// Whether the connection broke or was given up, so that a `COMMIT` may have happened.
    #[must_use]
    pub const fn is_connection_lost(&self) -> bool {
        matches!(self, Self::ConnectionLost(_) | Self::TimedOut { .. })
    }

    /// Whether a lock did not become free in time.
    #[must_use]
    pub const fn is_lock_timeout(&self) -> bool {
        matches!(self, Self::LockTimeout(_))
    }

    /// Whether the same transaction may succeed when it is run again.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        self.is_connection_lost()
            || matches!(self, Self::NoConnection(_) | Self::Deadlock(_) | Self::LockTimeout(_) | Self::OutOfDate(_))
    }

    /// Whether the data of the transaction is to blame, so that running it again fails again.
    #[must_use]
    pub const fn is_of_the_data(&self) -> bool {
        matches!(self, Self::Unique(_) | Self::Data(_) | Self::Row(_))
    }
}

impl From<SqlError> for Unavailable {
    fn from(error: SqlError) -> Self {
        Self::because(error)
    }
}

impl From<sqlx::Error> for SqlError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(_) => from_database(error),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => Self::ConnectionLost(error),
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Self::NoConnection(error),
            sqlx::Error::Configuration(reason) => Self::Settings(reason.to_string()),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
                Self::Row(error.to_string())
            }
            _ => Self::Failed(error),
        }
    }
}

fn from_database(error: sqlx::Error) -> SqlError {
    let Some(reported) = error.as_database_error() else { return SqlError::Failed(error) };
    if let Some(mysql) = reported.try_downcast_ref::<MySqlDatabaseError>() {
        return from_mysql(mysql.number(), mysql.code().unwrap_or_default())(error);
    }
    let code = reported.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
    from_sqlite(code)(error)
}

/// By error number, then by SQLSTATE class: 22 is a data exception, 23 a violated constraint.
fn from_mysql(number: u16, state: &str) -> fn(sqlx::Error) -> SqlError {
    match number {
        1213 => SqlError::Deadlock,
        1205 => SqlError::LockTimeout,
        1022 | 1062 | 1586 => SqlError::Unique,
        1040 | 1203 => SqlError::NoConnection, // too many connections
        // shutting down, killed, interrupted, disconnected for being idle
        1053 | 1077 | 1079 | 1317 | 1927 | 4031 => SqlError::ConnectionLost,
        1264 | 1265 | 1292 | 1366 | 1406 | 1690 | 3819 | 4025 => SqlError::Data,
        _ if state.starts_with("22") || state.starts_with("23") => SqlError::Data,
        _ => SqlError::Failed,
    }
}

/// By extended result code (<https://www.sqlite.org/rescode.html>).
fn from_sqlite(code: i32) -> fn(sqlx::Error) -> SqlError {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const TOO_BIG: i32 = 18;
    const CONSTRAINT: i32 = 19;
    const MISMATCH: i32 = 20;
    const CONSTRAINT_PRIMARY_KEY: i32 = 1555;
    const CONSTRAINT_UNIQUE: i32 = 2067;
    match (code, code & 0xff) {
        (CONSTRAINT_PRIMARY_KEY | CONSTRAINT_UNIQUE, _) => SqlError::Unique,
        (_, BUSY | LOCKED) => SqlError::LockTimeout,
        (_, TOO_BIG | CONSTRAINT | MISMATCH) => SqlError::Data,
        _ => SqlError::Failed,
    }
}
