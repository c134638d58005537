use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{
    AccessClaims, Clock, PassClaims, PassKey, QueueClaims, QueueSeals, SealError, Seals, StreamClaims,
};
use onsale_domain::account::Role;
use onsale_domain::ids::{AccountId, PassId, PerformanceId, SessionId, WaitingRoomId};
use onsale_domain::waiting_room::VisitorId;
use uuid::Uuid;

use super::QueueTokenSeals;
use crate::seals::{SealSettings, TokenSeals};
use crate::secret::Secret;

mod keys;
mod passes;

const NOW: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
const ROOM: WaitingRoomId = WaitingRoomId(Uuid::from_u128(7));

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        NOW
    }
}

fn settings(current: u8, previous: &[u8]) -> SealSettings {
    let secret = |byte: u8| Secret::new([byte; 32]).unwrap();
    SealSettings {
        issuer: "onsale".to_owned(),
        audience: "onsale-api".to_owned(),
        secret: secret(current),
        previous_secrets: previous.iter().copied().map(secret).collect(),
    }
}

fn seals(current: u8, previous: &[u8]) -> QueueTokenSeals {
    QueueTokenSeals::new(&settings(current, previous))
}

/// Seals with a key for passes, and the key.
fn with_key() -> (QueueTokenSeals, PassKey) {
    let seals = seals(1, &[]);
    let key = seals.new_pass_key(1, NOW, NOW);
    seals.install_pass_keys(std::slice::from_ref(&key)).unwrap();
    (seals, key)
}

fn visitor() -> VisitorId {
    VisitorId::new("member-42").unwrap()
}

fn place() -> QueueClaims {
    let expires_at = NOW + TimeDelta::microseconds(3_600_000_001);
    QueueClaims { room: ROOM, visitor: visitor(), number: 600_001, expires_at }
}

fn admission() -> PassClaims {
    let (issued_at, expires_at) = (NOW - TimeDelta::seconds(1), NOW + TimeDelta::minutes(10));
    PassClaims {
        id: PassId(Uuid::from_u128(8)),
        room: ROOM,
        visitor: visitor(),
        number: 600_001,
        issued_at,
        expires_at,
    }
}

fn code(seals: &QueueTokenSeals) -> String {
    seals.pass_code(&admission(), NOW + TimeDelta::seconds(60))
}

type Refused = Result<(), SealError>;
/// Opens a text as one kind.
type Opener = (&'static str, fn(&QueueTokenSeals, &str, DateTime<Utc>) -> Refused);

const OPENERS: [Opener; 6] = [
    ("queue token", |seals, text, now| seals.open_queue_token(text, now).map(drop)),
    ("queue ticket", |seals, text, now| seals.open_queue_ticket(text, now).map(drop)),
    ("pass code", |seals, text, now| seals.open_pass_code(text, now).map(drop)),
    ("pass", |seals, text, now| seals.open_pass(text, now).map(drop)),
    ("access token", |_, text, now| account_seals().open_access_token(text, now).map(drop)),
    ("stream ticket", |_, text, now| account_seals().open_stream_ticket(text, now).map(drop)),
];

fn account_seals() -> TokenSeals {
    TokenSeals::new(&settings(1, &[]), Arc::new(Stopped))
}

/// One of each kind, made with the same secret.
fn one_of_each(seals: &QueueTokenSeals) -> Vec<(&'static str, String)> {
    let (account, performance) = (AccountId(Uuid::from_u128(1)), PerformanceId(Uuid::from_u128(3)));
    let expires_at = NOW + TimeDelta::hours(1);
    let session = SessionId(Uuid::from_u128(2));
    let access = AccessClaims { account, session, roles: vec![Role::Customer], expires_at };
    vec![
        ("queue token", seals.queue_token(&place())),
        ("queue ticket", seals.queue_ticket(&place())),
        ("pass code", code(seals)),
        ("pass", seals.pass(&admission(), NOW).unwrap()),
        ("access token", account_seals().access_token(&access)),
        ("stream ticket", account_seals().stream_ticket(&StreamClaims { performance, admission: None, expires_at })),
        ("refresh token", account_seals().new_refresh_token().0),
        ("API key", seals.new_api_key()),
    ]
}

#[test]
fn each_kind_is_accepted_as_itself_and_as_nothing_else() {
    let (seals, _) = with_key();
    for (made, text) in one_of_each(&seals) {
        for (asked, open) in OPENERS {
            let expected = if made == asked { Ok(()) } else { Err(SealError::Invalid) };
            assert_eq!(open(&seals, &text, NOW), expected, "{made} as {asked}");
        }
    }
}

#[test]
fn each_kind_is_refused_wherever_it_was_altered() {
    let (seals, _) = with_key();
    for ((made, text), (_, open)) in one_of_each(&seals).into_iter().zip(OPENERS) {
        for index in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[index] = if altered[index] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(open(&seals, &altered, NOW), Err(SealError::Invalid), "byte {index} of {made}");
        }
        let (longer, padded) = (format!("{text}A"), format!("{text}=="));
        for wrong in ["", ".", "..", "A", "é", &text[1..], &text[..text.len() - 1], &longer, &padded] {
            assert_eq!(open(&seals, wrong, NOW), Err(SealError::Invalid), "{wrong} as {made}");
        }
        assert_eq!(open(&seals, &"A".repeat(100_000), NOW), Err(SealError::Invalid), "a long text as {made}");
    }
}

#[test]
fn each_bit_of_a_statement_counts() {
    let (seals, _) = with_key();
    for ((made, text), (_, open)) in one_of_each(&seals).into_iter().zip(OPENERS).take(3) {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            let altered = BASE64_URL_SAFE_NO_PAD.encode(altered);
            assert_eq!(open(&seals, &altered, NOW), Err(SealError::Invalid), "bit {bit} of {made}");
        }
    }
}

#[test]
fn a_place_says_what_was_sealed_until_it_ends() {
    let (seals, claims) = (seals(1, &[]), place());
    let (token, ticket) = (seals.queue_token(&claims), seals.queue_ticket(&claims));
    let last = claims.expires_at - TimeDelta::microseconds(1);
    assert_eq!(seals.open_queue_token(&token, last), Ok(claims.clone()));
    assert_eq!(seals.open_queue_ticket(&ticket, last), Ok(claims.clone()));
    assert_eq!(seals.open_queue_token(&token, claims.expires_at), Err(SealError::Expired));
    assert_eq!(seals.open_queue_ticket(&ticket, claims.expires_at), Err(SealError::Expired));
}

#[test]
fn the_shortest_and_the_longest_visitor_fit() {
    let seals = seals(1, &[]);
    for (name, number) in [("x".to_owned(), 0), ("x".repeat(64), i64::MAX)] {
        let claims = QueueClaims { visitor: VisitorId::new(&name).unwrap(), number, ..place() };
        assert_eq!(seals.open_queue_token(&seals.queue_token(&claims), NOW), Ok(claims.clone()));
        assert!(seals.queue_token(&claims).len() <= 174, "it travels in an address and a cookie");
        let pass = PassClaims { visitor: claims.visitor, number, ..admission() };
        let code = seals.pass_code(&pass, place().expires_at);
        assert!(code.len() <= 240);
        assert_eq!(seals.open_pass_code(&code, NOW), Ok(pass));
    }
}

#[test]
fn a_code_stands_for_its_pass_for_its_own_time() {
    let (seals, claims) = (seals(1, &[]), admission());
    let (first, second) = (code(&seals), code(&seals));
    assert_ne!(first, second, "each code is another");
    assert_ne!(seals.digest(&first), seals.digest(&second));
    assert_eq!(seals.open_pass_code(&first, NOW + TimeDelta::seconds(59)), Ok(claims.clone()));
    assert_eq!(seals.open_pass_code(&second, NOW), Ok(claims));
    assert_eq!(seals.open_pass_code(&first, NOW + TimeDelta::seconds(60)), Err(SealError::Expired));
}

#[test]
fn changing_the_secret_costs_nobody_a_place() {
    let before = seals(1, &[]);
    let made = [before.queue_token(&place()), before.queue_ticket(&place()), code(&before)];
    let (changed, forgotten) = (seals(2, &[1]), seals(3, &[2]));
    for (text, (kind, open)) in made.iter().zip(OPENERS) {
        assert_eq!(open(&changed, text, NOW), Ok(()), "{kind}");
        assert_eq!(open(&forgotten, text, NOW), Err(SealError::Invalid), "{kind}");
    }
    let after = [changed.queue_token(&place()), changed.queue_ticket(&place()), code(&changed)];
    for (text, (kind, open)) in after.iter().zip(OPENERS) {
        assert_eq!(open(&before, text, NOW), Err(SealError::Invalid), "{kind} made with the new secret");
    }
}

#[test]
fn api_keys_and_seeds_are_random() {
    let seals = seals(1, &[]);
    let (first, second) = (seals.new_api_key(), seals.new_api_key());
    assert_ne!(first, second);
    assert_eq!(first.strip_prefix("osk_").map(str::len), Some(43), "256 bits as base64url");
    assert_ne!(seals.digest(&first), seals.digest(&second));
    assert_ne!(seals.new_seed(), seals.new_seed());
}

#[test]
fn a_digest_is_sha_256() {
    let digest = seals(1, &[]).digest("abc");
    assert_eq!(digest[..8], 0xba78_16bf_8f01_cfea_u64.to_be_bytes());
}

#[test]
fn a_pseudonym_tells_nothing_without_the_secret() {
    let of = |secret, room, name: &str| seals(secret, &[]).pseudonym(room, &VisitorId::new(name).unwrap());
    let one = of(1, ROOM, "member-42");
    assert_eq!(of(1, ROOM, "member-42"), one);
    assert_ne!(of(1, ROOM, "member-43"), one);
    assert_ne!(of(1, WaitingRoomId(Uuid::from_u128(9)), "member-42"), one, "visitors are not followed across rooms");
    assert_ne!(of(2, ROOM, "member-42"), one);
}
