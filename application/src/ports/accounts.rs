use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_domain::account::{Account, Email};
use onsale_domain::ids::{AccountId, SessionId};
use thiserror::Error;

use super::Unavailable;

/// An account to add.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The account.
    pub account: Account,
    /// Its password's hash, in PHC string format.
    pub password_hash: String,
}

/// An account and what its password must match.
#[derive(Clone, Debug)]
pub struct AccountWithPassword {
    /// The account.
    pub account: Account,
    /// Its password's hash, in PHC string format.
    pub password_hash: String,
}

/// A signing-in to record.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its identity.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// The digest of its first refresh token.
    pub token_digest: [u8; 32],
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends unless it is refreshed.
    pub expires_at: DateTime<Utc>,
}

/// An exchange of one refresh token for the next.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The digest of the token that was presented.
    pub presented: [u8; 32],
    /// The digest of the token that replaces it.
    pub next: [u8; 32],
    /// When.
    pub at: DateTime<Utc>,
    /// When the session ends now unless it is refreshed again.
    pub expires_at: DateTime<Utc>,
}

/// Why an account was not added.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RegisterError {
    /// Another account has the address.
    #[error("the address has an account already")]
    EmailTaken,
    /// The store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why a session has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBecause {
    /// Nobody knows the token.
    Unknown,
    /// It was not refreshed in time, or somebody signed out.
    Over,
    /// A token was presented that had been exchanged before, so the session was ended.
    Reused,
}

/// Why a token was not exchanged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RotateError {
    /// There is no live session.
    #[error("the session has ended")]
    Ended(EndedBecause),
    /// The store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Who may sign in, and who is.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Adds an account with an empty points account.
    ///
    /// # Errors
    /// [`RegisterError`].
    async fn register(&self, account: NewAccount) -> Result<(), RegisterError>;

    /// The account of that address.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn by_email(&self, email: &Email) -> Result<Option<AccountWithPassword>, Unavailable>;

    /// The account of that identity.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn by_id(&self, id: AccountId) -> Result<Option<Account>, Unavailable>;

    /// Records a signing-in.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn open_session(&self, session: NewSession) -> Result<(), Unavailable>;

    /// Exchanges a refresh token, once: presenting it again ends the session.
    ///
    /// # Errors
    /// [`RotateError`].
    async fn rotate_session(&self, rotation: Rotation) -> Result<(SessionId, Account), RotateError>;

    /// Ends a session; one that has ended stays so.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn end_session(&self, id: SessionId, at: DateTime<Utc>) -> Result<(), Unavailable>;

    /// Deletes up to `limit` sessions that ended before `before`, with their tokens; says how many.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn purge_sessions(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, Unavailable>;
}
