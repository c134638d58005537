//! The schema: one replica brings it up to date, the others wait.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{MySqlPool, Row as _, SqlitePool};

use super::{Database, Dialect, SqlError, Statement, Stores};

static MYSQL: LazyLock<Migrator> = LazyLock::new(|| unlocked(sqlx::migrate!("../../migrations/mysql")));
static SQLITE: LazyLock<Migrator> = LazyLock::new(|| unlocked(sqlx::migrate!("../../migrations/sqlite")));

/// The migrator's own lock waits for a negative time, which MariaDB does not know, and does nothing on SQLite.
/// Migrations of a newer program do not stop this one from starting again beside it.
fn unlocked(mut migrator: Migrator) -> Migrator {
    migrator.set_locking(false).set_ignore_missing(true);
    migrator
}

impl Database {
    /// Brings the schema up to date. Of several replicas that start at once, one does it and the others wait.
    ///
    /// # Errors
    /// [`SqlError::Migration`] when a migration fails, was changed afterwards, or another replica takes too long.
    pub async fn migrate(&self) -> Result<(), SqlError> {
        match &self.stores {
            Stores::MySql(pools) => migrate_mysql(&pools.lanes, self.migration_timeout).await,
            Stores::Sqlite(pools) => migrate_sqlite(&pools.writer, pools.file(), self.migration_timeout).await,
        }
    }

    /// Whether every migration that this program was built with has been applied. Later ones are of a newer program,
    /// which is being rolled out beside this one.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn is_migrated(&self) -> Result<bool, SqlError> {
        let (table, migrator) = match self.dialect() {
            Dialect::MySql => (
                "SELECT COUNT(*) FROM information_schema.tables \
                 WHERE table_schema = DATABASE() AND table_name = '_sqlx_migrations'",
                &MYSQL,
            ),
            Dialect::Sqlite => ("SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'", &SQLITE),
        };
        let tables = self.fetch_optional(Statement::new(table)).await?;
        if tables.map(|row| row.get::<i64>(0)).transpose()? != Some(1) {
            return Ok(false);
        }
        let applied = Statement::new("SELECT version, success FROM _sqlx_migrations");
        let applied = self.fetch_all(applied).await?;
        let applied = applied
            .iter()
            .map(|row| Ok((row.get(0)?, row.get(1)?)))
            .collect::<Result<HashMap<i64, bool>, SqlError>>()?;
        Ok(migrator.iter().all(|migration| applied.get(&migration.version) == Some(&true)))
    }
}

async fn migrate_mysql(pool: &MySqlPool, patience: Duration) -> Result<(), SqlError> {
    // The lock belongs to the connection, so a replica that dies while migrating lets go of it.
    let mut connection = pool.acquire().await?;
    let lock = sqlx::query("SELECT GET_LOCK(CONCAT('onsale.', SHA1(DATABASE())), ?)").bind(patience.as_secs());
    let locked: Option<i64> = lock.fetch_one(&mut *connection).await?.try_get(0)?;
    if locked != Some(1) {
        return Err(too_slow(patience));
    }
    let migrated = MYSQL.run(&mut *connection).await;
    let unlock = sqlx::query("SELECT RELEASE_LOCK(CONCAT('onsale.', SHA1(DATABASE())))");
    let unlocked = unlock.execute(&mut *connection).await;
    migrated?;
    unlocked?;
    Ok(())
}

async fn migrate_sqlite(pool: &SqlitePool, file: PathBuf, patience: Duration) -> Result<(), SqlError> {
    let lock = tokio::time::timeout(patience, lock_beside(file)).await.map_err(|_| too_slow(patience))??;
    SQLITE.run(pool).await?;
    drop(lock);
    Ok(())
}

/// Locks a file beside the database's; a process that dies lets go of it.
async fn lock_beside(database: PathBuf) -> Result<File, SqlError> {
    let lock = move || -> io::Result<File> {
        let file = File::create(beside(&database))?;
        file.lock()?;
        Ok(file)
    };
    let locked = tokio::task::spawn_blocking(lock).await.map_err(io::Error::other).flatten();
    locked.map_err(|error| SqlError::Settings(format!("cannot lock the database file for migrating: {error}")))
}

fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".migrating");
    name.into()
}

fn too_slow(patience: Duration) -> SqlError {
    let reason = format!("another process has been migrating for more than {} s", patience.as_secs());
    SqlError::Migration(MigrateError::Source(reason.into()))
}
