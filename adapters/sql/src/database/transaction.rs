//! Transactions.

use sqlx::pool::PoolConnection;
use sqlx::{Acquire, Executor, MySql, MySqlConnection, MySqlPool, Sqlite};

use super::row::Inner as InnerRow;
use super::{Dialect, Row, SqlError, Statement};

/// A transaction; dropped without [`commit`](Self::commit) it is rolled back.
#[derive(Debug)]
pub struct Transaction(pub(super) Inner);

#[derive(Debug)]
pub(super) enum Inner {
    MySql(MySqlTransaction),
    Sqlite(sqlx::Transaction<'static, Sqlite>),
}

/// A transaction on MySQL. One that does not come to its end takes its connection with it: what may still be on the
/// wire belongs to nobody, the server rolls back when the connection closes, and closing waits for no answer.
#[derive(Debug)]
pub(super) struct MySqlTransaction {
    connection: PoolConnection<MySql>,
    has_ended: bool,
}

impl MySqlTransaction {
    /// Starts one with the statement `begin`.
    pub(super) async fn begin(pool: &MySqlPool, begin: &'static str) -> Result<Self, SqlError> {
        let mut transaction = Self { connection: pool.acquire().await?, has_ended: false };
        transaction.connection().execute(begin).await?;
        Ok(transaction)
    }

    async fn end(mut self, end: &'static str) -> Result<(), SqlError> {
        self.connection().execute(end).await?;
        self.has_ended = true;
        Ok(())
    }

    fn connection(&mut self) -> &mut MySqlConnection {
        &mut self.connection
    }
}

impl Drop for MySqlTransaction {
    fn drop(&mut self) {
        if !self.has_ended {
            self.connection.close_on_drop();
        }
    }
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
                let rows = sqlx::query_with(text, arguments).fetch_all(transaction.connection()).await?;
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
                let done = sqlx::query_with(text, arguments).execute(transaction.connection()).await?;
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
            Inner::MySql(transaction) => transaction.end("COMMIT").await,
            Inner::Sqlite(transaction) => Ok(transaction.commit().await?),
        }
    }

    /// Undoes everything.
    ///
    /// # Errors
    /// [`SqlError`]; everything is undone then too.
    pub async fn rollback(self) -> Result<(), SqlError> {
        match self.0 {
            Inner::MySql(transaction) => transaction.end("ROLLBACK").await,
            Inner::Sqlite(transaction) => Ok(transaction.rollback().await?),
        }
    }
}
