use onsale_application::ports::{PassKeyError, PublicPassKey};

use super::*;

fn names(seals: &QueueTokenSeals) -> Vec<[u8; 32]> {
    seals.public_pass_keys().into_iter().map(|key| key.public).collect()
}

/// The public key in whose name a pass was signed.
fn signer(seals: &QueueTokenSeals, pass: &str) -> Option<[u8; 32]> {
    let header = BASE64_URL_SAFE_NO_PAD.decode(pass.split('.').next().unwrap()).unwrap();
    let header = String::from_utf8(header).unwrap();
    seals.public_pass_keys().into_iter().find(|key| header.contains(&key.name)).map(|key| key.public)
}

#[test]
fn without_a_key_there_is_no_pass() {
    let seals = seals(1, &[]);
    assert_eq!(seals.pass(&admission(), NOW), Err(PassKeyError::NoKey));
    assert_eq!(seals.public_pass_keys(), []);
    let tomorrow = seals.new_pass_key(1, NOW, NOW + TimeDelta::days(1));
    seals.install_pass_keys(&[tomorrow]).unwrap();
    assert_eq!(seals.pass(&admission(), NOW), Err(PassKeyError::NoKey), "published, but not active");
    assert_eq!(seals.public_pass_keys().len(), 1);
}

#[test]
fn the_newest_active_key_signs_and_all_are_accepted() {
    let seals = seals(1, &[]);
    let key = |sequence, hours| seals.new_pass_key(sequence, NOW, NOW + TimeDelta::hours(hours));
    let (old, present, next) = (key(1, -48), key(2, 0), key(3, 24));
    seals.install_pass_keys(&[next.clone(), old.clone(), present.clone()]).unwrap();
    assert_eq!(names(&seals), [old.public, present.public, next.public]);
    let passes = [-1, 0, 24].map(|hours| seals.pass(&admission(), NOW + TimeDelta::hours(hours)).unwrap());
    assert_eq!(passes.each_ref().map(|pass| signer(&seals, pass)), [old, present, next].map(|key| Some(key.public)));
    assert!(passes.iter().all(|pass| seals.open_pass(pass, NOW) == Ok(admission())));
}

#[test]
fn a_key_that_is_no_longer_installed_takes_its_passes_with_it() {
    let (seals, _) = with_key();
    let pass = seals.pass(&admission(), NOW).unwrap();
    assert_eq!(seals.open_pass(&pass, NOW), Ok(admission()), "verified and remembered");
    let next = seals.new_pass_key(2, NOW, NOW);
    seals.install_pass_keys(&[next]).unwrap();
    assert_eq!(seals.open_pass(&pass, NOW), Err(SealError::Invalid));
}

#[test]
fn replicas_sign_and_accept_each_others_passes() {
    let (one, key) = with_key();
    let other = seals(1, &[]);
    other.install_pass_keys(&[key]).unwrap();
    let pass = one.pass(&admission(), NOW).unwrap();
    assert_eq!(other.pass(&admission(), NOW).unwrap(), pass, "whoever signs it");
    assert_eq!(other.open_pass(&pass, NOW), Ok(admission()));
}

#[test]
fn a_stored_key_opens_with_the_secret_that_sealed_it() {
    let (one, key) = with_key();
    let pass = one.pass(&admission(), NOW).unwrap();
    let changed = seals(2, &[1]);
    changed.install_pass_keys(std::slice::from_ref(&key)).unwrap();
    assert_eq!(changed.open_pass(&pass, NOW), Ok(admission()));
    assert_eq!(seals(2, &[]).install_pass_keys(&[key]), Err(PassKeyError::Sealed(1)));
}

#[test]
fn the_keys_stay_when_one_of_the_new_ones_does_not_open() {
    let (seals, key) = with_key();
    let foreign = super::seals(9, &[]).new_pass_key(2, NOW, NOW);
    let before = seals.public_pass_keys();
    assert_eq!(seals.install_pass_keys(&[key, foreign]), Err(PassKeyError::Sealed(2)));
    assert_eq!(seals.public_pass_keys(), before);
    assert!(seals.pass(&admission(), NOW).is_ok());
}

#[test]
fn a_stored_key_does_not_open_altered_or_as_another() {
    let (seals, key) = with_key();
    let other = seals.new_pass_key(2, NOW, NOW);
    let cut = key.sealed[..11].to_vec();
    let mut altered = vec![
        PassKey { sequence: 2, ..key.clone() },
        PassKey { public: other.public, ..key.clone() },
        PassKey { sealed: other.sealed, ..key.clone() },
        PassKey { sealed: cut, ..key.clone() },
        PassKey { sealed: Vec::new(), ..key.clone() },
    ];
    altered.extend((0..key.sealed.len()).map(|byte| {
        let mut sealed = key.sealed.clone();
        sealed[byte] ^= 1;
        PassKey { sealed, ..key.clone() }
    }));
    for key in altered {
        let sequence = key.sequence;
        assert_eq!(seals.install_pass_keys(&[key]), Err(PassKeyError::Sealed(sequence)));
    }
}

#[test]
fn a_stored_key_does_not_contain_its_private_key() {
    let (seals, key) = with_key();
    let again = seals.new_pass_key(1, NOW, NOW);
    assert_ne!(key.public, again.public, "keys are random");
    assert_eq!(key.sealed.len(), 12 + 32 + 16, "nonce, private key, tag");
    let private = seals.sealer.open(&key).unwrap().signing.to_bytes();
    assert!(!key.sealed.windows(32).any(|window| window == private));
}

#[test]
fn what_is_published_is_a_name_and_a_public_key() {
    let (seals, key) = with_key();
    let published: Vec<PublicPassKey> = seals.public_pass_keys();
    assert_eq!(published, [PublicPassKey { name: super::super::keys::name(&key.public), public: key.public }]);
}
