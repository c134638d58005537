//! Statements over many rows, in few sizes.

use onsale_support::lanes::{LARGEST_CUT, powers_of_two};

use super::{Database, Dialect, Row, SizedText, SqlError, Statement, Transaction, Value};

impl Transaction {
    /// Writes `rows` with the multi-row statements of `texts`, cut into powers of two; `bind` binds one row.
    ///
    /// # Errors
    /// [`SqlError`]; earlier cuts stay written until the transaction is rolled back.
    pub async fn write_rows<T>(
        &mut self,
        texts: &SizedText,
        rows: &[T],
        bind: impl Fn(Statement, &T) -> Statement,
    ) -> Result<(), SqlError> {
        for cut in powers_of_two(rows.len()) {
            let statement = texts.statement(self.dialect(), cut.len());
            let statement = rows[cut].iter().fold(statement, &bind);
            self.execute(statement).await?;
        }
        Ok(())
    }

    /// The rows that the statements of `texts` find for `keys`. `leading` are the values before the list of keys. The
    /// list is filled up to a power of two by repeating its last key.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn fetch_by_keys<K: Key>(
        &mut self,
        texts: &SizedText,
        leading: &[Value],
        keys: &[K],
    ) -> Result<Vec<Row>, SqlError> {
        let mut rows = Vec::new();
        for statement in by_keys(self.dialect(), texts, leading, keys) {
            rows.append(&mut self.fetch_all(statement).await?);
        }
        Ok(rows)
    }
}

impl Database {
    /// The same outside of a transaction: each statement sees its own moment, and has the time limit of one that only
    /// reads.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn fetch_by_keys<K: Key>(
        &self,
        texts: &SizedText,
        leading: &[Value],
        keys: &[K],
    ) -> Result<Vec<Row>, SqlError> {
        let mut rows = Vec::new();
        for statement in by_keys(self.dialect(), texts, leading, keys) {
            rows.append(&mut self.fetch_all(statement).await?);
        }
        Ok(rows)
    }
}

fn by_keys<K: Key>(
    dialect: Dialect,
    texts: &SizedText,
    leading: &[Value],
    keys: &[K],
) -> impl Iterator<Item = Statement> {
    keys.chunks(LARGEST_CUT).map(move |keys| {
        let size = keys.len().next_power_of_two();
        let filled = keys.iter().chain(keys.last().into_iter().cycle()).take(size);
        let statement = texts.statement(dialect, size).bind_all(leading.iter().cloned());
        statement.bind_all(filled.flat_map(Key::values))
    })
}

/// What rows are looked for by: one value, or one for each column of a key.
pub trait Key {
    /// The values, in the order of the placeholders.
    fn values(&self) -> impl Iterator<Item = Value>;
}

impl<T: Copy + Into<Value>> Key for T {
    fn values(&self) -> impl Iterator<Item = Value> {
        std::iter::once((*self).into())
    }
}
