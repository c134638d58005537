//! Where the two databases differ.

use std::fmt::Write;

/// Which SQL a database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// MySQL 8.4 or MariaDB 10.11 and later.
    MySql,
    /// The embedded SQLite.
    Sqlite,
}

impl Dialect {
    /// Ends a `SELECT` that locks what it reads. SQLite's only writer has locked everything already.
    #[must_use]
    pub const fn for_update(self) -> &'static str {
        match self {
            Self::MySql => " FOR UPDATE",
            Self::Sqlite => "",
        }
    }

    /// Follows a table's name where rows are locked by key: a scan, which MySQL prefers while a table is small, would
    /// lock rows that nobody asked for.
    #[must_use]
    pub const fn by_primary_key(self) -> &'static str {
        match self {
            Self::MySql => " FORCE INDEX (PRIMARY)",
            Self::Sqlite => "",
        }
    }

    /// Follows a table's name where this index must be used: statistics lag behind a table that fills within seconds.
    #[must_use]
    pub fn by_index(self, index: &str) -> String {
        match self {
            Self::MySql => format!(" FORCE INDEX ({index})"),
            Self::Sqlite => format!(" INDEXED BY {index}"),
        }
    }

    /// Ends an `INSERT` that updates `columns` of rows that exist already; `key` are the columns of the primary key.
    #[must_use]
    pub fn on_duplicate(self, key: &[&str], columns: &[&str]) -> String {
        let assign = |column: &&str| match self {
            Self::MySql => format!("{column} = VALUES({column})"),
            Self::Sqlite => format!("{column} = excluded.{column}"),
        };
        let assignments = columns.iter().map(assign).collect::<Vec<_>>().join(", ");
        match self {
            Self::MySql => format!(" ON DUPLICATE KEY UPDATE {assignments}"),
            Self::Sqlite => format!(" ON CONFLICT ({}) DO UPDATE SET {assignments}", key.join(", ")),
        }
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::MySql => 0,
            Self::Sqlite => 1,
        }
    }
}

/// `(?, ?, ?)` for a list of `length` values.
#[must_use]
pub fn in_list(length: usize) -> String {
    let mut list = String::with_capacity(2 + 3 * length);
    list.push('(');
    for index in 0..length {
        list.push_str(if index == 0 { "?" } else { ", ?" });
    }
    list.push(')');
    list
}

/// `(?, ?), (?, ?)` for `rows` rows of `columns` values.
#[must_use]
pub fn values_rows(rows: usize, columns: usize) -> String {
    let row = in_list(columns);
    let mut list = String::with_capacity(rows * (row.len() + 2));
    for index in 0..rows {
        let separator = if index == 0 { "" } else { ", " };
        write!(list, "{separator}{row}").expect("writing to a string never fails");
    }
    list
}

#[cfg(test)]
mod tests {
    use super::{Dialect, in_list, values_rows};

    #[test]
    fn lists_have_a_placeholder_for_every_value() {
        assert_eq!(in_list(3), "(?, ?, ?)");
        assert_eq!(values_rows(2, 2), "(?, ?), (?, ?)");
    }

    #[test]
    fn an_upsert_names_its_key_only_on_sqlite() {
        let suffix = |dialect: Dialect| dialect.on_duplicate(&["a", "b"], &["c", "d"]);
        assert_eq!(suffix(Dialect::MySql), " ON DUPLICATE KEY UPDATE c = VALUES(c), d = VALUES(d)");
        assert_eq!(suffix(Dialect::Sqlite), " ON CONFLICT (a, b) DO UPDATE SET c = excluded.c, d = excluded.d");
    }
}
