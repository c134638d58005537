//! Transactions.

use sqlx::{Acquire, MySql, Sqlite};

use super::row::Inner as InnerRow;
use super::{Dialect, Row, SqlError, Statement};

/// A transaction; dropped without [`commit`](Self::commit) it is rolled back.
#[derive(Debug)]
pub struct Transaction(pub(super) Inner);

#[derive(Debug)]
pub(super) enum Inner {
    MySql(sqlx::Transaction<'static, MySql>),
    Sqlite(sqlx::Transaction<'static, Sqlite>),
}

impl Transaction {
    /// Which SQL it speaks.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match &self.0 {
            Inner::MySql(_) => Dialect::MySql,
            Inner::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Every row that `statement` finds.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        match &mut self.0 {
            Inner::MySql(transaction) => {
                let (text, arguments) = statement.for_mysql()?;
                let rows = sqlx::query_with(text, arguments).fetch_all(transaction.acquire().await?).await?;
                Ok(rows.into_iter().map(|row| Row(InnerRow::MySql(row))).collect())
            }
            Inner::Sqlite(transaction) => {
                let (text, arguments) = statement.for_sqlite()?;
                let rows = sqlx::query_with(text, arguments).fetch_all(transaction.acquire().await?).await?;
                Ok(rows.into_iter().map(|row| Row(InnerRow::Sqlite(row))).collect())
            }
        }
    }

    /// The first row that `statement` finds, if any.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn fetch_optional(&mut self, statement: Statement) -> Result<Option<Row>, SqlError> {
        Ok(self.fetch_all(statement).await?.into_iter().next())
    }

    /// Runs `statement` and says how many rows its condition matched, whether or not they changed. For an `INSERT` that
    /// may update, the number means something else on each database.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn execute(&mut self, statement: Statement) -> Result<u64, SqlError> {
        match &mut self.0 {
            Inner::MySql(transaction) => {
                let (text, arguments) = statement.for_mysql()?;
                let done = sqlx::query_with(text, arguments).execute(transaction.acquire().await?).await?;
                Ok(done.rows_affected())
            }
            Inner::Sqlite(transaction) => {
                let (text, arguments) = statement.for_sqlite()?;
                let done = sqlx::query_with(text, arguments).execute(transaction.acquire().await?).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// [`SqlError`]; when it [is a lost connection](SqlError::is_connection_lost), everything may have happened or
    /// nothing.
    pub async fn commit(self) -> Result<(), SqlError> {
        match self.0 {
            Inner::MySql(transaction) => Ok(transaction.commit().await?),
            Inner::Sqlite(transaction) => Ok(transaction.commit().await?),
        }
    }

    /// Undoes everything.
    ///
    /// # Errors
    /// [`SqlError`]; everything is undone then too.
    pub async fn rollback(self) -> Result<(), SqlError> {
        match self.0 {
            Inner::MySql(transaction) => Ok(transaction.rollback().await?),
            Inner::Sqlite(transaction) => Ok(transaction.rollback().await?),
        }
    }
}
