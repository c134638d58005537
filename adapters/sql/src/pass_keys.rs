//! The keys that sign passes, in SQL.

use async_trait::async_trait;
use onsale_application::ports::{PassKey, PassKeys, Unavailable};

use crate::database::{Database, Row, SqlError, Statement};

const COLUMNS: &str = "sequence_no, public_key, sealed_key, created_at, active_from";

/// The keys that sign passes, in SQL: private halves as they come, sealed.
#[derive(Clone)]
pub struct SqlPassKeys {
    database: Database,
}

impl SqlPassKeys {
    /// The keys of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    async fn write(&self, statement: Statement) -> Result<(), SqlError> {
        let mut transaction = self.database.begin().await?;
        transaction.execute(statement).await?;
        transaction.commit().await
    }
}

#[async_trait]
impl PassKeys for SqlPassKeys {
    async fn all(&self) -> Result<Vec<PassKey>, Unavailable> {
        let text = format!("SELECT {COLUMNS} FROM pass_keys ORDER BY sequence_no");
        let rows = self.database.fetch_all(Statement::new(text)).await?;
        Ok(rows.iter().map(key).collect::<Result<_, _>>()?)
    }

    async fn add(&self, key: &PassKey) -> Result<bool, Unavailable> {
        let statement = Statement::new(format!("INSERT INTO pass_keys ({COLUMNS}) VALUES (?, ?, ?, ?, ?)"))
            .bind(key.sequence)
            .bind(key.public)
            .bind(&key.sealed[..])
            .bind(key.created_at)
            .bind(key.active_from);
        match self.write(statement).await {
            Ok(()) => Ok(true),
            Err(error) if error.is_unique_violation() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn remove_before(&self, sequence: i64) -> Result<(), Unavailable> {
        let statement = Statement::new("DELETE FROM pass_keys WHERE sequence_no < ?").bind(sequence);
        Ok(self.write(statement).await?)
    }
}

fn key(row: &Row) -> Result<PassKey, SqlError> {
    Ok(PassKey {
        sequence: row.get(0)?,
        public: row.get(1)?,
        sealed: row.get(2)?,
        created_at: row.get(3)?,
        active_from: row.get(4)?,
    })
}
