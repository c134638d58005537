//! Long-lived tasks under supervision: restarted when they fail, waited for when the process stops.

use std::any::Any;
use std::error::Error;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Once;
use std::time::Duration;

use futures_util::FutureExt;
use metrics::{Unit, counter, describe_counter};
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::panics;

#[cfg(test)]
mod tests;

const RESTARTS: &str = "onsale_task_restarts_total";

/// The pause before the first restart; it doubles with each failure in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between restarts: a dependency that comes back is noticed within half a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A run at least this long was healthy: the failure that ends it is the first of a new row.
const HEALTHY_RUN: Duration = Duration::from_mins(1);

/// Any error that can end a run of a task.
pub type TaskError = Box<dyn Error + Send + Sync>;

/// Tasks that did not end in time, by name; they were aborted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tasks did not end within {limit:?}: {}", names.join(", "))]
pub struct StillRunning {
    /// The names under which the tasks were started.
    pub names: Vec<&'static str>,
    /// How long they were given.
    pub limit: Duration,
}

/// Runs named long-lived tasks until shutdown.
#[derive(Debug, Default)]
pub struct Supervisor {
    shutdown: CancellationToken,
    tasks: Mutex<Vec<Task>>,
}

#[derive(Debug)]
struct Task {
    name: &'static str,
    handle: JoinHandle<()>,
}

impl Supervisor {
    /// A supervisor whose tasks stop when `shutdown` is cancelled.
    #[must_use]
    pub fn new(shutdown: CancellationToken) -> Self {
        static DESCRIBED: Once = Once::new();
        DESCRIBED.call_once(|| {
            describe_counter!(RESTARTS, Unit::Count, "Restarts of supervised tasks after an error or a panic.");
        });
        Self { shutdown, tasks: Mutex::default() }
    }

    /// The signal on which every task stops.
    #[must_use]
    pub fn shutdown_signal(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Runs a task until shutdown; `start` begins one run of it.
    ///
    /// A run that ends with an error or a panic is logged, counted and followed by another after a pause of 100 ms,
    /// doubling up to 30 s. A run that ends with `Ok` ends the task. Runs are given the shutdown signal and must end
    /// soon after it. After shutdown nothing is started.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn run<F, R, E>(&self, name: &'static str, start: F)
    where
        F: FnMut(CancellationToken) -> R + Send + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<TaskError> + Send + 'static,
    {
        let handle = tokio::spawn(keep_running(name, self.shutdown.clone(), start));
        let mut tasks = self.tasks.lock();
        tasks.retain(|task| !task.handle.is_finished());
        tasks.push(Task { name, handle });
    }

    /// Signals shutdown and waits up to `limit` for every task to end; those that do not are aborted.
    ///
    /// # Errors
    /// [`StillRunning`] names the aborted tasks.
    pub async fn shutdown(&self, limit: Duration) -> Result<(), StillRunning> {
        self.shutdown.cancel();
        let deadline = Instant::now() + limit;
        let tasks = std::mem::take(&mut *self.tasks.lock());
        let mut names = Vec::new();
        for Task { name, mut handle } in tasks {
            match timeout_at(deadline, &mut handle).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => error!(task = name, %error, "a supervised task was lost"),
                Err(_) => {
                    handle.abort();
                    names.push(name);
                }
            }
        }
        if names.is_empty() { Ok(()) } else { Err(StillRunning { names, limit }) }
    }
}

async fn keep_running<F, R, E>(name: &'static str, shutdown: CancellationToken, mut start: F)
where
    F: FnMut(CancellationToken) -> R,
    R: Future<Output = Result<(), E>>,
    E: Into<TaskError>,
{
    let restarts = counter!(RESTARTS, "task" => name);
    let mut pause = FIRST_PAUSE;
    while !shutdown.is_cancelled() {
        let started = Instant::now();
        // Every run is a new future; what `start` keeps across runs must survive a panic of one of them.
        let ended = AssertUnwindSafe(async { start(shutdown.clone()).await }).catch_unwind().await;
        let Some(failure) = failure(ended) else {
            debug!(task = name, "a supervised task ended");
            return;
        };
        if started.elapsed() >= HEALTHY_RUN {
            pause = FIRST_PAUSE;
        }
        error!(task = name, error = failure, restart_in_ms = pause.as_millis(), "a supervised task failed");
        if shutdown.run_until_cancelled(sleep(pause)).await.is_some() {
            restarts.increment(1);
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}

fn failure<E: Into<TaskError>>(ended: Result<Result<(), E>, Box<dyn Any + Send>>) -> Option<String> {
    match ended {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(with_causes(error.into().as_ref())),
        Err(panic) => Some(format!("panicked: {}", panics::message(panic.as_ref()))),
    }
}

fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
