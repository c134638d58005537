use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use onsale_application::ports::{AccessClaims, Clock, SealError, Seals, StreamClaims};
use sha2::{Digest, Sha256};

use crate::random;
use crate::secret::Secret;

mod access;
mod stream;

use access::AccessTokens;
use stream::StreamTickets;

/// Shows what a leaked text is, to people and to scanners for secrets.
const REFRESH_PREFIX: &str = "ort_";
/// The random bytes of a refresh token: 256 bits.
const REFRESH_BYTES: usize = 32;

/// Whose seals to make and to accept.
#[derive(Clone, Debug)]
pub struct SealSettings {
    /// Who signs: the `iss` of access tokens.
    pub issuer: String,
    /// For whom: the `aud` of access tokens.
    pub audience: String,
    /// What signs.
    pub secret: Secret,
    /// What has signed before and is still accepted, so that secrets can be changed without signing anybody out.
    pub previous_secrets: Vec<Secret>,
}

/// Seals by HMAC-SHA256, with a key of its own for each kind: none is ever accepted as another.
pub struct TokenSeals {
    access: AccessTokens,
    stream: StreamTickets,
    clock: Arc<dyn Clock>,
}

impl TokenSeals {
    /// Seals as `settings` say; `clock` tells when they are made.
    #[must_use]
    pub fn new(settings: &SealSettings, clock: Arc<dyn Clock>) -> Self {
        Self { access: AccessTokens::new(settings), stream: StreamTickets::new(settings), clock }
    }
}

impl Seals for TokenSeals {
    fn access_token(&self, claims: &AccessClaims) -> String {
        self.access.seal(claims, self.clock.now())
    }

    fn open_access_token(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, SealError> {
        self.access.open(token, now)
    }

    fn new_refresh_token(&self) -> (String, [u8; 32]) {
        let random = BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<REFRESH_BYTES>());
        let token = format!("{REFRESH_PREFIX}{random}");
        let digest = self.refresh_token_digest(&token);
        (token, digest)
    }

    /// SHA-256: a slow hash would protect a guessable secret, and 256 random bits are none.
    fn refresh_token_digest(&self, token: &str) -> [u8; 32] {
        Sha256::digest(token).into()
    }

    fn stream_ticket(&self, claims: &StreamClaims) -> String {
        self.stream.seal(claims)
    }

    fn open_stream_ticket(&self, ticket: &str, now: DateTime<Utc>) -> Result<StreamClaims, SealError> {
        self.stream.open(ticket, now)
    }
}

#[cfg(test)]
mod tests;
