//! The secrets that keys are derived from.

use std::path::Path;

use onsale_crypto::Secret;

use crate::configuration::{Configuration, Hidden};
use crate::failure::Failure;

/// Where the embedded mode keeps the secret it made.
const SECRET_FILE: &str = "tokens.secret";

/// The secret in force and the ones before it: configured, or, with the embedded database only, made here and kept in
/// the data folder with mode 0600.
///
/// # Errors
/// [`Failure`] when the file cannot be read, written, or is readable by others.
pub(crate) fn token_secrets(configuration: &Configuration) -> Result<(Secret, Vec<Secret>), Failure> {
    let tokens = &configuration.tokens;
    let current = if tokens.secret.is_empty() {
        Secret::load_or_create(&configuration.data_folder.join(SECRET_FILE)).map_err(Failure::because)?
    } else {
        configured(&tokens.secret)?
    };
    let previous = tokens.previous_secrets.iter().map(configured).collect::<Result<_, _>>()?;
    Ok((current, previous))
}

/// Makes the data folder, readable by its owner only.
///
/// # Errors
/// [`Failure`] names the folder.
pub(crate) fn make_data_folder(folder: &Path) -> Result<(), Failure> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(folder);
    made.map_err(|error| Failure::because(format!("setting `data_folder`: {}: {error}", folder.display())))
}

fn configured(secret: &Hidden) -> Result<Secret, Failure> {
    Secret::new(secret.reveal().as_bytes()).map_err(Failure::because)
}
