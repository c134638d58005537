//! The opening draw: an order that nobody could have chosen and everybody can recompute.
//!
//! The seed is committed to by its digest before anybody joins. The final seed also hashes who joined, so whoever knows
//! the seed cannot choose visitors to suit it without changing it. Numbers follow from the order of
//! HMAC-SHA256(final seed, pseudonym).

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// A visitor's name in the public list: it tells nothing about the visitor to others.
pub type Pseudonym = [u8; 32];
/// The digest of the list of entrants.
pub type EntrantsDigest = [u8; 32];

/// One entrant, for [`draw_order`].
pub trait DrawEntry {
    /// Its name in the public list.
    fn pseudonym(&self) -> &Pseudonym;
}

impl DrawEntry for Pseudonym {
    fn pseudonym(&self) -> &Pseudonym {
        self
    }
}

/// What is published before anybody joins: the seed's SHA-256.
#[must_use]
pub fn seed_commitment(seed: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(seed).into()
}

/// The SHA-256 of all pseudonyms in ascending order, one after the other; whoever came first does not matter.
pub fn entrants_digest<E: DrawEntry>(entrants: &mut [E]) -> EntrantsDigest {
    entrants.sort_unstable_by(|left, right| left.pseudonym().cmp(right.pseudonym()));
    let mut digest = Sha256::new();
    for entrant in entrants {
        digest.update(entrant.pseudonym());
    }
    digest.finalize().into()
}

/// The SHA-256 of the seed and the entrants' digest.
#[must_use]
pub fn final_seed(seed: &[u8; 32], entrants: &EntrantsDigest) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(seed);
    digest.update(entrants);
    digest.finalize().into()
}

/// Sorts the entrants by HMAC-SHA256(final seed, pseudonym): the first gets number 1.
#[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
pub fn draw_order<E: DrawEntry>(final_seed: &[u8; 32], entrants: &mut [E]) {
    entrants.sort_by_cached_key(|entrant| {
        let mut mac = Hmac::<Sha256>::new_from_slice(final_seed).expect("HMAC takes keys of any length");
        mac.update(entrant.pseudonym());
        <[u8; 32]>::from(mac.finalize().into_bytes())
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(mut entrants: Vec<Pseudonym>, seed: [u8; 32]) -> Vec<Pseudonym> {
        let digest = entrants_digest(&mut entrants);
        draw_order(&final_seed(&seed, &digest), &mut entrants);
        entrants
    }

    #[test]
    fn the_order_does_not_depend_on_who_came_first() {
        let entrants: Vec<Pseudonym> = (0..100).map(|byte| [byte; 32]).collect();
        let mut backwards = entrants.clone();
        backwards.reverse();
        let order = drawn(entrants.clone(), [7; 32]);
        assert_eq!(order, drawn(backwards, [7; 32]));
        assert_ne!(order, drawn(entrants.clone(), [8; 32]), "another seed, another order");
        assert_ne!(order, entrants);
    }

    #[test]
    fn another_entrant_changes_the_final_seed() {
        let digest = |count: u8| entrants_digest(&mut (0..count).map(|byte| [byte; 32]).collect::<Vec<Pseudonym>>());
        assert_ne!(final_seed(&[7; 32], &digest(10)), final_seed(&[7; 32], &digest(11)));
    }
}
