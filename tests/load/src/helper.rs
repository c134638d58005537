//! This program again, as a server in a process of its own.
//!
//! It says where it listens in its first line and ends when its standard input closes, so however its parent ends.

use std::{
    env,
    ffi::OsStr,
    io::{self, Write},
    net::SocketAddr,
    process::Stdio,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    task::spawn_blocking,
};

/// A server in a process of its own.
pub struct Helper {
    address: SocketAddr,
    process: Child,
}

impl Helper {
    /// Starts this program again with these arguments. What it writes to standard error goes to `errors`.
    ///
    /// # Errors
    /// When the process cannot be started or does not say where it listens.
    pub async fn start(arguments: &[&OsStr], errors: Stdio) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors).kill_on_drop(true);
        let mut process = command.spawn()?;
        let output = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let line = BufReader::new(output).lines().next_line().await?.unwrap_or_default();
        let address = line.parse().map_err(io::Error::other)?;
        Ok(Self { address, process })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn stop(mut self) -> io::Result<()> {
        self.process.kill().await
    }
}

/// Tells the parent where this process listens.
///
/// # Errors
/// When nobody listens.
pub fn announce(address: SocketAddr) -> io::Result<()> {
    println!("{address}");
    io::stdout().flush()
}

/// The other end of standard input is the parent's, and closes however the parent ends.
pub async fn parent_has_ended() {
    let ended = spawn_blocking(|| io::copy(&mut io::stdin().lock(), &mut io::sink()));
    if let Ok(Err(reason)) = ended.await {
        eprintln!("standard input: {reason}");
    }
}
