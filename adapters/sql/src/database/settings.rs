//! Which database, and how much of it.

use std::fmt;
use std::time::Duration;

/// Which database to use and the limits of using it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// `mysql://user:password@host:port/name` or `sqlite:path/to/file`. A SQLite file is created when it is missing.
    pub url: String,
    /// MySQL: connections for transactions. Each hot performance uses one at a time; 16 keep a two-core server busy.
    pub lane_connections: u32,
    /// MySQL: connections for reading outside of transactions.
    pub read_connections: u32,
    /// SQLite: connections for reading beside the one that writes; each keeps a page cache of its own.
    pub sqlite_readers: u32,
    /// SQLite: the page cache of the connection that writes, in KiB; a reader gets a quarter of it.
    pub sqlite_cache_kib: u32,
    /// How long to wait for a free connection, or for the server to take one.
    pub acquire_timeout: Duration,
    /// How long a statement waits for a lock; whole seconds on MySQL. It bounds what a stuck replica costs others.
    pub lock_timeout: Duration,
    /// MySQL: after how long a silent transaction connection is cut off by the server, so that the locks of a replica
    /// that vanished end. Whole seconds, longer than any pause within a transaction.
    pub silence_timeout: Duration,
    /// How long to wait while another replica migrates the schema.
    pub migration_timeout: Duration,
}

impl DatabaseSettings {
    /// The database at `url`, with the default limits.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            lane_connections: 16,
            read_connections: 16,
            sqlite_readers: 4,
            sqlite_cache_kib: 8 * 1024,
            acquire_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            silence_timeout: Duration::from_secs(10),
            migration_timeout: Duration::from_mins(5),
        }
    }
}

/// Leaves the URL out: it may hold a password.
impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        formatter.debug_struct("DatabaseSettings").field("scheme", &scheme).finish_non_exhaustive()
    }
}
