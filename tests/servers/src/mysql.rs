//! MySQL, or MariaDB in its place.

mod database;
mod local;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, MySqlConnection};
use testcontainers::{
    GenericImage, ImageExt,
    core::{IntoContainerPort, WaitFor},
};
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep, timeout_at},
};
use url::Url;

pub use self::database::Database;
use crate::{
    ServerError, Source,
    backing::{Backing, given},
    container::{Container, engine_answers},
    process::free_port,
};

/// Names a running server: `mysql://user:password@host:port`. Its user must be allowed to create and drop databases.
pub const MYSQL_URL_VARIABLE: &str = "ONSALE_TEST_MYSQL_URL";

const IMAGE: (&str, &str) = ("mysql", "8.4");
const ANSWER_LIMIT: Duration = Duration::from_mins(1);

/// Many tests share a server, each with a pool of its own.
const MAX_CONNECTIONS: u32 = 400;

/// A MySQL server that tests may fill with databases.
pub struct MysqlServer {
    url: Url,
    source: Source,
    backing: Backing,
    authority: Option<PathBuf>,
}

/// The server that all tests of this process share, started by the first that asks.
///
/// # Panics
/// When there is none; the message says what to install.
pub async fn mysql() -> &'static MysqlServer {
    static SHARED: OnceCell<MysqlServer> = OnceCell::const_new();
    SHARED.get_or_init(async || start_mysql().await.unwrap_or_else(|error| panic!("{error}"))).await
}

/// A server for one test alone, which may [kill](MysqlServer::kill) it. Never the one given in the environment.
///
/// # Panics
/// When there is none; the message says what to install.
pub async fn private_mysql() -> MysqlServer {
    start_private().await.unwrap_or_else(|error| panic!("{error}"))
}

/// A server for one test alone, of a private process, that takes connections with TLS only.
///
/// # Panics
/// When there is none; the message says what to install.
pub async fn secured_mysql() -> MysqlServer {
    start_secured().await.unwrap_or_else(|error| panic!("{error}"))
}

async fn start_secured() -> Result<MysqlServer, ServerError> {
    let program = local::find_program().ok_or_else(not_found)?;
    let port = free_port()?;
    let (server, authority) = local::start_secured(program.clone(), port).await?;
    let (url, backing) = (server_url(local::USER, port), Backing::Process(server));
    await_answer(&url).await?;
    Ok(MysqlServer { url, source: Source::Program(program), backing, authority: Some(authority) })
}

/// Where [`start_mysql`] would take its server from; starts nothing.
///
/// # Errors
/// [`ServerError::NotFound`] when there is no source.
pub async fn find_mysql() -> Result<Source, ServerError> {
    match given(MYSQL_URL_VARIABLE) {
        Some(_) => Ok(Source::Given(MYSQL_URL_VARIABLE)),
        None => find_private().await,
    }
}

/// The server given in the environment, or else a new one.
///
/// # Errors
/// [`ServerError::NotFound`] when there is no source; the others when a source fails.
pub async fn start_mysql() -> Result<MysqlServer, ServerError> {
    let Some(address) = given(MYSQL_URL_VARIABLE) else { return start_private().await };
    let url = Url::parse(&address).map_err(|reason| ServerError::WrongUrl { variable: MYSQL_URL_VARIABLE, reason })?;
    await_answer(&url).await?;
    Ok(MysqlServer { url, source: Source::Given(MYSQL_URL_VARIABLE), backing: Backing::Given, authority: None })
}

async fn find_private() -> Result<Source, ServerError> {
    if engine_answers().await {
        return Ok(Source::Docker(format!("{}:{}", IMAGE.0, IMAGE.1)));
    }
    local::find_program().map(Source::Program).ok_or_else(not_found)
}

fn not_found() -> ServerError {
    ServerError::NotFound {
        server: "MySQL",
        variable: MYSQL_URL_VARIABLE,
        debian: "mariadb-server",
        fedora: "mariadb-server",
        macos: "mariadb",
    }
}

async fn start_private() -> Result<MysqlServer, ServerError> {
    let source = find_private().await?;
    let port = free_port()?;
    let (url, backing) = match &source {
        Source::Program(program) => {
            let server = local::start(program.clone(), port).await?;
            (server_url(local::USER, port), Backing::Process(server))
        }
        Source::Docker(_) | Source::Given(_) => {
            (server_url("root", port), Backing::Container(Box::new(start_container(port).await?)))
        }
    };
    await_answer(&url).await?;
    Ok(MysqlServer { url, source, backing, authority: None })
}

async fn start_container(port: u16) -> Result<Container, ServerError> {
    // a host port of its own choice, because Docker would draw a new one after a restart
    let request = GenericImage::new(IMAGE.0, IMAGE.1)
        .with_wait_for(WaitFor::message_on_stderr("X Plugin ready for connections. Bind-address"))
        .with_wait_for(WaitFor::message_on_stderr("mysqld: ready for connections."))
        .with_mapped_port(port, 3306.tcp())
        .with_env_var("MYSQL_ALLOW_EMPTY_PASSWORD", "yes")
        .with_cmd([format!("--max-connections={MAX_CONNECTIONS}")]);
    Container::start(request).await
}

fn server_url(user: &str, port: u16) -> Url {
    Url::parse(&format!("mysql://{user}@127.0.0.1:{port}")).expect("a user name and a port make a URL")
}

async fn await_answer(url: &Url) -> Result<(), ServerError> {
    const PAUSE: Duration = Duration::from_millis(50);
    let limit = Instant::now() + ANSWER_LIMIT;
    let mut last = String::from("no answer");
    while Instant::now() < limit {
        match timeout_at(limit, execute(url, "SELECT 1")).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(reason)) => last = reason.to_string(),
            Err(_) => break,
        }
        sleep(PAUSE).await;
    }
    Err(ServerError::Silent { server: "MySQL", seconds: ANSWER_LIMIT.as_secs(), reason: last })
}

async fn execute(url: &Url, statement: &str) -> Result<(), sqlx::Error> {
    let mut connection = MySqlConnection::connect(url.as_str()).await?;
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await?;
    connection.close().await
}

impl MysqlServer {
    /// The server itself, without a database: `mysql://user:password@host:port`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Where it came from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The file with the certificate of the authority of a server [with TLS](secured_mysql).
    #[must_use]
    pub fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }

    /// Creates an empty `utf8mb4` database with a name nobody else uses.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn fresh_database(&self) -> Database {
        let keep = !matches!(self.backing, Backing::Given); // one started here goes with its server
        Database::create(&self.url, keep).await.unwrap_or_else(|error| panic!("cannot create a database: {error}"))
    }

    /// Kills the server with SIGKILL, as a crash would: what it had not made durable is lost.
    ///
    /// # Errors
    /// [`ServerError::NotOurs`] when it was given in the environment.
    pub async fn kill(&mut self) -> Result<(), ServerError> {
        self.backing.kill().await
    }

    /// Starts a killed server again on the same data and the same port, and waits until it answers.
    ///
    /// # Errors
    /// [`ServerError::NotOurs`] when it was given in the environment; the others when it does not start.
    pub async fn start(&mut self) -> Result<(), ServerError> {
        self.backing.resume().await?;
        await_answer(&self.url).await
    }

    /// Ends a server that was started here and removes its data.
    ///
    /// # Errors
    /// When it cannot be stopped.
    pub async fn stop(self) -> Result<(), ServerError> {
        self.backing.stop().await
    }
}
