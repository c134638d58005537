use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, ConnectionInfo, RedisError, ServerErrorKind, Value, pipe};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use crate::backoff::Backoff;
use crate::metrics::LinkMetrics;

/// The pauses between attempts to connect. Commands in between fail at once.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(2) };
/// Commands that may wait for the task that writes them.
const WRITE_BUFFER: usize = 1_024;

/// Why there is no connection, when none was made in time.
const TOO_LONG: &str = "connecting takes too long";

/// Why a node did not do what it was told.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// There is no connection to it: nothing was done.
    #[error("cannot connect to Redis: {0}")]
    Unreachable(String),
    /// The connection ended: whether anything was done is unknown.
    #[error("the connection to Redis ended: {0}")]
    Ended(String),
    /// No answer came in time: whether anything was or will be done is unknown.
    #[error("Redis gave no answer in time")]
    Silent,
    /// It answered with an error.
    #[error("Redis refused: {0}")]
    Refused(RedisError),
}

/// One server, over one connection that everybody shares. It is made by the first command that needs it, and given up
/// when it ends or stays silent.
pub(crate) struct Node {
    client: Client,
    config: AsyncConnectionConfig,
    metrics: LinkMetrics,
    state: Mutex<State>,
    /// Held while connecting, so that everybody waits for one attempt.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    /// How many connections were made: names the present one.
    made: u64,
    /// Attempts that failed in a row.
    failed: u32,
    /// Until when no attempt is made, and why.
    resting: Option<(Instant, String)>,
}

impl Node {
    pub(crate) fn new(client: Client, metrics: LinkMetrics) -> Self {
        // Every command has a deadline of its own, and so has every attempt to connect.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(WRITE_BUFFER);
        Self { client, config, metrics, state: Mutex::default(), connecting: tokio::sync::Mutex::default() }
    }

    pub(super) fn info(&self) -> &ConnectionInfo {
        self.client.get_connection_info()
    }

    /// `host:port`
    pub(crate) fn address(&self) -> String {
        self.info().addr().to_string()
    }

    /// Sends a command and waits for its answer; `asking` goes in front of one that was redirected for this once.
    pub(crate) async fn ask(&self, command: &Cmd, asking: bool, deadline: Instant) -> Result<Value, Failure> {
        let (made, mut connection) = self.connection(deadline).await.map_err(Failure::Unreachable)?;
        self.metrics.commands.increment(1);
        let answer = async {
            if asking {
                let mut pipeline = pipe();
                pipeline.cmd("ASKING").ignore().add_command(command.clone());
                pipeline.query_async::<(Value,)>(&mut connection).await.map(|(value,)| value)
            } else {
                command.query_async(&mut connection).await
            }
        };
        match timeout_at(deadline, answer).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) if error.is_io_error() || error.is_unrecoverable_error() => {
                self.give_up(made, &error.to_string());
                Err(Failure::Ended(error.to_string()))
            }
            Ok(Err(error)) => {
                if is_replica(&error) {
                    self.give_up(made, &error.to_string());
                }
                Err(Failure::Refused(error))
            }
            Err(_) => {
                self.metrics.timeouts.increment(1);
                self.give_up(made, "it gave no answer in time");
                Err(Failure::Silent)
            }
        }
    }

    async fn connection(&self, deadline: Instant) -> Result<(u64, MultiplexedConnection), String> {
        if let Some(present) = self.present()? {
            return Ok(present);
        }
        let turn = timeout_at(deadline, self.connecting.lock()).await;
        let _turn = turn.map_err(|_| TOO_LONG.to_owned())?;
        if let Some(present) = self.present()? {
            return Ok(present); // somebody else was faster
        }
        let connecting = self.client.get_multiplexed_async_connection_with_config(&self.config);
        match timeout_at(deadline, connecting).await {
            Ok(Ok(connection)) => Ok(self.succeed(connection)),
            Ok(Err(error)) => Err(self.fail(error.to_string())),
            Err(_) => Err(self.fail(TOO_LONG.to_owned())),
        }
    }

    /// The connection, if there is one; an error while none is attempted.
    fn present(&self) -> Result<Option<(u64, MultiplexedConnection)>, String> {
        let state = self.state.lock();
        match (&state.connection, &state.resting) {
            (Some(connection), _) => Ok(Some((state.made, connection.clone()))),
            (None, Some((until, cause))) if Instant::now() < *until => Err(cause.clone()),
            (None, _) => Ok(None),
        }
    }

    fn succeed(&self, connection: MultiplexedConnection) -> (u64, MultiplexedConnection) {
        self.metrics.connections.increment(1);
        info!(node = self.address(), "connected to Redis");
        let mut state = self.state.lock();
        *state = State { connection: Some(connection.clone()), made: state.made + 1, ..State::default() };
        (state.made, connection)
    }

    fn fail(&self, cause: String) -> String {
        warn!(node = self.address(), cause, "cannot connect to Redis");
        let mut state = self.state.lock();
        state.failed = state.failed.saturating_add(1);
        state.resting = Some((Instant::now() + BACKOFF.pause(state.failed), cause.clone()));
        cause
    }

    /// Lets the connection go, unless that has been done: commands that still wait on it may still be answered.
    fn give_up(&self, made: u64, cause: &str) {
        let mut state = self.state.lock();
        if state.made == made && state.connection.take().is_some() {
            self.metrics.lost.increment(1);
            warn!(node = self.address(), cause, "gave a connection to Redis up");
        }
    }
}

/// Whether the server follows another now: its name may lead to that one when it is looked up again.
fn is_replica(error: &RedisError) -> bool {
    matches!(error.kind(), redis::ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown))
}
