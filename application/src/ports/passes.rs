use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_domain::ids::{PassId, WaitingRoomId};
use onsale_domain::waiting_room::{QueueNumber, VisitorId};
use thiserror::Error;

use super::{SealError, Unavailable};

/// What a queue token states: a place in line, or in the draw for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueClaims {
    /// Of which room.
    pub room: WaitingRoomId,
    /// Who.
    pub visitor: VisitorId,
    /// The place; 0 before the draw.
    pub number: QueueNumber,
    /// Until when the token is good.
    pub expires_at: DateTime<Utc>,
}

/// What a pass states: that a visitor was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassClaims {
    /// Its identity.
    pub id: PassId,
    /// Into which room.
    pub room: WaitingRoomId,
    /// Who.
    pub visitor: VisitorId,
    /// With which number.
    pub number: QueueNumber,
    /// When the tick was.
    pub issued_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// A signing key of passes as the store keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct PassKey {
    /// 1, 2, 3 …: exactly one replica adds each.
    pub sequence: i64,
    /// The public key: 32 bytes of Ed25519.
    pub public: [u8; 32],
    /// The private key, encrypted by the configured secret.
    pub sealed: Vec<u8>,
    /// Since when it is published.
    pub created_at: DateTime<Utc>,
    /// From when on it signs.
    pub active_from: DateTime<Utc>,
}

/// A public key, for checking passes elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicPassKey {
    /// Its name in the `kid` of passes.
    pub name: String,
    /// 32 bytes of Ed25519.
    pub public: [u8; 32],
}

/// Why there is no pass.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PassKeyError {
    /// No key is active yet.
    #[error("there is no active key for passes")]
    NoKey,
    /// A stored key cannot be opened with the configured secrets.
    #[error("signing key {0} cannot be opened with the configured secrets")]
    Sealed(i64),
}

/// The store of the keys that sign passes.
#[async_trait]
pub trait PassKeys: Send + Sync {
    /// Every key that may still sign or check a pass, by sequence.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn all(&self) -> Result<Vec<PassKey>, Unavailable>;

    /// Adds a key; false when another replica has added that one.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn add(&self, key: &PassKey) -> Result<bool, Unavailable>;

    /// Deletes keys with a sequence below `sequence`.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn remove_before(&self, sequence: i64) -> Result<(), Unavailable>;
}

/// Queue tokens, passes, their codes and API keys: signed or hashed, checked without asking a store.
pub trait QueueSeals: Send + Sync {
    /// A queue token that states `claims`.
    fn queue_token(&self, claims: &QueueClaims) -> String;

    /// What a queue token states.
    ///
    /// # Errors
    /// [`SealError`].
    fn open_queue_token(&self, token: &str, now: DateTime<Utc>) -> Result<QueueClaims, SealError>;

    /// The opaque part of the address of a place's event stream: read-only, good for nothing else.
    fn queue_ticket(&self, claims: &QueueClaims) -> String;

    /// What an event stream's ticket states.
    ///
    /// # Errors
    /// [`SealError`].
    fn open_queue_ticket(&self, ticket: &str, now: DateTime<Utc>) -> Result<QueueClaims, SealError>;

    /// A one-time code that stands for a pass until `expires_at`; each is another.
    fn pass_code(&self, pass: &PassClaims, expires_at: DateTime<Utc>) -> String;

    /// The pass that a code stands for.
    ///
    /// # Errors
    /// [`SealError`].
    fn open_pass_code(&self, code: &str, now: DateTime<Utc>) -> Result<PassClaims, SealError>;

    /// The digest under which the identity of a pass, or an API key, is remembered.
    fn digest(&self, text: &str) -> [u8; 32];

    /// A new random API key, `osk_…` with 256 random bits.
    fn new_api_key(&self) -> String;

    /// A new random seed of a draw.
    fn new_seed(&self) -> [u8; 32];

    /// A visitor's name in the public list of a draw; only who knows the visitor and the secret can make it.
    fn pseudonym(&self, room: WaitingRoomId, visitor: &VisitorId) -> [u8; 32];

    /// A new key for passes.
    fn new_pass_key(&self, sequence: i64, created_at: DateTime<Utc>, active_from: DateTime<Utc>) -> PassKey;

    /// Signs and checks with these keys from now on, and with no others.
    ///
    /// # Errors
    /// [`PassKeyError::Sealed`]; the keys that were installed before stay.
    fn install_pass_keys(&self, keys: &[PassKey]) -> Result<(), PassKeyError>;

    /// The keys to publish.
    fn public_pass_keys(&self) -> Vec<PublicPassKey>;

    /// Signs a pass: an `EdDSA` JWT with `iss`, `aud` (room), `sub` (visitor), `jti`, `iat`, `exp`, `number`.
    ///
    /// # Errors
    /// [`PassKeyError::NoKey`].
    fn pass(&self, claims: &PassClaims, now: DateTime<Utc>) -> Result<String, PassKeyError>;

    /// What a pass states. Those that were checked before are found by their digest, in bounded memory.
    ///
    /// # Errors
    /// [`SealError`].
    fn open_pass(&self, pass: &str, now: DateTime<Utc>) -> Result<PassClaims, SealError>;
}
