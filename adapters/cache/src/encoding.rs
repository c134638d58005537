//! Values as bytes: a version, a checksum, then the time of reading and the value in postcard's format.
//!
//! Bytes of another version, or damaged ones, are no value and no error. The rows here are the format: whoever changes one
//! raises [`VERSION`], which is also part of every name, so that replicas of two versions leave each other's values alone.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

mod rows;

/// The format of everything in this module.
pub(crate) const VERSION: u8 = 2;
/// The version and the checksum.
const HEAD_BYTES: usize = 5;

/// A value that can be written down as a row of plain numbers and texts.
pub(crate) trait Portable: Sized {
    /// The row; its texts are borrowed from the value, or from the bytes it is read from.
    type Row<'a>: Serialize + Deserialize<'a>;

    /// The value as a row.
    fn to_row(&self) -> Self::Row<'_>;

    /// The value of a row; nothing when that is not one.
    fn from_row(row: Self::Row<'_>) -> Option<Self>;
}

/// The bytes of a value that was read at `read_at`; nothing when it cannot be written down.
pub(crate) fn encode<V: Portable>(value: &V, read_at: DateTime<Utc>) -> Option<Vec<u8>> {
    let head = vec![VERSION, 0, 0, 0, 0];
    let mut bytes = postcard::to_extend(&(read_at.timestamp_micros(), value.to_row()), head).ok()?;
    let checksum = crc32fast::hash(&bytes[HEAD_BYTES..]).to_le_bytes();
    bytes[1..HEAD_BYTES].copy_from_slice(&checksum);
    Some(bytes)
}

/// The value of `bytes` and when it was read; nothing when they are of another version, damaged or incomplete.
pub(crate) fn decode<V: Portable>(bytes: &[u8]) -> Option<(V, DateTime<Utc>)> {
    let (version, rest) = bytes.split_first()?;
    let (checksum, body) = rest.split_first_chunk()?;
    if *version != VERSION || crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let ((read_at, row), rest) = postcard::take_from_bytes::<(i64, V::Row<'_>)>(body).ok()?;
    if !rest.is_empty() {
        return None;
    }
    Some((V::from_row(row)?, DateTime::from_timestamp_micros(read_at)?))
}

#[cfg(test)]
mod tests;
