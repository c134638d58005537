use ed25519_dalek::{Signer as _, SigningKey};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

use super::*;

fn part(pass: &str, index: usize) -> Value {
    let part = pass.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn encoded(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(header_and_claims: &str, signing: &SigningKey) -> String {
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signing.sign(header_and_claims.as_bytes()).to_bytes());
    format!("{header_and_claims}.{signature}")
}

/// A pass whose claims were changed before it was signed with the right key.
fn forged(change: impl FnOnce(&mut Value)) -> Result<PassClaims, SealError> {
    let (seals, key) = with_key();
    let pass = seals.pass(&admission(), NOW).unwrap();
    let mut claims = part(&pass, 1);
    change(&mut claims);
    let header = pass.split('.').next().unwrap();
    let signing = seals.sealer.open(&key).unwrap().signing;
    seals.open_pass(&signed(&format!("{header}.{}", encoded(&claims)), &signing), NOW)
}

#[test]
fn a_pass_has_the_members_of_its_description() {
    let (seals, _) = with_key();
    let pass = seals.pass(&admission(), NOW).unwrap();
    let kid = &seals.public_pass_keys()[0].name;
    // Exact bytes: replicas of two versions accept each other's passes only while the header is written the same way.
    let header = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"onsale-pass+jwt","alg":"EdDSA","kid":"{kid}"}}"#));
    assert_eq!(pass.split('.').next(), Some(header.as_str()));
    let members = json!({
        "iss": "onsale", "aud": "00000000-0000-0000-0000-000000000007", "sub": "member-42",
        "jti": "00000000-0000-0000-0000-000000000008", "iat": 1_799_999_999, "exp": 1_800_000_600, "number": 600_001,
    });
    assert_eq!(part(&pass, 1), members);
}

#[test]
fn others_can_check_a_pass_with_the_published_key() {
    let (seals, _) = with_key();
    let pass = seals.pass(&admission(), NOW).unwrap();
    let x = BASE64_URL_SAFE_NO_PAD.encode(seals.public_pass_keys()[0].public);
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["onsale"]);
    validation.set_audience(&[ROOM.to_string()]);
    validation.validate_exp = false;
    let opened = jsonwebtoken::decode::<Value>(&pass, &DecodingKey::from_ed_components(&x).unwrap(), &validation);
    assert_eq!(opened.unwrap().claims["sub"], "member-42");
}

#[test]
fn a_pass_never_lasts_longer_than_was_sealed() {
    let (seals, _) = with_key();
    let expires_at = NOW + TimeDelta::milliseconds(1_999);
    let pass = seals.pass(&PassClaims { expires_at, ..admission() }, NOW).unwrap();
    let whole = NOW + TimeDelta::seconds(1);
    assert_eq!(seals.open_pass(&pass, NOW).map(|claims| claims.expires_at), Ok(whole));
    assert_eq!(seals.open_pass(&pass, whole), Err(SealError::Expired));
}

#[test]
fn a_remembered_pass_still_expires() {
    let (seals, _) = with_key();
    let (pass, end) = (seals.pass(&admission(), NOW).unwrap(), admission().expires_at);
    for _ in 0..3 {
        assert_eq!(seals.open_pass(&pass, end - TimeDelta::microseconds(1)), Ok(admission()));
    }
    assert_eq!(seals.open_pass(&pass, end), Err(SealError::Expired));
    assert_eq!(seals.open_pass(&pass, end + TimeDelta::days(1)), Err(SealError::Expired));
}

#[test]
fn another_algorithm_type_or_key_name_is_refused_even_with_the_right_key() {
    let (seals, key) = with_key();
    let pass = seals.pass(&admission(), NOW).unwrap();
    let (header, claims) = (part(&pass, 0), encoded(&part(&pass, 1)));
    let signing = seals.sealer.open(&key).unwrap().signing;
    let kid = header["kid"].clone();
    for header in [
        json!({"typ": "JWT", "alg": "EdDSA", "kid": kid}),
        json!({"alg": "EdDSA", "kid": kid}),
        json!({"typ": "onsale-pass+jwt", "alg": "EdDSA"}),
        json!({"typ": "onsale-pass+jwt", "alg": "EdDSA", "kid": "other"}),
        json!({"typ": "onsale-pass+jwt", "alg": "HS256", "kid": kid}),
        json!({"typ": "onsale-pass+jwt", "alg": "none", "kid": kid}),
        json!({"typ": "onsale-pass+jwt", "alg": "EdDSA", "kid": kid, "crit": ["exp"]}),
    ] {
        let forged = signed(&format!("{}.{claims}", encoded(&header)), &signing);
        assert_eq!(seals.open_pass(&forged, NOW), Err(SealError::Invalid), "{header}");
    }
}

#[test]
fn a_pass_without_a_signature_or_signed_with_what_is_public_is_refused() {
    let (seals, key) = with_key();
    let pass = seals.pass(&admission(), NOW).unwrap();
    let (header, claims) = (pass.split('.').next().unwrap(), part(&pass, 1));
    let none = encoded(&json!({"typ": "onsale-pass+jwt", "alg": "none"}));
    let unsigned = [format!("{none}.{}.", encoded(&claims)), format!("{header}.{}.", encoded(&claims))];
    let mut symmetric = Header::new(Algorithm::HS256);
    symmetric.typ = Some("onsale-pass+jwt".to_owned());
    symmetric.kid = Some(seals.public_pass_keys()[0].name.clone());
    let public = EncodingKey::from_secret(&key.public);
    let confused = jsonwebtoken::encode(&symmetric, &claims, &public).unwrap();
    let (_, mac) = confused.rsplit_once('.').unwrap();
    let disguised = format!("{header}.{}.{mac}", encoded(&claims));
    let foreign = signed(&format!("{header}.{}", encoded(&claims)), &SigningKey::from_bytes(&[9; 32]));
    for wrong in unsigned.iter().chain([&confused, &disguised, &foreign]) {
        assert_eq!(seals.open_pass(wrong, NOW), Err(SealError::Invalid), "{wrong}");
    }
}

#[test]
fn a_pass_of_others_or_without_a_member_is_refused() {
    assert_eq!(forged(|_| ()), Ok(admission()), "the forger's tool works");
    let other = |member: &str, value: Value| forged(|claims| claims[member] = value);
    assert_eq!(other("iss", json!("somebody")), Err(SealError::Invalid));
    assert_eq!(other("aud", json!("onsale-api")), Err(SealError::Invalid));
    assert_eq!(other("sub", json!("two words")), Err(SealError::Invalid));
    assert_eq!(other("exp", json!(1_800_000_600.5)), Err(SealError::Invalid));
    assert_eq!(other("exp", json!(i64::MAX)), Err(SealError::Invalid));
    assert_eq!(other("exp", json!(1_800_000_000)), Err(SealError::Expired));
    for member in ["iss", "aud", "sub", "jti", "iat", "exp", "number"] {
        let without = forged(|claims| drop(claims.as_object_mut().unwrap().remove(member)));
        assert_eq!(without, Err(SealError::Invalid), "without {member}");
    }
}
