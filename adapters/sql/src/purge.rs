//! Removing what nobody will ask for again.

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{Context, Unavailable};

use crate::database::{Database, SqlError, Statement};

/// How long the outcome of a request is kept for its idempotency key.
const IDEMPOTENCY_KEYS_KEPT: TimeDelta = TimeDelta::hours(24);

/// Removes what nobody will ask for again, in small batches, so that nobody waits for it.
#[derive(Clone)]
pub struct SqlPurge {
    database: Database,
    context: Context,
}

impl SqlPurge {
    /// Purges `database`.
    #[must_use]
    pub fn new(database: Database, context: Context) -> Self {
        Self { database, context }
    }

    /// Deletes about `limit` of the idempotency keys that are older than a day, the oldest first: rows of the same
    /// moment go together. Says how many; fewer than `limit` means that none are left.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn idempotency_keys(&self, limit: u32) -> Result<u64, Unavailable> {
        let before = self.context.now() - IDEMPOTENCY_KEYS_KEPT;
        Ok(self.delete_idempotency_keys(before, limit.max(1)).await?)
    }

    async fn delete_idempotency_keys(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, SqlError> {
        let text = "SELECT created_at FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT 1 OFFSET ?";
        let newest = self.database.fetch_optional(Statement::new(text).bind(before).bind(limit - 1)).await?;
        let newest = newest.map(|row| row.get::<DateTime<Utc>>(0)).transpose()?;
        let mut transaction = self.database.begin().await?;
        let statement = match newest {
            Some(newest) => Statement::new("DELETE FROM idempotency_keys WHERE created_at <= ?").bind(newest),
            None => Statement::new("DELETE FROM idempotency_keys WHERE created_at < ?").bind(before),
        };
        let deleted = transaction.execute(statement).await?;
        transaction.commit().await?;
        Ok(deleted)
    }
}
