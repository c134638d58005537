use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

use crate::random;

/// The fewest bytes a secret may have: as many as the digest that signs with it (RFC 7518, 3.2).
pub const SECRET_MINIMUM: usize = 32;
/// The most bytes a secret's file may have, so that a wrong path is not read whole.
const SECRET_FILE_LIMIT: u64 = 4_096;
/// Separates Onsale's keys from those that another program derives from the same secret.
const SALT: &[u8] = b"onsale";

/// What every signing key is derived from. It never shows itself, not even when debugged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Why there is no secret.
#[derive(Debug, Error)]
pub enum SecretError {
    /// Too easily guessed.
    #[error("a secret needs {SECRET_MINIMUM} bytes or more, not {0}")]
    TooShort(usize),
    /// Somebody else could have read it.
    #[error("{} can be read by others (mode {mode:o}); make it 0600 or remove it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds too few or too many bytes.
    #[error("{} has {length} bytes; a secret has {SECRET_MINIMUM} to {SECRET_FILE_LIMIT}", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// How many bytes it has.
        length: u64,
    },
    /// The file could not be read or made.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: io::Error,
    },
}

impl Secret {
    /// A secret of these bytes.
    ///
    /// # Errors
    /// [`SecretError::TooShort`] below [`SECRET_MINIMUM`].
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, SecretError> {
        let bytes = bytes.into();
        if bytes.len() < SECRET_MINIMUM {
            return Err(SecretError::TooShort(bytes.len()));
        }
        Ok(Self(bytes))
    }

    /// A new random secret.
    #[must_use]
    pub fn random() -> Self {
        Self(random::bytes::<SECRET_MINIMUM>().to_vec())
    }

    /// The secret in the file at `path`, which is made with a random secret and mode 0600 when it is not there.
    ///
    /// Processes that start at once end up with one secret: each links a finished file to `path`, which succeeds once,
    /// and then reads what is there. The file is on disk before this returns.
    ///
    /// # Errors
    /// [`SecretError`]; among others when the file can be read by others.
    pub fn load_or_create(path: &Path) -> Result<Self, SecretError> {
        if let Some(secret) = load(path)? {
            return Ok(secret);
        }
        create(path, &Self::random()).map_err(|source| SecretError::File { path: path.to_owned(), source })?;
        load(path)?.ok_or_else(|| {
            let source = io::Error::new(io::ErrorKind::NotFound, "vanished after it was made");
            SecretError::File { path: path.to_owned(), source }
        })
    }

    /// A key for one purpose; keys of two purposes tell nothing about each other.
    pub(crate) fn derive(&self, purpose: &str) -> [u8; 32] {
        hkdf(SALT, &self.0, purpose.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// The first block of HKDF with SHA-256 (RFC 5869, 2).
fn hkdf(salt: &[u8], secret: &[u8], info: &[u8]) -> [u8; 32] {
    let extracted = hmac(salt, &[secret]);
    hmac(&extracted, &[info, &[1]])
}

/// HMAC-SHA256 (RFC 2104) of the parts, one after the other.
pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn load(path: &Path) -> Result<Option<Secret>, SecretError> {
    let failed = |source| SecretError::File { path: path.to_owned(), source };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    let metadata = file.metadata().map_err(failed)?;
    refuse_exposed(path, &metadata)?;
    let length = metadata.len();
    if length < SECRET_MINIMUM as u64 || length > SECRET_FILE_LIMIT {
        return Err(SecretError::Length { path: path.to_owned(), length });
    }
    let mut bytes = Vec::new();
    file.take(SECRET_FILE_LIMIT).read_to_end(&mut bytes).map_err(failed)?;
    Secret::new(bytes).map(Some)
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, metadata: &fs::Metadata) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt;

    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Exposed { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Elsewhere a file inherits who may read it from its folder.
#[cfg(not(unix))]
fn refuse_exposed(_: &Path, _: &fs::Metadata) -> Result<(), SecretError> {
    Ok(())
}

/// Puts the secret at `path` whole or not at all; a file that is there already stays.
fn create(path: &Path, secret: &Secret) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unique = BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<12>());
    let draft = folder.join(format!(".secret-{unique}"));
    let made = write_draft(&draft, secret).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&draft);
    made.and(removed)?;
    // The name is on disk only once its folder is.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn write_draft(draft: &Path, secret: &Secret) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(&secret.0)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;

    use super::{Secret, SecretError, hkdf};

    #[test]
    fn keys_are_derived_as_rfc_5869_says() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let key = hkdf(&salt, &[0x0b; 22], &info);
        let expected = 0x3cb2_5f25_faac_d57a_9043_4f64_d036_2f2a_u128.to_be_bytes();
        assert_eq!(key[..16], expected);
        let expected = 0x2d2d_0a90_cf1a_5a4c_5db0_2d56_ecc4_c5bf_u128.to_be_bytes();
        assert_eq!(key[16..], expected);
    }

    #[test]
    fn a_secret_never_shows_itself() {
        let secret = Secret::new(*b"0123456789abcdef0123456789abcdef").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert!(matches!(Secret::new(*b"short"), Err(SecretError::TooShort(5))));
    }

    #[test]
    fn the_file_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let made = Secret::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Secret::load_or_create(&path).unwrap(), made);
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["secret"], "no draft is left");
    }

    #[test]
    fn many_that_start_at_once_end_up_with_one_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let start = Barrier::new(16);
        let secrets: Vec<Secret> = std::thread::scope(|scope| {
            let starters: Vec<_> = (0..16)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        Secret::load_or_create(&path).unwrap()
                    })
                })
                .collect();
            starters.into_iter().map(|starter| starter.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        Secret::load_or_create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = Secret::load_or_create(&path).unwrap_err();
        assert!(matches!(refused, SecretError::Exposed { mode: 0o640, .. }), "{refused}");
    }

    #[test]
    fn a_cut_file_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        Secret::load_or_create(&path).unwrap();
        fs::write(&path, b"cut").unwrap();
        assert!(matches!(Secret::load_or_create(&path), Err(SecretError::Length { length: 3, .. })));
        assert_eq!(fs::read(&path).unwrap(), b"cut");
    }
}
