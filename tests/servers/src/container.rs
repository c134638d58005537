//! A server in a Docker container.

use std::{ffi::OsStr, time::Duration};

use testcontainers::{
    ContainerAsync, ContainerRequest, GenericImage, bollard::query_parameters::KillContainerOptions,
    core::client::docker_client_instance, runners::AsyncRunner,
};
use tokio::time::timeout;

use crate::{ServerError, guard::Guard};

/// How long a Docker engine may take to answer before it counts as absent.
const ENGINE_LIMIT: Duration = Duration::from_secs(2);

/// Whether a Docker engine answers.
pub(crate) async fn engine_answers() -> bool {
    let asked = async {
        let engine = docker_client_instance().await.ok()?;
        engine.ping().await.ok()
    };
    timeout(ENGINE_LIMIT, asked).await.is_ok_and(|answer| answer.is_some())
}

/// A container that this process started.
pub(crate) struct Container {
    container: ContainerAsync<GenericImage>,
    guard: Guard,
}

impl Container {
    pub(crate) async fn start(request: ContainerRequest<GenericImage>) -> Result<Self, ServerError> {
        let container = request.start().await?;
        let cleanup = r#"docker rm --force --volumes "$1""#;
        let guard = Guard::new(cleanup, &[OsStr::new(container.id())]).map_err(ServerError::Folder)?;
        Ok(Self { container, guard })
    }

    /// Starts the container again after [`Self::kill`]; the caller waits until the server answers.
    pub(crate) async fn resume(&self) -> Result<(), ServerError> {
        Ok(self.container.start().await?)
    }

    /// Kills everything in the container with SIGKILL; its files stay.
    pub(crate) async fn kill(&self) -> Result<(), ServerError> {
        let options = KillContainerOptions { signal: "SIGKILL".to_owned() };
        let engine = docker_client_instance().await?;
        Ok(engine.kill_container(self.container.id(), Some(options)).await?)
    }

    /// Stops everything in the container where it is.
    pub(crate) async fn freeze(&self) -> Result<(), ServerError> {
        Ok(self.container.pause().await?)
    }

    /// Lets it go on after [`Self::freeze`].
    pub(crate) async fn thaw(&self) -> Result<(), ServerError> {
        Ok(self.container.unpause().await?)
    }

    /// Removes the container.
    pub(crate) async fn remove(self) -> Result<(), ServerError> {
        self.container.rm().await?;
        self.guard.dismiss().map_err(ServerError::Folder)
    }
}
