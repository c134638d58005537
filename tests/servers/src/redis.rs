//! Redis.

use std::{ffi::OsString, io, path::PathBuf, time::Duration};

use testcontainers::{
    GenericImage, ImageExt,
    core::{IntoContainerPort, WaitFor},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::OnceCell,
    time::timeout,
};
use url::Url;

use crate::{
    ServerError, Source,
    backing::{Backing, given},
    container::{Container, engine_answers},
    process::{PrivateServer, Recipe, find_program, free_port},
};

/// Names a running server: `redis://host:port`.
pub const REDIS_URL_VARIABLE: &str = "ONSALE_TEST_REDIS_URL";

const IMAGE: (&str, &str) = ("redis", "7");
pub(crate) const READY: &str = "Ready to accept connections";

/// How long a server may take to write what tests put into it.
const SAVE_LIMIT: Duration = Duration::from_secs(10);
/// What it says then.
const SAVED: [u8; 5] = *b"+OK\r\n";

/// A Redis server that writes nothing to disk by itself.
pub struct RedisServer {
    url: Url,
    source: Source,
    backing: Backing,
}

/// The server that all tests of this process share, started by the first that asks.
///
/// # Panics
/// When there is none; the message says what to install.
pub async fn redis() -> &'static RedisServer {
    static SHARED: OnceCell<RedisServer> = OnceCell::const_new();
    SHARED.get_or_init(async || start_redis().await.unwrap_or_else(|error| panic!("{error}"))).await
}

/// A server for one test alone, which may [kill](RedisServer::kill) it. Never the one given in the environment.
///
/// # Panics
/// When there is none; the message says what to install.
pub async fn private_redis() -> RedisServer {
    start_private().await.unwrap_or_else(|error| panic!("{error}"))
}

/// Where [`start_redis`] would take its server from; starts nothing.
///
/// # Errors
/// [`ServerError::NotFound`] when there is no source.
pub async fn find_redis() -> Result<Source, ServerError> {
    match given(REDIS_URL_VARIABLE) {
        Some(_) => Ok(Source::Given(REDIS_URL_VARIABLE)),
        None => find_private().await,
    }
}

/// The server given in the environment, or else a new one.
///
/// # Errors
/// [`ServerError::NotFound`] when there is no source; the others when a source fails.
pub async fn start_redis() -> Result<RedisServer, ServerError> {
    let Some(address) = given(REDIS_URL_VARIABLE) else { return start_private().await };
    let url = Url::parse(&address).map_err(|reason| ServerError::WrongUrl { variable: REDIS_URL_VARIABLE, reason })?;
    Ok(RedisServer { url, source: Source::Given(REDIS_URL_VARIABLE), backing: Backing::Given })
}

async fn find_private() -> Result<Source, ServerError> {
    if engine_answers().await {
        return Ok(Source::Docker(format!("{}:{}", IMAGE.0, IMAGE.1)));
    }
    find_program("redis-server").map(Source::Program).ok_or(ServerError::NotFound {
        server: "Redis",
        variable: REDIS_URL_VARIABLE,
        debian: "redis-server",
        fedora: "redis",
        macos: "redis",
    })
}

async fn start_private() -> Result<RedisServer, ServerError> {
    let source = find_private().await?;
    let port = free_port()?;
    let backing = match &source {
        Source::Program(program) => Backing::Process(start_process(program.clone(), port).await?),
        Source::Docker(_) | Source::Given(_) => Backing::Container(Box::new(start_container(port).await?)),
    };
    let url = Url::parse(&format!("redis://127.0.0.1:{port}")).expect("a port makes a URL");
    Ok(RedisServer { url, source, backing })
}

async fn start_process(program: PathBuf, port: u16) -> Result<PrivateServer, ServerError> {
    let folder = tempfile::Builder::new().prefix("onsale-redis-").tempdir().map_err(ServerError::Folder)?;
    let mut arguments = vec![OsString::from("--port"), port.to_string().into(), "--dir".into(), folder.path().into()];
    arguments.extend(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"].map(OsString::from));
    PrivateServer::start(Recipe { program, arguments, ready: READY }, folder).await
}

async fn start_container(port: u16) -> Result<Container, ServerError> {
    let request = GenericImage::new(IMAGE.0, IMAGE.1)
        .with_wait_for(WaitFor::message_on_stdout(READY))
        .with_mapped_port(port, 6379.tcp())
        .with_cmd(["redis-server", "--save", "", "--appendonly", "no"]);
    Container::start(request).await
}

impl RedisServer {
    /// `redis://host:port`
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Where it came from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Lets the server write what is in it to its disk, for its next start.
    ///
    /// # Errors
    /// [`ServerError::Silent`] when it does not say that it has.
    pub async fn save(&self) -> Result<(), ServerError> {
        let asked = timeout(SAVE_LIMIT, self.ask_to_save()).await;
        let failed = |reason| ServerError::Silent { server: "Redis", seconds: SAVE_LIMIT.as_secs(), reason };
        match asked {
            Ok(Ok(answer)) if answer == SAVED => Ok(()),
            Ok(Ok(answer)) => Err(failed(String::from_utf8_lossy(&answer).into_owned())),
            Ok(Err(reason)) => Err(failed(reason.to_string())),
            Err(_) => Err(failed("no answer".to_owned())),
        }
    }

    async fn ask_to_save(&self) -> io::Result<[u8; SAVED.len()]> {
        let address = (self.url.host_str().unwrap_or_default(), self.url.port().unwrap_or(6379));
        let mut connection = TcpStream::connect(address).await?;
        connection.write_all(b"SAVE\r\n").await?;
        let mut answer = [0; SAVED.len()];
        connection.read_exact(&mut answer).await?;
        Ok(answer)
    }

    /// Kills the server with SIGKILL: everything in it is lost but what was [saved](RedisServer::save).
    ///
    /// # Errors
    /// [`ServerError::NotOurs`] when it was given in the environment.
    pub async fn kill(&mut self) -> Result<(), ServerError> {
        self.backing.kill().await
    }

    /// Starts a killed server again on the same port: empty, or with what was saved last.
    ///
    /// # Errors
    /// [`ServerError::NotOurs`] when it was given in the environment; the others when it does not start.
    pub async fn start(&mut self) -> Result<(), ServerError> {
        self.backing.resume().await
    }

    /// Stops the server where it is: it keeps its connections, takes new ones and answers nothing.
    ///
    /// # Errors
    /// [`ServerError::NotOurs`] when it was given in the environment.
    pub async fn freeze(&self) -> Result<(), ServerError> {
        self.backing.freeze().await
    }

    /// Lets a frozen server go on, with everything it had.
    ///
    /// # Errors
    /// [`ServerError::NotOurs`] when it was given in the environment.
    pub async fn thaw(&self) -> Result<(), ServerError> {
        self.backing.thaw().await
    }

    /// Ends a server that was started here.
    ///
    /// # Errors
    /// When it cannot be stopped.
    pub async fn stop(self) -> Result<(), ServerError> {
        self.backing.stop().await
    }
}
