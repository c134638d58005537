use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use onsale_application::ports::PasswordsError;

use super::failed;
use crate::random;

/// The random bytes of a salt (RFC 9106, 3.1).
const SALT_BYTES: usize = 16;
/// The bytes of a hash.
const OUTPUT_BYTES: usize = Params::DEFAULT_OUTPUT_LEN;

/// Hashes one password at a time, in memory that it keeps.
pub(super) struct Hasher {
    params: Params,
    /// What a password is compared with when there is no account. Its output is random: no password has it.
    nobody: PasswordHash,
    memory: Vec<Block>,
}

impl Hasher {
    pub(super) fn new(params: Params) -> Self {
        let nobody = phc(&params, &random::bytes::<SALT_BYTES>(), &random::bytes::<OUTPUT_BYTES>())
            .expect("a salt and an output of these lengths make a hash");
        Self { params, nobody, memory: Vec::new() }
    }

    pub(super) fn hash(&mut self, password: &str) -> Result<String, PasswordsError> {
        let salt = random::bytes::<SALT_BYTES>();
        let mut output = [0; OUTPUT_BYTES];
        self.fill(&self.params.clone(), password, &salt, &mut output)?;
        Ok(phc(&self.params, &salt, &output).map_err(failed)?.to_string())
    }

    /// The same work with and without a hash.
    pub(super) fn verify(&mut self, password: &str, hash: Option<&str>) -> Result<bool, PasswordsError> {
        let known = match hash {
            Some(hash) => PasswordHash::new(hash).map_err(failed)?,
            None => self.nobody.clone(),
        };
        let matches = self.matches(password, &known)?;
        Ok(matches && hash.is_some())
    }

    /// Works with the hash's own parameters: those made under older settings stay good.
    fn matches(&mut self, password: &str, hash: &PasswordHash) -> Result<bool, PasswordsError> {
        if hash.algorithm != ARGON2ID_IDENT || hash.version != Some(Version::V0x13.into()) {
            return Err(failed("the stored hash is not argon2id of version 1.3"));
        }
        let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
            return Err(failed("the stored hash is incomplete"));
        };
        let params = Params::try_from(hash).map_err(failed)?;
        let mut output = [0; Output::MAX_LENGTH];
        let output = &mut output[..expected.len()];
        self.fill(&params, password, salt, output)?;
        // `Output` compares in constant time.
        Ok(Output::new(output).map_err(failed)? == *expected)
    }

    fn fill(&mut self, params: &Params, password: &str, salt: &[u8], output: &mut [u8]) -> Result<(), PasswordsError> {
        self.memory.resize(params.block_count(), Block::new());
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        argon.hash_password_into_with_memory(password.as_bytes(), salt, output, &mut self.memory).map_err(failed)
    }

    /// Gives the memory back.
    pub(super) fn rest(&mut self) {
        self.memory = Vec::new();
    }

    pub(super) const fn is_resting(&self) -> bool {
        self.memory.is_empty()
    }
}

fn phc(params: &Params, salt: &[u8], output: &[u8]) -> argon2::password_hash::Result<PasswordHash> {
    Ok(PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: params.try_into()?,
        salt: Some(Salt::new(salt)?),
        hash: Some(Output::new(output)?),
    })
}

#[cfg(test)]
mod tests {
    use argon2::{Block, Params};

    use super::{Hasher, phc};

    fn hasher() -> Hasher {
        Hasher::new(Params::new(64, 1, 1, None).unwrap())
    }

    #[test]
    fn a_password_matches_its_own_hash_and_no_other() {
        let mut hasher = hasher();
        let hash = hasher.hash("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        assert_ne!(hasher.hash("correct horse").unwrap(), hash, "salted");
        assert!(hasher.verify("correct horse", Some(&hash)).unwrap());
        assert!(!hasher.verify("battery staple", Some(&hash)).unwrap());
    }

    #[test]
    fn an_unknown_account_costs_the_same_work_and_never_matches() {
        let mut hasher = hasher();
        let (salt, mut output) = ([7; 16], [0; 32]);
        let params = hasher.params.clone();
        hasher.fill(&params, "guess", &salt, &mut output).unwrap();
        let worked = std::mem::take(&mut hasher.memory);
        // Even a password that the stand-in would match is refused …
        hasher.nobody = phc(&params, &salt, &output).unwrap();
        assert!(!hasher.verify("guess", None).unwrap());
        // … after every block has been filled just as for somebody with that hash.
        let filled = |memory: &[Block]| memory.iter().map(|block| block.as_ref().to_vec()).collect::<Vec<_>>();
        assert_eq!(filled(&hasher.memory), filled(&worked));
        assert!(hasher.verify("guess", Some(&hasher.nobody.to_string())).unwrap(), "the stand-in would match");
    }

    #[test]
    fn a_hash_made_under_other_settings_stays_good() {
        let old = Hasher::new(Params::new(128, 2, 1, None).unwrap()).hash("correct horse").unwrap();
        let mut hasher = hasher();
        assert!(hasher.verify("correct horse", Some(&old)).unwrap());
        let new = hasher.hash("correct horse").unwrap();
        assert!(hasher.verify("correct horse", Some(&new)).unwrap());
    }

    #[test]
    fn what_is_no_hash_fails_and_shows_nothing_of_it() {
        for wrong in ["", "plain", "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", "$argon2id$v=19$m=64"] {
            let failed = hasher().verify("guess", Some(wrong)).unwrap_err().to_string();
            assert!(wrong.is_empty() || !failed.contains(wrong), "{failed}");
        }
    }
}
