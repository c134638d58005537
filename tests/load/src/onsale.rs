//! The measured server: the release binary in a process of its own.

use std::{
    net::SocketAddr,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    fs,
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{sleep, timeout},
};

use crate::{Failure, client, cpu, store::Settings};

/// Settings that turn lanes off: each command is a transaction of its own, eight of them in flight.
pub const GROUPS_OF_ONE: [(&str, &str); 2] = [("ONSALE_LANES__GROUP", "1"), ("ONSALE_LANES__IN_FLIGHT", "8")];

/// How long a server may take until it is ready, and to end.
const LIMIT: Duration = Duration::from_secs(30);

/// A running server.
pub struct Onsale {
    address: SocketAddr,
    ready_after: Duration,
    process: Child,
    _output: Lines<BufReader<ChildStdout>>, // closed, the server's next line would be an error
}

impl Onsale {
    /// Starts `onsale serve` with these settings and nothing else, and waits until it is ready.
    ///
    /// # Errors
    /// When it ends, or is not ready within half a minute.
    pub async fn start(binary: &Path, settings: &Settings, more: &[(&str, &str)]) -> Result<Self, Failure> {
        let started = Instant::now();
        let mut command = command(binary, settings);
        command.arg("serve").envs(more.iter().copied());
        // log lines cost their caller the same wherever they go
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn()?;
        let mut output = BufReader::new(process.stdout.take().ok_or("the server has no output")?).lines();
        let address = timeout(LIMIT, address(&mut output)).await??;
        timeout(LIMIT, await_ready(address)).await??;
        Ok(Self { address, ready_after: started.elapsed(), process, _output: output })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From starting the process until it said that it is ready.
    #[must_use]
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// The memory that it occupies.
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub async fn memory(&self) -> Result<Memory, Failure> {
        let id = self.process.id().ok_or("the server has ended")?;
        Memory::of(&id.to_string()).await
    }

    /// Seconds that the processors have worked for it so far.
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub async fn cpu_seconds(&self) -> Result<f64, Failure> {
        let id = self.process.id().ok_or("the server has ended")?;
        cpu::seconds_of(&id.to_string()).await
    }

    /// Tells it to stop and waits until it has.
    ///
    /// # Errors
    /// When it does not end, or ends with an error.
    pub async fn stop(mut self) -> Result<(), Failure> {
        let id = self.process.id().ok_or("the server has ended by itself")?;
        let id = Pid::from_raw(i32::try_from(id)?).ok_or("a process has a number")?;
        kill_process(id, Signal::TERM)?;
        let status = timeout(LIMIT, self.process.wait()).await??;
        if status.success() { Ok(()) } else { Err(format!("the server ended with {status}").into()) }
    }
}

/// Memory of a process, in megabytes of 10^6 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// All of it (`VmRSS`).
    pub resident_mb: f64,
    /// What is not the program itself, which the system reads from its file and can drop (`RssAnon`).
    pub anonymous_mb: f64,
}

impl Memory {
    /// The memory of a process, by its number or `self`.
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub async fn of(process: &str) -> Result<Self, Failure> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).await?;
        Ok(Self { resident_mb: megabytes(&status, "VmRSS:")?, anonymous_mb: megabytes(&status, "RssAnon:")? })
    }
}

fn megabytes(status: &str, name: &str) -> Result<f64, Failure> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("no {name}"))?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim_end().parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}

/// Proves every invariant of a database with `onsale audit`.
///
/// # Errors
/// What the audit printed, when an invariant is violated.
pub async fn audit(binary: &Path, settings: &Settings) -> Result<(), Failure> {
    let output = command(binary, settings).arg("audit").output().await?;
    if output.status.success() {
        return Ok(());
    }
    let (found, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("the audit failed:\n{found}{errors}").into())
}

/// The binary with these settings and none of this process's own.
fn command(binary: &Path, settings: &Settings) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ONSALE_")) {
        command.env_remove(name);
    }
    command.envs(settings.iter().map(|(name, value)| (*name, value)));
    command
}

async fn address(output: &mut Lines<BufReader<ChildStdout>>) -> Result<SocketAddr, Failure> {
    while let Some(line) = output.next_line().await? {
        if let Some(address) = line.strip_prefix("Onsale serves http://") {
            return Ok(address.trim().parse()?);
        }
    }
    Err("the server ended before it said where it listens; start it by hand to see why".into())
}

async fn await_ready(server: SocketAddr) -> Result<(), Failure> {
    const PAUSE: Duration = Duration::from_millis(1);
    while client::call(server, "GET", "/health/ready", &[], b"").await?.status != 200 {
        sleep(PAUSE).await;
    }
    Ok(())
}
