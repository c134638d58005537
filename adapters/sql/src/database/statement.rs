//! Statements: a text and the values of its placeholders.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use onsale_support::lanes::LARGEST_CUT;
use sqlx::mysql::MySqlArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{Dialect, SqlError, Value};

/// A text with `?` placeholders. Values never become part of a text.
#[derive(Clone, Debug)]
pub enum Text {
    /// Written in the source.
    Static(&'static str),
    /// Put together for one statement.
    Owned(String),
    /// Put together once, for many.
    Shared(Arc<str>),
}

impl Text {
    /// Every text of this crate comes through here, and is made of literals and placeholders only.
    pub(super) fn into_sql(self) -> SqlStr {
        match self {
            Self::Static(text) => text.into_sql_str(),
            Self::Owned(text) => AssertSqlSafe(text).into_sql_str(),
            Self::Shared(text) => AssertSqlSafe(text).into_sql_str(),
        }
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self::Static(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Owned(text)
    }
}

impl From<Cow<'static, str>> for Text {
    fn from(text: Cow<'static, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::Static(text),
            Cow::Owned(text) => Self::Owned(text),
        }
    }
}

/// A statement that is ready to run.
#[derive(Clone, Debug)]
pub struct Statement {
    text: Text,
    values: Vec<Value>,
}

impl Statement {
    /// A statement of `text`, so far without values.
    #[must_use]
    pub fn new(text: impl Into<Text>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// Binds the next placeholder.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Binds the next placeholders.
    #[must_use]
    pub fn bind_all<V: Into<Value>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.values.extend(values.into_iter().map(Into::into));
        self
    }

    pub(super) fn for_mysql(self) -> Result<(SqlStr, MySqlArguments), SqlError> {
        let mut arguments = MySqlArguments::default();
        arguments.reserve(self.values.len(), 16 * self.values.len());
        for value in self.values {
            value.add_to_mysql(&mut arguments).map_err(sqlx::Error::Encode)?;
        }
        Ok((self.text.into_sql(), arguments))
    }

    pub(super) fn for_sqlite(self) -> Result<(SqlStr, SqliteArguments), SqlError> {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(self.values.len(), 0);
        for value in self.values {
            value.add_to_sqlite(&mut arguments).map_err(sqlx::Error::Encode)?;
        }
        Ok((self.text.into_sql(), arguments))
    }
}

/// How many sizes there are: 1, 2, 4 … [`LARGEST_CUT`].
const SIZES: usize = LARGEST_CUT.ilog2() as usize + 1;

/// The texts of a statement that exists in sizes: so many rows to insert, so many keys to look for.
///
/// Each size is a text of its own, which every connection prepares and keeps, so sizes are powers of two. Each text is
/// put together once and then shared.
#[derive(Debug)]
pub struct SizedText {
    build: fn(Dialect, usize) -> String,
    texts: [[OnceLock<Arc<str>>; SIZES]; 2],
}

impl SizedText {
    /// The texts that `build` makes for a dialect and a size.
    #[must_use]
    pub const fn new(build: fn(Dialect, usize) -> String) -> Self {
        Self { build, texts: [const { [const { OnceLock::new() }; SIZES] }; 2] }
    }

    /// A statement of `size` rows or keys.
    ///
    /// # Panics
    /// When `size` is not a power of two up to [`LARGEST_CUT`].
    #[must_use]
    pub fn statement(&self, dialect: Dialect, size: usize) -> Statement {
        Statement::new(Text::Shared(Arc::clone(self.text(dialect, size))))
    }

    pub(crate) fn text(&self, dialect: Dialect, size: usize) -> &Arc<str> {
        assert!(size.is_power_of_two() && size <= LARGEST_CUT, "{size} is not a size of statements");
        let text = &self.texts[dialect.index()][size.ilog2() as usize];
        text.get_or_init(|| (self.build)(dialect, size).into())
    }
}

#[cfg(test)]
mod tests {
    use super::{SIZES, SizedText, Text};
    use crate::database::{Dialect, in_list};

    static TEXTS: SizedText = SizedText::new(|_, size| format!("SELECT {}", in_list(size)));

    #[test]
    fn a_text_is_put_together_once_for_each_size() {
        assert_eq!(SIZES, 9);
        let text = |size| match TEXTS.statement(Dialect::Sqlite, size).text {
            Text::Shared(text) => text,
            other => panic!("{other:?} is not shared"),
        };
        assert_eq!(&*text(2), "SELECT (?, ?)");
        assert!(std::sync::Arc::ptr_eq(&text(256), &text(256)));
    }

    #[test]
    #[should_panic(expected = "3 is not a size of statements")]
    fn other_sizes_do_not_exist() {
        drop(TEXTS.statement(Dialect::MySql, 3));
    }
}
