//! The same delays on `BullMQ`, from npm.

use std::path::Path;

use tokio::process::Command;

use super::{Played, Work, played};
use crate::Failure;

/// Installs `BullMQ` into the target folder and lets it play.
pub(super) async fn start(url: &str, work: Work) -> Result<Played, Failure> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/bullmq");
    let folder = tempfile::tempdir()?;
    for file in ["package.json", "package-lock.json", "delays.js"] {
        tokio::fs::copy(Path::new(program).join(file), folder.path().join(file)).await?;
    }
    let mut install = command("npm", folder.path());
    let installed = install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]).output().await;
    let installed = installed.map_err(|error| format!("npm: {error}; install it with: apt install nodejs npm"))?;
    if !installed.status.success() {
        return Err(format!("npm ci: {}", String::from_utf8_lossy(&installed.stderr)).into());
    }
    played(&command("node", folder.path()).arg("delays.js").args(work.words(url)).output().await?)
}

fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).kill_on_drop(true);
    command
}
