use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use onsale_application::ports::{AccessClaims, SealError};
use onsale_domain::account::Role;
use onsale_domain::ids::{AccountId, SessionId};
use serde::{Deserialize, Serialize};

use super::SealSettings;
use crate::secret::Secret;

/// The media type of access tokens (RFC 9068, 2.1).
const TYPE: &str = "at+jwt";
/// The most bytes a token may have; those made here have about 500.
const TOKEN_LIMIT: usize = 4_096;
/// The bytes of a key's name.
const KEY_NAME_BYTES: usize = 8;

#[derive(Serialize)]
struct Stated<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: AccountId,
    sid: SessionId,
    roles: &'a [Role],
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Opened {
    sub: AccountId,
    sid: SessionId,
    roles: Vec<Role>,
    exp: i64,
}

/// Access tokens: JWT with HS256 (RFC 7519, RFC 9068), lifetimes in whole seconds.
pub(super) struct AccessTokens {
    issuer: String,
    audience: String,
    header: Header,
    signing: EncodingKey,
    accepted: Vec<Accepted>,
    validation: Validation,
}

/// A key that is accepted, and the one header under which it is: algorithm, type and key in its exact bytes, so no
/// header can talk anybody into another algorithm or key.
struct Accepted {
    header: String,
    key: DecodingKey,
}

impl AccessTokens {
    pub(super) fn new(settings: &SealSettings) -> Self {
        let (issuer, audience) = (settings.issuer.clone(), settings.audience.clone());
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[&audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The library would ask the machine's clock and allow a minute; `open` compares with the caller's moment.
        validation.validate_exp = false;
        let accepted = std::iter::once(&settings.secret).chain(&settings.previous_secrets).map(Accepted::new).collect();
        let signing = EncodingKey::from_secret(&signing_key(&settings.secret));
        Self { issuer, audience, header: header(&settings.secret), signing, accepted, validation }
    }

    pub(super) fn seal(&self, claims: &AccessClaims, now: DateTime<Utc>) -> String {
        let stated = Stated {
            iss: &self.issuer,
            aud: &self.audience,
            sub: claims.account,
            sid: claims.session,
            roles: &claims.roles,
            iat: now.timestamp(),
            exp: claims.expires_at.timestamp(),
        };
        jsonwebtoken::encode(&self.header, &stated, &self.signing).expect("the claims are JSON and the key is for HMAC")
    }

    pub(super) fn open(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, SealError> {
        let header = token.split_once('.').map(|(header, _)| header).ok_or(SealError::Invalid)?;
        let accepted = self.accepted.iter().find(|accepted| accepted.header == header).ok_or(SealError::Invalid)?;
        if token.len() > TOKEN_LIMIT {
            return Err(SealError::Invalid);
        }
        let opened: Opened = jsonwebtoken::decode(token, &accepted.key, &self.validation)
            .map_err(|_| SealError::Invalid)? // why is nobody's business: every cause is a token that is not ours
            .claims;
        let expires_at = DateTime::from_timestamp(opened.exp, 0).ok_or(SealError::Invalid)?;
        if now >= expires_at {
            return Err(SealError::Expired);
        }
        Ok(AccessClaims { account: opened.sub, session: opened.sid, roles: opened.roles, expires_at })
    }
}

impl Accepted {
    fn new(secret: &Secret) -> Self {
        let header = serde_json::to_vec(&header(secret)).expect("a header is JSON");
        Self { header: BASE64_URL_SAFE_NO_PAD.encode(header), key: DecodingKey::from_secret(&signing_key(secret)) }
    }
}

fn signing_key(secret: &Secret) -> [u8; 32] {
    secret.derive("access token")
}

fn header(secret: &Secret) -> Header {
    let name = secret.derive("key name");
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(BASE64_URL_SAFE_NO_PAD.encode(&name[..KEY_NAME_BYTES]));
    header
}
