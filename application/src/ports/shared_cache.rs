use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;
use uuid::Uuid;

/// The bytes of a value and the catalogue's generation that they show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedValue {
    /// It shows every change up to this one.
    pub generation: i64,
    /// The value; only who wrote it knows how to read it.
    pub bytes: Bytes,
}

/// What the shared cache says about a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedAnswer {
    /// The latest generation that anybody told it of; nothing while it is empty.
    pub latest: Option<i64>,
    /// The value, when there is one of that generation.
    pub value: Option<SharedValue>,
}

/// The right to read a value for everybody, for a short time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedLease(
    /// What tells it from the leases of others.
    pub Uuid,
);

/// Why the shared cache gave no answer. Nothing depends on one: whoever gets none reads from SQL.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SharedCacheError {
    /// As much is under way as may be; the cache itself is well.
    #[error("the shared cache is busy")]
    Busy,
    /// It cannot be reached, or gave no answer in time.
    #[error("the shared cache is not available: {0}")]
    Unavailable(String),
}

/// Values of the catalogue that all replicas share. It may be emptied at any moment, and is never the truth.
///
/// It keeps one mark: the latest generation that it was told of, by [`raise`](Self::raise) or by a value. A value of an
/// earlier generation is neither taken nor given: the mark is the tombstone of everything before it, so a change is never
/// hidden by an older value that was being read meanwhile. Losing the mark loses every value with it.
#[async_trait]
pub trait SharedCache: Send + Sync {
    /// The value called `name`, and the mark.
    ///
    /// # Errors
    /// [`SharedCacheError`].
    async fn get(&self, name: &str) -> Result<SharedAnswer, SharedCacheError>;

    /// Keeps `value` for `ttl` unless a later generation is known, and raises the mark to its generation; says whether it
    /// was kept.
    ///
    /// # Errors
    /// [`SharedCacheError`]; it may have been kept all the same.
    async fn fill(&self, name: &str, value: SharedValue, ttl: Duration) -> Result<bool, SharedCacheError>;

    /// Takes the right to read the value called `name`, for at most `length`; nothing while somebody else has it.
    ///
    /// # Errors
    /// [`SharedCacheError`].
    async fn lease(&self, name: &str, length: Duration) -> Result<Option<SharedLease>, SharedCacheError>;

    /// Gives the right back, unless it has ended and somebody else has it.
    ///
    /// # Errors
    /// [`SharedCacheError`]; it ends by itself then.
    async fn release(&self, name: &str, lease: SharedLease) -> Result<(), SharedCacheError>;

    /// Raises the mark to `generation` unless it is there or beyond; says where it is then.
    ///
    /// # Errors
    /// [`SharedCacheError`].
    async fn raise(&self, generation: i64) -> Result<i64, SharedCacheError>;

    /// Forgets everything and sets the mark to `generation`, unless it is there or below: the store was put back to an
    /// earlier state, as by restoring a backup, and what is kept comes from another history.
    ///
    /// # Errors
    /// [`SharedCacheError`].
    async fn start_over(&self, generation: i64) -> Result<(), SharedCacheError>;
}
