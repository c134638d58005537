use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use onsale_application::ports::{PassClaims, PassKey, PassKeyError, PublicPassKey, QueueClaims, QueueSeals, SealError};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::VisitorId;
use sha2::{Digest, Sha256};

use crate::random;
use crate::seals::SealSettings;
use crate::secret::{Secret, hmac};

mod codes;
mod keys;
mod passes;
mod statement;
mod tokens;

use codes::PassCodes;
use keys::KeySealer;
use passes::Passes;
use statement::Purpose;
use tokens::QueueTokens;

/// Shows what a leaked text is, to people and to scanners for secrets.
const API_KEY_PREFIX: &str = "osk_";
/// The random bytes of an API key: 256 bits.
const API_KEY_BYTES: usize = 32;

/// The seals of waiting rooms: tokens, tickets and codes by HMAC-SHA256, passes by Ed25519. Each kind has a key of its
/// own, so none is ever accepted as another.
///
/// It has no `Debug`, and neither has anything in it that holds a key.
pub struct QueueTokenSeals {
    tokens: QueueTokens,
    tickets: QueueTokens,
    codes: PassCodes,
    passes: Passes,
    sealer: KeySealer,
    pseudonym_key: [u8; 32],
}

impl QueueTokenSeals {
    /// Seals as `settings` say. Passes can be made and checked once keys are installed.
    #[must_use]
    pub fn new(settings: &SealSettings) -> Self {
        Self {
            tokens: QueueTokens::new(settings, Purpose::QueueToken),
            tickets: QueueTokens::new(settings, Purpose::QueueTicket),
            codes: PassCodes::new(settings),
            passes: Passes::new(settings.issuer.clone()),
            sealer: KeySealer::new(settings),
            pseudonym_key: settings.secret.derive("draw pseudonym"),
        }
    }
}

/// The key of one purpose from each secret: the first one signs, all are accepted.
fn keys_of(settings: &SealSettings, purpose: &str) -> Vec<[u8; 32]> {
    let key = |secret: &Secret| secret.derive(purpose);
    std::iter::once(&settings.secret).chain(&settings.previous_secrets).map(key).collect()
}

impl QueueSeals for QueueTokenSeals {
    fn queue_token(&self, claims: &QueueClaims) -> String {
        self.tokens.seal(claims)
    }

    fn open_queue_token(&self, token: &str, now: DateTime<Utc>) -> Result<QueueClaims, SealError> {
        self.tokens.open(token, now)
    }

    fn queue_ticket(&self, claims: &QueueClaims) -> String {
        self.tickets.seal(claims)
    }

    fn open_queue_ticket(&self, ticket: &str, now: DateTime<Utc>) -> Result<QueueClaims, SealError> {
        self.tickets.open(ticket, now)
    }

    fn pass_code(&self, pass: &PassClaims, expires_at: DateTime<Utc>) -> String {
        self.codes.seal(pass, expires_at)
    }

    fn open_pass_code(&self, code: &str, now: DateTime<Utc>) -> Result<PassClaims, SealError> {
        self.codes.open(code, now)
    }

    /// SHA-256: a slow hash would protect what can be guessed, and none of these can.
    fn digest(&self, text: &str) -> [u8; 32] {
        Sha256::digest(text).into()
    }

    fn new_api_key(&self) -> String {
        let random = BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<API_KEY_BYTES>());
        format!("{API_KEY_PREFIX}{random}")
    }

    fn new_seed(&self) -> [u8; 32] {
        random::bytes()
    }

    fn pseudonym(&self, room: WaitingRoomId, visitor: &VisitorId) -> [u8; 32] {
        hmac(&self.pseudonym_key, &[room.0.as_bytes(), visitor.as_str().as_bytes()])
    }

    fn new_pass_key(&self, sequence: i64, created_at: DateTime<Utc>, active_from: DateTime<Utc>) -> PassKey {
        self.sealer.new_key(sequence, created_at, active_from)
    }

    fn install_pass_keys(&self, keys: &[PassKey]) -> Result<(), PassKeyError> {
        let opened: Result<Vec<_>, _> = keys.iter().map(|key| self.sealer.open(key)).collect();
        self.passes.install(opened?);
        Ok(())
    }

    fn public_pass_keys(&self) -> Vec<PublicPassKey> {
        self.passes.public_keys()
    }

    fn pass(&self, claims: &PassClaims, now: DateTime<Utc>) -> Result<String, PassKeyError> {
        self.passes.seal(claims, now)
    }

    fn open_pass(&self, pass: &str, now: DateTime<Utc>) -> Result<PassClaims, SealError> {
        self.passes.open(pass, now)
    }
}

#[cfg(test)]
mod tests;
