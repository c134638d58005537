use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey;
use onsale_application::ports::{PassKey, PassKeyError};
use sha2::{Digest, Sha256};

use super::keys_of;
use crate::random;
use crate::seals::SealSettings;

/// Bytes of a nonce of ChaCha20-Poly1305 (RFC 8439, 2.8).
const NONCE: usize = 12;

/// Encrypts the private keys of passes for the store, so that who reads it cannot sign: a random nonce, then
/// ChaCha20-Poly1305 (RFC 8439) of the private key, bound to its sequence and its public key.
pub(super) struct KeySealer {
    /// The first one encrypts, all decrypt.
    ciphers: Vec<ChaCha20Poly1305>,
}

/// A key that was decrypted.
pub(super) struct OpenedKey {
    pub(super) sequence: i64,
    pub(super) signing: SigningKey,
    pub(super) active_from: DateTime<Utc>,
}

impl KeySealer {
    pub(super) fn new(settings: &SealSettings) -> Self {
        let ciphers = keys_of(settings, "pass key").into_iter().map(|key| ChaCha20Poly1305::new(&key.into()));
        Self { ciphers: ciphers.collect() }
    }

    pub(super) fn new_key(&self, sequence: i64, created_at: DateTime<Utc>, active_from: DateTime<Utc>) -> PassKey {
        let signing = SigningKey::from_bytes(&random::bytes());
        let public = signing.verifying_key().to_bytes();
        let nonce = random::bytes::<NONCE>();
        let bound = bound(sequence, &public);
        let payload = Payload { msg: signing.as_bytes(), aad: &bound };
        let sealed = self.ciphers[0].encrypt(&Nonce::from(nonce), payload).expect("32 bytes are not too long");
        PassKey { sequence, public, sealed: [nonce.as_slice(), &sealed].concat(), created_at, active_from }
    }

    pub(super) fn open(&self, key: &PassKey) -> Result<OpenedKey, PassKeyError> {
        let private = self.decrypt(key).ok_or(PassKeyError::Sealed(key.sequence))?;
        let signing = SigningKey::from_bytes(&private);
        Ok(OpenedKey { sequence: key.sequence, signing, active_from: key.active_from })
    }

    fn decrypt(&self, key: &PassKey) -> Option<[u8; 32]> {
        let (nonce, sealed) = key.sealed.split_first_chunk::<NONCE>()?;
        let (nonce, bound) = (Nonce::from(*nonce), bound(key.sequence, &key.public));
        let payload = || Payload { msg: sealed, aad: &bound };
        let opened = self.ciphers.iter().find_map(|cipher| cipher.decrypt(&nonce, payload()).ok())?;
        opened.try_into().ok()
    }
}

/// What an encrypted private key belongs to: it does not open as another's.
fn bound(sequence: i64, public: &[u8; 32]) -> Vec<u8> {
    [sequence.to_be_bytes().as_slice(), public].concat()
}

/// The name of a public key in `kid` and in the key set: its thumbprint (RFC 7638; RFC 8037, 2), so that one name never
/// stands for two keys.
pub(super) fn name(public: &[u8; 32]) -> String {
    let x = BASE64_URL_SAFE_NO_PAD.encode(public);
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_rfc_8037_says() {
        let public = BASE64_URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(name(&public.try_into().unwrap()), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
