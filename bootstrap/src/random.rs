//! Randomness for people: passwords that are printed once.

use rand::RngExt;

/// Letters and digits that are not mistaken for each other.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// 20 of 56 characters are 116 bits.
const LENGTH: usize = 20;

/// A new random password.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a password is random by its nature, and no test depends on it")]
pub(crate) fn password() -> String {
    let mut random = rand::rng();
    (0..LENGTH).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}
