//! The release binary that is measured.

use std::{
    env,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use crate::Failure;

/// Builds the server as released and says where it is.
///
/// # Errors
/// When it does not build.
pub async fn build() -> Result<PathBuf, Failure> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--quiet", "--package", "onsale"]);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    let status = command.status().await?;
    if !status.success() {
        return Err(format!("`cargo build --release --package onsale`: {status}").into());
    }
    let here = env::current_exe()?;
    let target = here.parent().and_then(Path::parent).ok_or("this program stands in no target folder")?;
    let binary = target.join("release").join("onsale");
    if binary.is_file() { Ok(binary) } else { Err(format!("there is no {}", binary.display()).into()) }
}
