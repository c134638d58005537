use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_domain::account::Role;
use onsale_domain::box_office::Admission;
use onsale_domain::ids::{AccountId, PerformanceId, SessionId};
use thiserror::Error;

/// What an access token states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// Who.
    pub account: AccountId,
    /// Since which signing-in.
    pub session: SessionId,
    /// What they may do.
    pub roles: Vec<Role>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// What the address of an availability stream states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamClaims {
    /// Which performance may be watched.
    pub performance: PerformanceId,
    /// On which admission, when the concert has a waiting room: the stream ends with the visit.
    pub admission: Option<Admission>,
    /// Until when the address is good.
    pub expires_at: DateTime<Utc>,
}

/// Why a seal was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// Not ours, altered, or made for something else.
    #[error("the token is not valid")]
    Invalid,
    /// Ours, but its time has passed.
    #[error("the token has expired")]
    Expired,
}

/// Signed statements that are checked without asking a store.
pub trait Seals: Send + Sync {
    /// An access token that states `claims`.
    fn access_token(&self, claims: &AccessClaims) -> String;

    /// What an access token states.
    ///
    /// # Errors
    /// [`SealError`].
    fn open_access_token(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, SealError>;

    /// A new random refresh token and its digest.
    fn new_refresh_token(&self) -> (String, [u8; 32]);

    /// The digest of a refresh token.
    fn refresh_token_digest(&self, token: &str) -> [u8; 32];

    /// The opaque, signed part of a stream's address.
    fn stream_ticket(&self, claims: &StreamClaims) -> String;

    /// What a stream's ticket states.
    ///
    /// # Errors
    /// [`SealError`].
    fn open_stream_ticket(&self, ticket: &str, now: DateTime<Utc>) -> Result<StreamClaims, SealError>;
}

/// Why a password was neither hashed nor compared.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PasswordsError {
    /// Too many are waiting.
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    /// The hash could not be made or read.
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

/// Slow hashing of passwords, away from everything that must be fast.
#[async_trait]
pub trait Passwords: Send + Sync {
    /// A salted hash of `password`, in PHC string format.
    ///
    /// # Errors
    /// [`PasswordsError`].
    async fn hash(&self, password: String) -> Result<String, PasswordsError>;

    /// Whether `password` matches `hash`. Without a hash the same work is done and the answer is no, so that an
    /// unknown account takes as long as a wrong password.
    ///
    /// # Errors
    /// [`PasswordsError`].
    async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, PasswordsError>;
}
