//! Connections.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use log::LevelFilter;
use metrics::{Unit, counter, describe_counter};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, MySqlPool, SqlitePool};

use super::{DatabaseSettings, SqlError};

/// Every size of every multi-row statement stays prepared: over TCP, evicting one costs a delayed acknowledgement.
const STATEMENT_CACHE: usize = 1024;
/// Statements slower than this are logged, without their values.
const SLOW: Duration = Duration::from_secs(1);
/// Refuses what does not fit instead of storing something else.
const STRICT: &str = "sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')";

const CONNECTIONS: &str = "onsale_database_connections_total";

/// Where transactions run and where single statements read.
#[derive(Clone, Debug)]
pub(super) struct MySqlPools {
    pub(super) lanes: MySqlPool,
    pub(super) reads: MySqlPool,
}

impl MySqlPools {
    pub(super) async fn connect(settings: &DatabaseSettings) -> Result<Self, SqlError> {
        let options = mysql_options(settings)?;
        let lanes = format!(
            "SET SESSION {STRICT}, innodb_lock_wait_timeout = {}, wait_timeout = {}",
            settings.lock_timeout.as_secs().max(1),
            settings.silence_timeout.as_secs().max(1),
        );
        // The server closes a silent connection; the pool gives it up a little earlier.
        let idle = settings.silence_timeout.mul_f32(0.8);
        let lanes = session(settings, settings.lane_connections, "READ COMMITTED", lanes).idle_timeout(idle);
        Ok(Self { lanes: lanes.connect_with(options.clone()).await?, reads: reads(settings, options) })
    }

    /// Connections that read, to a server that refuses everything else.
    pub(super) fn read_only(settings: &DatabaseSettings) -> Result<Self, SqlError> {
        let reads = reads(settings, mysql_options(settings)?);
        Ok(Self { lanes: reads.clone(), reads })
    }
}

fn mysql_options(settings: &DatabaseSettings) -> Result<MySqlConnectOptions, SqlError> {
    Ok(MySqlConnectOptions::from_str(&settings.url)?
        .charset("utf8mb4")
        .collation("utf8mb4_bin")
        .statement_cache_capacity(STATEMENT_CACHE)
        .log_statements(LevelFilter::Off)
        .log_slow_statements(LevelFilter::Warn, SLOW))
}

fn reads(settings: &DatabaseSettings, options: MySqlConnectOptions) -> MySqlPool {
    let set = format!("SET SESSION {STRICT}");
    session(settings, settings.read_connections, "REPEATABLE READ", set).connect_lazy_with(options)
}

/// A pool whose connections start with `isolation` and `set`, and are pinged before use.
fn session(settings: &DatabaseSettings, connections: u32, isolation: &'static str, set: String) -> MySqlPoolOptions {
    let pool: MySqlPoolOptions = pool(settings, connections);
    describe_counter!(CONNECTIONS, Unit::Count, "Connections made to MySQL, the first ones included.");
    let made = counter!(CONNECTIONS);
    pool.test_before_acquire(true).after_connect(move |connection, _| {
        let set = set.clone();
        made.increment(1);
        Box::pin(async move {
            let isolation = format!("SET SESSION TRANSACTION ISOLATION LEVEL {isolation}");
            connection.execute(AssertSqlSafe(isolation)).await?;
            connection.execute(AssertSqlSafe(set)).await?;
            Ok(())
        })
    })
}

fn pool<DB: sqlx::Database>(settings: &DatabaseSettings, connections: u32) -> PoolOptions<DB> {
    PoolOptions::new().max_connections(connections.max(1)).acquire_timeout(settings.acquire_timeout)
}

/// One connection that writes, so that writers wait in a queue of ours and never find the database locked; and a few
/// that read.
#[derive(Clone, Debug)]
pub(super) struct SqlitePools {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
}

impl SqlitePools {
    pub(super) async fn connect(settings: &DatabaseSettings) -> Result<Self, SqlError> {
        let options = SqliteConnectOptions::from_str(&settings.url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(settings.lock_timeout)
            .foreign_keys(false)
            .statement_cache_capacity(STATEMENT_CACHE)
            .log_statements(LevelFilter::Off)
            .log_slow_statements(LevelFilter::Warn, SLOW);
        if is_in_memory(options.get_filename()) {
            return Err(SqlError::Settings("an in-memory SQLite database has one connection only; name a file".into()));
        }
        let cache = |kib: u32| format!("-{kib}");
        let writing = options.clone().pragma("cache_size", cache(settings.sqlite_cache_kib));
        let reading = options.pragma("cache_size", cache(settings.sqlite_cache_kib / 4)).pragma("query_only", "ON");
        let writer: SqlitePoolOptions = pool(settings, 1);
        let readers: SqlitePoolOptions = pool(settings, settings.sqlite_readers);
        Ok(Self {
            writer: writer.idle_timeout(None).max_lifetime(None).connect_with(writing).await?,
            readers: readers.max_lifetime(None).connect_lazy_with(reading),
        })
    }

    pub(super) fn file(&self) -> std::path::PathBuf {
        self.writer.connect_options().get_filename().to_owned()
    }
}

fn is_in_memory(file: &Path) -> bool {
    let name = file.to_string_lossy();
    name.is_empty() || name.contains(":memory:") || name.contains("sqlx-in-memory")
}
