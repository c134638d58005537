//! Values on their way out of a row.

use chrono::{DateTime, NaiveDateTime, Utc};
use onsale_domain::money::{Amount, Currency};
use onsale_domain::waiting_room::VisitorId;
use sqlx::Row as _;
use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::SqlError;

/// One row of an answer. Columns go by index, in the order in which the statement names them.
#[derive(Debug)]
pub struct Row(pub(super) Inner);

#[derive(Debug)]
pub(super) enum Inner {
    MySql(MySqlRow),
    Sqlite(SqliteRow),
}

/// What a column can be read as. A sum of integers is a `DECIMAL` on MySQL: `CAST(SUM(amount) AS SIGNED)` reads as `i64`
/// on both databases.
pub trait Column: Sized {
    /// The column's value; nothing for `NULL`.
    ///
    /// # Errors
    /// [`SqlError::Row`] when it holds something else.
    fn read(row: &Row, index: usize) -> Result<Option<Self>, SqlError>;
}

/// A column's value, or `Option` of one where `NULL` is allowed.
pub trait Cell: Sized {
    /// The value of column `index`.
    ///
    /// # Errors
    /// [`SqlError::Row`] when it holds something else.
    fn of(row: &Row, index: usize) -> Result<Self, SqlError>;
}

impl<T: Column> Cell for T {
    fn of(row: &Row, index: usize) -> Result<Self, SqlError> {
        T::read(row, index)?.ok_or_else(|| SqlError::Row(format!("column {index} is NULL")))
    }
}

impl<T: Column> Cell for Option<T> {
    fn of(row: &Row, index: usize) -> Result<Self, SqlError> {
        T::read(row, index)
    }
}

impl Row {
    /// The value of column `index`, counted from 0.
    ///
    /// # Errors
    /// [`SqlError::Row`] when there is no such column or it holds something else.
    pub fn get<T: Cell>(&self, index: usize) -> Result<T, SqlError> {
        T::of(self, index)
    }
}

macro_rules! native {
    ($($type:ty),+) => {$(
        impl Column for $type {
            fn read(row: &Row, index: usize) -> Result<Option<Self>, SqlError> {
                Ok(match &row.0 {
                    Inner::MySql(row) => row.try_get(index)?,
                    Inner::Sqlite(row) => row.try_get(index)?,
                })
            }
        }
    )+};
}

native!(i64, f64, String, Vec<u8>);

fn bytes(row: &Row, index: usize) -> Result<Option<&[u8]>, SqlError> {
    Ok(match &row.0 {
        Inner::MySql(row) => row.try_get(index)?,
        Inner::Sqlite(row) => row.try_get(index)?,
    })
}

fn converted<T: Column, U>(
    row: &Row,
    index: usize,
    convert: impl FnOnce(T) -> Result<U, String>,
) -> Result<Option<U>, SqlError> {
    let Some(value) = T::read(row, index)? else { return Ok(None) };
    convert(value).map(Some).map_err(|problem| SqlError::Row(format!("column {index}: {problem}")))
}

macro_rules! whole_numbers {
    ($($type:ty),+) => {$(
        impl Column for $type {
            fn read(row: &Row, index: usize) -> Result<Option<Self>, SqlError> {
                converted(row, index, |value: i64| {
                    Self::try_from(value).map_err(|_| format!("{value} is out of range"))
                })
            }
        }
    )+};
}

whole_numbers!(i32, u32, u16, u8, usize);

impl Column for bool {
    fn read(row: &Row, index: usize) -> Result<Option<Self>, SqlError> {
        converted(row, index, |value: i64| Ok(value != 0))
    }
}

impl Column for Amount {
    fn read(row: &Row, index: usize) -> Result<Option<Self>, SqlError> {
        converted(row, index, |value: i64| Self::new(value).map_err(|error| error.to_string()))
    }
}

impl Column for Currency {
    fn read(row: &Row, index: usize) -> Result<Option<Self>, SqlError> {
        converted(row, index, |code: String| Self::parse(&code).map_err(|error| error.to_string()))
    }
}

impl Column for VisitorId {
    fn read(row: &Row, index: usize) -> Result<Option<Self>, SqlError> {
        converted(row, index, |name: String| Self::new(&name).map_err(|error| error.to_string()))
    }
}

impl<const N: usize> Column for [u8; N] {
    fn read(row: &Row, index: usize) -> Result<Option<Self>, SqlError> {
        let Some(bytes) = bytes(row, index)? else { return Ok(None) };
        let wrong = |_| SqlError::Row(format!("column {index} has {} bytes, not {N}", bytes.len()));
        bytes.try_into().map(Some).map_err(wrong)
    }
}

impl Column for Uuid {
    fn read(row: &Row, index: usize) -> Result<Option<Self>, SqlError> {
        Ok(<[u8; 16]>::read(row, index)?.map(Self::from_bytes))
    }
}

impl Column for DateTime<Utc> {
    fn read(row: &Row, index: usize) -> Result<Option<Self>, SqlError> {
        match &row.0 {
            Inner::MySql(row) => Ok(row.try_get::<Option<NaiveDateTime>, _>(index)?.map(|time| time.and_utc())),
            Inner::Sqlite(_) => converted(row, index, |micros: i64| {
                Self::from_timestamp_micros(micros).ok_or_else(|| format!("{micros} is out of range"))
            }),
        }
    }
}
