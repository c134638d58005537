//! Files that only their owner may read.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::failure::Failure;

/// The file's text, or nothing when there is no such file.
///
/// # Errors
/// [`Failure`] names the file.
pub(crate) fn read(file: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::because(format!("{} cannot be read: {error}", file.display()))),
    }
}

/// Writes a file with mode 0600, all of it or nothing.
///
/// # Errors
/// [`Failure`] names the file.
pub(crate) fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let beside = file.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&beside).and_then(|mut opened| {
        opened.write_all(text.as_bytes())?;
        opened.sync_all()?;
        fs::rename(&beside, file)
    });
    written.map_err(|error| Failure::because(format!("{} cannot be written: {error}", file.display())))
}
