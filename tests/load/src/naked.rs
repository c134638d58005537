//! The least a server can do: a poem handler that returns the same bytes for every request, without any middleware.

use std::{ffi::OsStr, io, net::SocketAddr, path::Path, process::Stdio};

use poem::{
    Response, Server, endpoint,
    listener::{Acceptor, Listener, TcpListener},
};
use tempfile::TempDir;
use tokio::fs;

use crate::helper::{self, Helper};

/// The word on the command line that turns this program into the server.
pub const COMMAND: &str = "serve-naked";

/// A naked server in its own process.
pub struct Naked {
    process: Helper,
    _folder: TempDir,
}

impl Naked {
    /// Starts this program again as a server that answers `body`.
    ///
    /// # Errors
    /// When the process cannot be started or does not say where it listens.
    pub async fn start(body: &[u8]) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("body");
        fs::write(&file, body).await?;
        let process = Helper::start(&[OsStr::new(COMMAND), file.as_os_str()], Stdio::inherit()).await?;
        Ok(Self { process, _folder: folder })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn stop(self) -> io::Result<()> {
        self.process.stop().await
    }
}

/// Serves the file's bytes as JSON until standard input closes.
///
/// # Errors
/// When the file cannot be read or no port is free.
pub async fn serve(body: &Path) -> io::Result<()> {
    let body: &'static [u8] = fs::read(body).await?.leak();
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await?;
    let addresses = acceptor.local_addr();
    let address = addresses.first().and_then(|local| local.as_socket_addr()).ok_or(io::ErrorKind::AddrNotAvailable)?;
    helper::announce(*address)?;
    let answer = endpoint::make_sync(move |_| Response::builder().content_type("application/json").body(body));
    Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(answer, helper::parent_has_ended(), None).await
}
