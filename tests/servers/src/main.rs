//! Finds or starts the servers that tests need, and runs a command beside them.

use std::{ffi::OsString, io, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};
use onsale_test_servers::{
    MYSQL_URL_VARIABLE, MysqlServer, REDIS_URL_VARIABLE, RedisServer, ServerError, find_mysql, find_redis, start_mysql,
    start_redis,
};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

/// Real servers for tests and benchmarks.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Prints where the servers would come from; starts nothing, and fails when one is missing.
    Find {
        /// Which servers.
        #[arg(required = true)]
        servers: Vec<Kind>,
    },
    /// Runs a command with the addresses of the servers in its environment, and returns its exit code.
    WithServers {
        /// Which servers.
        #[arg(required = true)]
        servers: Vec<Kind>,
        /// The command and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// MySQL or MariaDB.
    Mysql,
    /// Redis.
    Redis,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("cannot run the command: {0}")]
    Command(#[from] io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().action {
        Action::Find { servers } => find(&servers).await,
        Action::WithServers { servers, command } => with_servers(&servers, &command).await,
    };
    done.unwrap_or_else(|failure| {
        eprintln!("{failure}");
        ExitCode::FAILURE
    })
}

async fn find(servers: &[Kind]) -> Result<ExitCode, Failure> {
    for kind in servers {
        match kind {
            Kind::Mysql => println!("MySQL: {}", find_mysql().await?),
            Kind::Redis => println!("Redis: {}", find_redis().await?),
        }
    }
    Ok(ExitCode::SUCCESS)
}

enum Server {
    Mysql(MysqlServer),
    Redis(RedisServer),
}

impl Server {
    async fn start(kind: Kind) -> Result<Self, ServerError> {
        match kind {
            Kind::Mysql => start_mysql().await.map(Self::Mysql),
            Kind::Redis => start_redis().await.map(Self::Redis),
        }
    }

    fn announce(&self, command: &mut Command) {
        match self {
            Self::Mysql(server) => {
                println!("MySQL: {}", server.source());
                command.env(MYSQL_URL_VARIABLE, server.url());
            }
            Self::Redis(server) => {
                println!("Redis: {}", server.source());
                command.env(REDIS_URL_VARIABLE, server.url());
            }
        }
    }

    async fn stop(self) -> Result<(), ServerError> {
        match self {
            Self::Mysql(server) => server.stop().await,
            Self::Redis(server) => server.stop().await,
        }
    }
}

async fn with_servers(kinds: &[Kind], words: &[OsString]) -> Result<ExitCode, Failure> {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    let mut servers = Vec::new();
    for kind in kinds {
        let server = Server::start(*kind).await?;
        server.announce(&mut command);
        servers.push(server);
    }
    let code = run(command.spawn()?).await;
    for server in servers {
        server.stop().await?;
    }
    Ok(code?)
}

/// Waits for the command. An interrupt reaches it from the terminal as well, so this process only has to outlive it.
async fn run(mut child: Child) -> io::Result<ExitCode> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            status = child.wait() => {
                let code = status?.code().and_then(|code| u8::try_from(code).ok());
                return Ok(code.map_or(ExitCode::FAILURE, ExitCode::from));
            }
            Some(()) = interrupts.recv() => {}
            Some(()) = terminations.recv() => child.start_kill()?,
        }
    }
}
