//! Why there is no server.

use std::{io, path::PathBuf};

/// Why a server could not be had, or not be used.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No address was given, no Docker engine answers and no program is installed.
    #[error(
        "no {server} server: set {variable}, start Docker, or install one \
         (Debian, Ubuntu: apt-get install {debian}; Fedora: dnf install {fedora}; macOS: brew install {macos})"
    )]
    NotFound {
        /// What is missing.
        server: &'static str,
        /// The environment variable that can name a running one.
        variable: &'static str,
        /// Its Debian and Ubuntu package.
        debian: &'static str,
        /// Its Fedora package.
        fedora: &'static str,
        /// Its Homebrew formula.
        macos: &'static str,
    },
    /// A Redis Cluster is made of private processes, and their program is not installed.
    #[error(
        "redis-server is not installed \
         (Debian, Ubuntu: apt-get install redis-server; Fedora: dnf install redis; macOS: brew install redis)"
    )]
    NoRedisProgram,
    /// Certificates for tests are made by a program that is not installed.
    #[error("openssl is not installed (Debian, Ubuntu: apt-get install openssl; Fedora: dnf install openssl)")]
    NoOpensslProgram,
    /// The address in the environment is not one.
    #[error("{variable} is not a URL: {reason}")]
    WrongUrl {
        /// The environment variable.
        variable: &'static str,
        /// What is wrong with it.
        reason: url::ParseError,
    },
    /// A program could not be run at all.
    #[error("cannot run {}: {reason}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        reason: io::Error,
    },
    /// A program ended, or took too long, before it was ready.
    #[error("{} was not ready: {reason}; its last lines:\n{log}", program.display())]
    NotReady {
        /// The program.
        program: PathBuf,
        /// What happened.
        reason: &'static str,
        /// The end of what it printed.
        log: String,
    },
    /// The server did not answer within the limit.
    #[error("{server} did not answer within {seconds} s: {reason}")]
    Silent {
        /// Which server.
        server: &'static str,
        /// The limit.
        seconds: u64,
        /// The last thing that went wrong.
        reason: String,
    },
    /// A folder for a server could not be made.
    #[error("cannot prepare a server's folder: {0}")]
    Folder(io::Error),
    /// Docker refused.
    #[error("docker: {0}")]
    Docker(#[from] testcontainers::TestcontainersError),
    /// The Docker engine could not be reached.
    #[error("docker client: {0}")]
    Client(#[from] testcontainers::core::client::ClientError),
    /// The Docker engine refused.
    #[error("docker engine: {0}")]
    Engine(#[from] testcontainers::bollard::errors::Error),
    /// MySQL refused.
    #[error("mysql: {0}")]
    Sql(#[from] sqlx::Error),
    /// A Redis node could not be told something.
    #[error("redis: {command}: {reason}")]
    Redis {
        /// What it was told.
        command: String,
        /// What it, or the operating system, answered.
        reason: String,
    },
    /// A server that was given cannot be killed or started.
    #[error("this server was given in the environment; only one that was started here can be killed or started")]
    NotOurs,
}
