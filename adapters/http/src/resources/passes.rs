//! Passes for the sites of tenants: checked online or offline, and ended.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use onsale_application::ports::PublicPassKey;
use onsale_application::waiting_room::{Presented, Verified, VerifyError};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::QueueNumber;
use poem_openapi::param::Path;
use poem_openapi::payload::{Json, Response};
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use uuid::Uuid;

use super::Tag;
use crate::callers::TenantServer;
use crate::input::{JsonBody, Text};
use crate::problem::{BODY, Problem, TENANT};
use crate::refusals::busy;
use crate::rendered::{Rendered, RenderedBody};
use crate::state::UseCases;

/// Five minutes: a key is published an hour before it signs.
const FOR_MINUTES: &str = "public, max-age=300";

/// What a visitor brought: the `onsale_code` of the redirect, or the pass itself; one of the two.
#[derive(Object)]
struct PassProof {
    /// The one-time code.
    #[oai(validator(min_length = 1, max_length = 2048))]
    code: Option<Text>,
    /// The pass.
    #[oai(validator(min_length = 1, max_length = 4096))]
    pass: Option<Text>,
}

impl TryFrom<PassProof> for Presented {
    type Error = Problem;

    fn try_from(proof: PassProof) -> Result<Self, Problem> {
        match (proof.code, proof.pass) {
            (Some(code), None) => Ok(Self::Code(code.0)),
            (None, Some(pass)) => Ok(Self::Pass(pass.0)),
            _ => Err(Problem::invalid("code", "send either `code` or `pass`")),
        }
    }
}

/// Whether a code or a pass is good, and what it states.
#[derive(Debug, Default, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
struct PassCheck {
    /// Whether it is good. If not, nothing else is said.
    valid: bool,
    /// Whether the pass was presented for the first time, itself or by any of its codes: each status answer has another. A
    /// second time may be this server's own, after an answer was lost.
    first_use: Option<bool>,
    /// The pass.
    pass: Option<String>,
    /// Names the pass, and with it the visit.
    pass_id: Option<Uuid>,
    /// Who was let in.
    visitor_id: Option<String>,
    /// With which number.
    number: Option<QueueNumber>,
    /// Until when the pass is good.
    expires_at: Option<DateTime<Utc>>,
}

impl From<Option<Verified>> for PassCheck {
    fn from(verified: Option<Verified>) -> Self {
        let Some(verified) = verified else { return Self::default() };
        Self {
            valid: true,
            first_use: Some(verified.first_use),
            pass: Some(verified.pass),
            pass_id: Some(verified.pass_id.0),
            visitor_id: Some(verified.visitor.to_string()),
            number: Some(verified.number),
            expires_at: Some(verified.expires_at),
        }
    }
}

/// The kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
enum KeyType {
    /// An octet key pair (RFC 8037).
    #[oai(rename = "OKP")]
    OctetKeyPair,
}

/// The curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
enum Curve {
    /// Ed25519.
    Ed25519,
}

/// The algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
enum Algorithm {
    /// `EdDSA`.
    #[oai(rename = "EdDSA")]
    EdDsa,
}

/// What the key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
enum KeyUse {
    /// Signatures.
    #[oai(rename = "sig")]
    Signature,
}

/// A public key (RFC 7517, RFC 8037).
#[derive(Debug, PartialEq, Object)]
struct JsonWebKey {
    /// The kind of key.
    kty: KeyType,
    /// The curve.
    crv: Curve,
    /// The algorithm.
    alg: Algorithm,
    /// What it is for.
    #[oai(rename = "use")]
    purpose: KeyUse,
    /// Its name, as in the header of a pass.
    kid: String,
    /// The key: 32 bytes in base64url without padding.
    x: String,
}

impl From<PublicPassKey> for JsonWebKey {
    fn from(key: PublicPassKey) -> Self {
        Self {
            kty: KeyType::OctetKeyPair,
            crv: Curve::Ed25519,
            alg: Algorithm::EdDsa,
            purpose: KeyUse::Signature,
            kid: key.name,
            x: URL_SAFE_NO_PAD.encode(key.public),
        }
    }
}

/// The keys that passes may be signed with.
#[derive(Debug, PartialEq, Object)]
struct JsonWebKeySet {
    /// The keys.
    keys: Vec<JsonWebKey>,
}

#[derive(ApiResponse)]
enum Ended {
    /// The visit is over.
    #[oai(status = 204)]
    Ended,
}

crate::problems! {
    /// Why a pass was not checked.
    enum VerifyProblem includes [BODY, TENANT] {}
}

crate::problems! {
    /// Why a visit was not ended.
    enum EndProblem includes [TENANT] { NotFound }
}

crate::problems! {
    /// Why the keys are not shown.
    enum KeysProblem includes [] {}
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Busy => busy(),
            VerifyError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

/// Passes of tenants' visitors.
pub(crate) struct PassesApi {
    use_cases: Arc<UseCases>,
}

impl PassesApi {
    pub(crate) fn new(use_cases: Arc<UseCases>) -> Self {
        Self { use_cases }
    }
}

#[OpenApi(tag = "Tag::WaitingRooms")]
impl PassesApi {
    /// Check a pass
    ///
    /// By the code of the redirect or by the pass; asking uses it. Within its minute a code answers the same again, with
    /// `first_use: false`: an answer may have been lost, but two browsers must not both get in with it. So does another code
    /// of the same pass.
    #[oai(path = "/v1/passes/verify", method = "post", operation_id = "verify_pass")]
    async fn verify_pass(
        &self,
        /// The tenant's key.
        #[oai(name = "X-Api-Key")]
        tenant: TenantServer,
        proof: JsonBody<PassProof>,
    ) -> Result<Response<Json<PassCheck>>, VerifyProblem> {
        let presented = Presented::try_from(proof.0)?;
        let verified = self.use_cases.verify.execute(tenant.0, &presented).await.map_err(Problem::from)?;
        Ok(Response::new(Json(verified.into())).header("Cache-Control", "no-store"))
    }

    /// End a visit
    ///
    /// Makes room for the next visitor at once. A visit that has ended stays so.
    #[oai(path = "/v1/waiting-rooms/:id/passes/:pass_id/end", method = "post", operation_id = "end_pass")]
    async fn end_pass(
        &self,
        /// The tenant's key.
        #[oai(name = "X-Api-Key")]
        tenant: TenantServer,
        /// Names the room.
        id: Path<Uuid>,
        /// Names the pass.
        pass_id: Path<Uuid>,
    ) -> Result<Ended, EndProblem> {
        let (room, pass) = (WaitingRoomId(id.0), pass_id.0.into());
        let ended = self.use_cases.end_pass.execute(tenant.0, room, pass).await.map_err(Problem::from)?;
        if ended { Ok(Ended::Ended) } else { Err(EndProblem::NotFound) }
    }

    /// Show the keys of passes
    ///
    /// For checking passes offline: the signature, `aud` (the room), `exp`. Such a check cannot know whether a visit has
    /// ended, nor whether somebody else has shown the pass before.
    #[oai(path = "/.well-known/jwks.json", method = "get", operation_id = "get_pass_keys")]
    #[expect(clippy::unused_async, reason = "operations are always async")]
    async fn get_pass_keys(&self) -> Result<Rendered<JsonWebKeySet>, KeysProblem> {
        let keys = self.use_cases.queue_seals.public_pass_keys().into_iter().map(JsonWebKey::from).collect();
        Ok(Rendered::new(RenderedBody::json(&JsonWebKeySet { keys }), FOR_MINUTES))
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::{ParseFromJSON, ToJSON};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_code_or_a_pass_is_presented() {
        let presented = |body| {
            let Ok(proof) = PassProof::parse_from_json(Some(body)) else { panic!("a proof") };
            Presented::try_from(proof).map_err(|problem| problem.to_string())
        };
        assert_eq!(presented(json!({"code": "c"})), Ok(Presented::Code("c".to_owned())));
        assert_eq!(presented(json!({"pass": "p"})), Ok(Presented::Pass("p".to_owned())));
        for wrong in [json!({}), json!({"code": "c", "pass": "p"})] {
            assert!(presented(wrong).is_err_and(|told| told.contains("either")));
        }
    }

    #[test]
    fn nothing_is_said_about_what_is_not_good() {
        assert_eq!(PassCheck::from(None).to_json(), Some(json!({"valid": false})));
    }

    #[test]
    fn a_key_is_an_octet_key_pair() {
        let key = PublicPassKey { name: "k1".to_owned(), public: [0; 32] };
        let expected = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k1",
            "x": "A".repeat(43)});
        assert_eq!(JsonWebKey::from(key).to_json(), Some(expected));
    }
}
