//! Where a server came from, and what that allows.

use std::{env, fmt, path::PathBuf};

use rustix::process::Signal;

use crate::{ServerError, container::Container, process::PrivateServer};

/// Where a server comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It runs already; the environment variable names it.
    Given(&'static str),
    /// A container of this image.
    Docker(String),
    /// A private process of this program.
    Program(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(variable) => write!(formatter, "given by {variable}"),
            Self::Docker(image) => write!(formatter, "Docker container of {image}"),
            Self::Program(program) => write!(formatter, "private process of {}", program.display()),
        }
    }
}

/// The address that a variable gives; an empty one gives none.
pub(crate) fn given(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|address| !address.is_empty())
}

/// What this process holds of a server.
pub(crate) enum Backing {
    Given,
    Container(Box<Container>),
    Process(PrivateServer),
}

impl Backing {
    pub(crate) async fn kill(&mut self) -> Result<(), ServerError> {
        match self {
            Self::Given => Err(ServerError::NotOurs),
            Self::Container(container) => container.kill().await,
            Self::Process(server) => server.kill(),
        }
    }

    pub(crate) async fn resume(&mut self) -> Result<(), ServerError> {
        match self {
            Self::Given => Err(ServerError::NotOurs),
            Self::Container(container) => container.resume().await,
            Self::Process(server) => server.resume().await,
        }
    }

    pub(crate) async fn freeze(&self) -> Result<(), ServerError> {
        match self {
            Self::Given => Err(ServerError::NotOurs),
            Self::Container(container) => container.freeze().await,
            Self::Process(server) => server.signal(Signal::STOP),
        }
    }

    pub(crate) async fn thaw(&self) -> Result<(), ServerError> {
        match self {
            Self::Given => Err(ServerError::NotOurs),
            Self::Container(container) => container.thaw().await,
            Self::Process(server) => server.signal(Signal::CONT),
        }
    }

    pub(crate) async fn stop(self) -> Result<(), ServerError> {
        match self {
            Self::Given => Ok(()),
            Self::Container(container) => container.remove().await,
            Self::Process(mut server) => server.kill(),
        }
    }
}
