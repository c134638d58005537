use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use onsale_application::ports::{AccessClaims, Clock, SealError, Seals, StreamClaims};
use onsale_domain::account::Role;
use onsale_domain::box_office::Admission;
use onsale_domain::ids::{AccountId, PerformanceId, SessionId, WaitingRoomId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{SealSettings, TokenSeals};
use crate::secret::Secret;

const NOW: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).unwrap();

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        NOW
    }
}

fn secret(byte: u8) -> Secret {
    Secret::new([byte; 32]).unwrap()
}

fn settings(current: u8, previous: &[u8]) -> SealSettings {
    SealSettings {
        issuer: "onsale".to_owned(),
        audience: "onsale-api".to_owned(),
        secret: secret(current),
        previous_secrets: previous.iter().copied().map(secret).collect(),
    }
}

fn seals(current: u8, previous: &[u8]) -> TokenSeals {
    TokenSeals::new(&settings(current, previous), Arc::new(Stopped))
}

fn claims() -> AccessClaims {
    AccessClaims {
        account: AccountId(Uuid::from_u128(1)),
        session: SessionId(Uuid::from_u128(2)),
        roles: vec![Role::Customer, Role::Operator],
        expires_at: NOW + TimeDelta::minutes(10),
    }
}

fn stream_claims() -> StreamClaims {
    let admission = Some(Admission { room: WaitingRoomId(Uuid::from_u128(4)), number: 5 });
    StreamClaims { performance: PerformanceId(Uuid::from_u128(3)), admission, expires_at: NOW + TimeDelta::hours(1) }
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A token signed with the right key, with another header or other claims.
fn forged(change_header: impl FnOnce(&mut Header), change_claims: impl FnOnce(&mut Value)) -> String {
    let token = seals(1, &[]).access_token(&claims());
    let mut header: Header = serde_json::from_value(part(&token, 0)).unwrap();
    let mut claims = part(&token, 1);
    change_header(&mut header);
    change_claims(&mut claims);
    let key = EncodingKey::from_secret(&secret(1).derive("access token"));
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

fn refusal(token: &str) -> Option<SealError> {
    seals(1, &[]).open_access_token(token, NOW).err()
}

#[test]
fn an_access_token_says_what_was_sealed() {
    let token = seals(1, &[]).access_token(&claims());
    assert_eq!(seals(1, &[]).open_access_token(&token, NOW), Ok(claims()));
}

#[test]
fn an_access_token_has_the_members_of_its_standard() {
    let token = seals(1, &[]).access_token(&claims());
    let header = part(&token, 0);
    let kid = header["kid"].as_str().unwrap();
    // Exact bytes: replicas of two versions accept each other's tokens only while the header is written the same way.
    let expected = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"at+jwt","alg":"HS256","kid":"{kid}"}}"#));
    assert_eq!(token.split('.').next(), Some(expected.as_str()));
    let members = json!({
        "iss": "onsale", "aud": "onsale-api",
        "sub": "00000000-0000-0000-0000-000000000001", "sid": "00000000-0000-0000-0000-000000000002",
        "roles": ["customer", "operator"], "iat": 1_800_000_000, "exp": 1_800_000_600,
    });
    assert_eq!(part(&token, 1), members);
}

#[test]
fn an_access_token_ends_at_its_second_without_leeway() {
    let token = seals(1, &[]).access_token(&claims());
    let end = claims().expires_at;
    assert!(seals(1, &[]).open_access_token(&token, end - TimeDelta::microseconds(1)).is_ok());
    assert_eq!(seals(1, &[]).open_access_token(&token, end), Err(SealError::Expired));
}

#[test]
fn an_altered_access_token_is_refused_wherever_it_was_altered() {
    let token = seals(1, &[]).access_token(&claims());
    for index in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(bytes).unwrap();
        assert_eq!(refusal(&altered), Some(SealError::Invalid), "byte {index}");
    }
    assert_eq!(refusal(&token[..token.len() - 1]), Some(SealError::Invalid));
    assert_eq!(refusal(""), Some(SealError::Invalid));
}

#[test]
fn another_algorithm_type_or_key_name_is_refused_even_with_the_right_key() {
    assert_eq!(refusal(&forged(|_| (), |_| ())), None, "the forger's tool works");
    let invalid = Some(SealError::Invalid);
    assert_eq!(refusal(&forged(|header| header.alg = Algorithm::HS512, |_| ())), invalid);
    assert_eq!(refusal(&forged(|header| header.typ = Some("JWT".to_owned()), |_| ())), invalid);
    assert_eq!(refusal(&forged(|header| header.typ = None, |_| ())), invalid);
    assert_eq!(refusal(&forged(|header| header.kid = None, |_| ())), invalid);
    assert_eq!(refusal(&forged(|header| header.kid = Some("other".to_owned()), |_| ())), invalid);
    let unsigned = BASE64_URL_SAFE_NO_PAD.encode(r#"{"typ":"at+jwt","alg":"none"}"#);
    let claims = forged(|_| (), |_| ()).split('.').nth(1).unwrap().to_owned();
    assert_eq!(refusal(&format!("{unsigned}.{claims}.")), invalid);
}

#[test]
fn another_issuer_audience_or_shape_is_refused() {
    let refused = |member: &str, value: Value| {
        let change = |claims: &mut Value| claims[member] = value;
        assert_eq!(refusal(&forged(|_| (), change)), Some(SealError::Invalid), "{member}");
    };
    refused("iss", json!("somebody"));
    refused("aud", json!("somewhere"));
    refused("sub", json!("nobody"));
    refused("roles", json!(["emperor"]));
    refused("exp", json!(i64::MAX));
    for member in ["iss", "aud", "sub", "sid", "roles", "exp"] {
        let without = |claims: &mut Value| drop(claims.as_object_mut().unwrap().remove(member));
        assert_eq!(refusal(&forged(|_| (), without)), Some(SealError::Invalid), "without {member}");
    }
}

#[test]
fn a_secret_can_be_changed_without_signing_anybody_out() {
    let (access, ticket) = (seals(1, &[]).access_token(&claims()), seals(1, &[]).stream_ticket(&stream_claims()));
    let changed = seals(2, &[1]);
    assert_eq!(changed.open_access_token(&access, NOW), Ok(claims()));
    assert_eq!(changed.open_stream_ticket(&ticket, NOW), Ok(stream_claims()));
    assert_eq!(seals(1, &[]).open_access_token(&changed.access_token(&claims()), NOW), Err(SealError::Invalid));
    let forgotten = seals(3, &[2]);
    assert_eq!(forgotten.open_access_token(&access, NOW), Err(SealError::Invalid));
    assert_eq!(forgotten.open_stream_ticket(&ticket, NOW), Err(SealError::Invalid));
}

#[test]
fn a_stream_ticket_says_what_was_sealed_until_it_ends() {
    let (seals, claims) = (seals(1, &[]), stream_claims());
    let ticket = seals.stream_ticket(&claims);
    assert_eq!(seals.open_stream_ticket(&ticket, NOW), Ok(claims));
    assert_eq!(seals.open_stream_ticket(&ticket, claims.expires_at), Err(SealError::Expired));
}

#[test]
fn an_altered_stream_ticket_is_refused_wherever_it_was_altered() {
    let seals = seals(1, &[]);
    let ticket = seals.stream_ticket(&stream_claims());
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&ticket).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut altered = bytes.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let altered = BASE64_URL_SAFE_NO_PAD.encode(altered);
        assert_eq!(seals.open_stream_ticket(&altered, NOW), Err(SealError::Invalid), "bit {bit}");
    }
    for wrong in ["", "A", &ticket[1..], &format!("{ticket}AAAA"), &"A".repeat(100_000)] {
        assert_eq!(seals.open_stream_ticket(wrong, NOW), Err(SealError::Invalid));
    }
}

#[test]
fn no_seal_is_accepted_as_another_kind() {
    let seals = seals(1, &[]);
    let (access, ticket) = (seals.access_token(&claims()), seals.stream_ticket(&stream_claims()));
    let (refresh, _) = seals.new_refresh_token();
    assert_eq!(seals.open_access_token(&ticket, NOW), Err(SealError::Invalid));
    assert_eq!(seals.open_access_token(&refresh, NOW), Err(SealError::Invalid));
    assert_eq!(seals.open_stream_ticket(&access, NOW), Err(SealError::Invalid));
    assert_eq!(seals.open_stream_ticket(&refresh, NOW), Err(SealError::Invalid));
    assert_ne!(secret(1).derive("access token"), secret(1).derive("stream ticket"));
}

#[test]
fn refresh_tokens_are_random_and_known_by_their_digest() {
    let seals = seals(1, &[]);
    let (first, digest) = seals.new_refresh_token();
    let (second, other) = seals.new_refresh_token();
    assert!(first != second && digest != other);
    assert_eq!(seals.refresh_token_digest(&first), digest);
    assert_eq!(first.strip_prefix("ort_").map(str::len), Some(43), "256 bits as base64url");
}
