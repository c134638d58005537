use std::fmt::Display;

use thiserror::Error;

/// The most characters an idempotency key may have.
const IDEMPOTENCY_KEY_LIMIT: usize = 255;

/// A caller's name for one request, so that asking again does nothing again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// 1 to 255 visible ASCII characters.
    key: String,
    /// A digest of the request, so that another request under the same key is noticed.
    request: [u8; 32],
}

/// The key was empty, too long, or not visible ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an idempotency key has 1 to {IDEMPOTENCY_KEY_LIMIT} visible ASCII characters")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// A key for the request whose digest is `request`.
    ///
    /// # Errors
    /// [`IdempotencyKeyError`].
    pub fn new(key: &str, request: [u8; 32]) -> Result<Self, IdempotencyKeyError> {
        let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        if key.is_empty() || key.len() > IDEMPOTENCY_KEY_LIMIT || !visible {
            return Err(IdempotencyKeyError);
        }
        Ok(Self { key: key.to_owned(), request })
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.key
    }

    /// The request's digest.
    #[must_use]
    pub const fn request(&self) -> &[u8; 32] {
        &self.request
    }
}

/// A step's outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done<T> {
    /// What happened.
    pub value: T,
    /// Whether it happened at an earlier request with the same idempotency key.
    pub replayed: bool,
}

/// Why a step did not happen. Nothing has changed, but in [`StepError::Unavailable`] when the store was lost while it
/// committed and stayed away: then only asking again with the same idempotency key tells.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StepError<R> {
    /// The domain refuses it.
    #[error(transparent)]
    Refused(R),
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// A request with the same idempotency key is still running elsewhere.
    #[error("a request with the same idempotency key is still running")]
    IdempotencyInProgress,
    /// Too much is waiting already.
    #[error("too much is waiting")]
    Busy,
    /// The store cannot be reached or has failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The store cannot be reached or has failed; the cause is for the log, not for the caller.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the store is not available: {cause}")]
pub struct Unavailable {
    /// What failed, for operators.
    pub cause: String,
}

impl Unavailable {
    /// Because of `cause`.
    pub fn because(cause: impl Display) -> Self {
        Self { cause: cause.to_string() }
    }
}

/// Part of a list, newest first unless a port says otherwise, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// The items.
    pub items: Vec<T>,
    /// The last item's place, when there are more.
    pub next: Option<C>,
}
