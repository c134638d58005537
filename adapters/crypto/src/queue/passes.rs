use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use moka::Expiry;
use moka::sync::Cache;
use onsale_application::ports::{PassClaims, PassKeyError, PublicPassKey, SealError};
use onsale_domain::ids::{PassId, WaitingRoomId};
use onsale_domain::waiting_room::VisitorId;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::keys::{self, OpenedKey};

/// The media type of passes: no other JWT has it.
const TYPE: &str = "onsale-pass+jwt";
/// The most bytes a pass may have; those made here have about 550.
const PASS_LIMIT: usize = 4_096;
/// Passes that are remembered as verified, because verifying costs some 30 µs: about 30 MB.
const REMEMBERED: u64 = 100_000;

#[derive(Serialize)]
struct Stated<'a> {
    iss: &'a str,
    aud: WaitingRoomId,
    sub: &'a str,
    jti: PassId,
    iat: i64,
    exp: i64,
    number: i64,
}

#[derive(Deserialize)]
struct Opened {
    iss: String,
    aud: WaitingRoomId,
    sub: VisitorId,
    jti: PassId,
    iat: i64,
    exp: i64,
    number: i64,
}

/// Passes: JWT with `EdDSA` (RFC 7519, RFC 8037), times in whole seconds, never later than what was sealed.
pub(super) struct Passes {
    issuer: String,
    keys: RwLock<Arc<[Installed]>>,
    verified: Cache<[u8; 32], Verified>,
}

/// A key that signs and is accepted, and the one header under which it is: algorithm, type and key in its exact bytes,
/// so no header can talk anybody into another algorithm or key.
struct Installed {
    name: String,
    header: String,
    signing: SigningKey,
    active_from: DateTime<Utc>,
}

/// What a verified pass states, and how long that matters.
#[derive(Clone)]
struct Verified {
    claims: PassClaims,
    remaining: Duration,
}

/// Forgets a pass when it has expired; whether it has is asked of the caller's moment all the same.
struct UntilExpiry;

impl Expiry<[u8; 32], Verified> for UntilExpiry {
    fn expire_after_create(&self, _: &[u8; 32], verified: &Verified, _: Instant) -> Option<Duration> {
        Some(verified.remaining)
    }
}

impl Passes {
    pub(super) fn new(issuer: String) -> Self {
        let verified = Cache::builder().max_capacity(REMEMBERED).expire_after(UntilExpiry).build();
        Self { issuer, keys: RwLock::new(Arc::new([])), verified }
    }

    /// Replaces the keys.
    pub(super) fn install(&self, mut keys: Vec<OpenedKey>) {
        keys.sort_unstable_by_key(|key| key.sequence);
        *self.keys.write() = keys.into_iter().map(Installed::new).collect();
    }

    pub(super) fn public_keys(&self) -> Vec<PublicPassKey> {
        let public = |key: &Installed| PublicPassKey { name: key.name.clone(), public: key.public() };
        self.installed().iter().map(public).collect()
    }

    /// Signs with the newest key that is active.
    pub(super) fn seal(&self, claims: &PassClaims, now: DateTime<Utc>) -> Result<String, PassKeyError> {
        let keys = self.installed();
        let key = keys.iter().rfind(|key| key.active_from <= now).ok_or(PassKeyError::NoKey)?;
        let stated = Stated {
            iss: &self.issuer,
            aud: claims.room,
            sub: claims.visitor.as_str(),
            jti: claims.id,
            iat: claims.issued_at.timestamp(),
            exp: claims.expires_at.timestamp(),
            number: claims.number,
        };
        let stated = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&stated).expect("the claims are JSON"));
        let signed = format!("{}.{stated}", key.header);
        let signature = BASE64_URL_SAFE_NO_PAD.encode(key.signing.sign(signed.as_bytes()).to_bytes());
        Ok(format!("{signed}.{signature}"))
    }

    pub(super) fn open(&self, pass: &str, now: DateTime<Utc>) -> Result<PassClaims, SealError> {
        if pass.len() > PASS_LIMIT {
            return Err(SealError::Invalid);
        }
        let (header, _) = pass.split_once('.').ok_or(SealError::Invalid)?;
        let keys = self.installed();
        // Before asking what is remembered: a key that is no longer installed takes its passes with it.
        let key = keys.iter().find(|key| key.header == header).ok_or(SealError::Invalid)?;
        let digest: [u8; 32] = Sha256::digest(pass).into();
        let remembered = self.verified.get(&digest).map(|verified| verified.claims);
        let is_new = remembered.is_none();
        let claims = remembered.or_else(|| self.verify(key, pass)).ok_or(SealError::Invalid)?;
        let remaining = (claims.expires_at - now).to_std().unwrap_or_default();
        if remaining.is_zero() {
            return Err(SealError::Expired);
        }
        if is_new {
            self.verified.insert(digest, Verified { claims: claims.clone(), remaining });
        }
        Ok(claims)
    }

    /// What a pass states if `key` has signed it; why not is nobody's business.
    fn verify(&self, key: &Installed, pass: &str) -> Option<PassClaims> {
        let (signed, signature) = pass.rsplit_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let signature = Signature::from_slice(&signature).ok()?;
        key.signing.verifying_key().verify_strict(signed.as_bytes(), &signature).ok()?;
        let (_, stated) = signed.split_once('.')?;
        let opened: Opened = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(stated).ok()?).ok()?;
        if opened.iss != self.issuer {
            return None;
        }
        Some(PassClaims {
            id: opened.jti,
            room: opened.aud,
            visitor: opened.sub,
            number: opened.number,
            issued_at: DateTime::from_timestamp(opened.iat, 0)?,
            expires_at: DateTime::from_timestamp(opened.exp, 0)?,
        })
    }

    fn installed(&self) -> Arc<[Installed]> {
        Arc::clone(&self.keys.read())
    }
}

impl Installed {
    fn new(key: OpenedKey) -> Self {
        let name = keys::name(&key.signing.verifying_key().to_bytes());
        let header = format!(r#"{{"typ":"{TYPE}","alg":"EdDSA","kid":"{name}"}}"#);
        let header = BASE64_URL_SAFE_NO_PAD.encode(header);
        Self { name, header, signing: key.signing, active_from: key.active_from }
    }

    fn public(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }
}
