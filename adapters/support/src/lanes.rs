//! Lanes: commands on the same hot rows meet here and commit as a group.
//!
//! The first command of an idle lane is settled at once. Commands that arrive while a group is being settled form the
//! next group: no timer, and no added wait when idle. This is group commit as databases do it for their log, one level
//! up (`DeWitt` et al., "Implementation Techniques for Main Memory Database Systems", SIGMOD 1984).
//!
//! A lane exists while it has work: its entry in the map is made by the command that finds none, and removed, under
//! the same lock, by the runner that finds nothing waiting. So no command can fall between a lane's end and its next
//! start, and an idle lane costs nothing.

use std::fmt::Debug;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use tokio::sync::{Notify, oneshot};

use self::metrics::LaneMetrics;
use self::queues::{Queues, Waiting};
use self::runner::Runner;

mod cuts;
mod limits;
mod metrics;
mod queues;
mod runner;
#[cfg(test)]
mod tests;

pub use self::cuts::{LARGEST_CUT, powers_of_two};
pub use self::limits::LaneLimits;

/// Settles the commands of a lane, a group at a time.
pub trait Settle<K>: Send + Sync + 'static {
    /// One caller's wish.
    type Command: Send + 'static;
    /// One caller's answer, its error included.
    type Outcome: Send + 'static;

    /// Settles the whole group in one transaction and answers with one outcome per command, in the same order.
    ///
    /// A group has at least one and at most [`LaneLimits::group`] commands, in the order in which they were submitted.
    /// Retries, and bounds on the time they take, belong in here: the lane waits for as long as this takes.
    fn settle(&self, key: &K, group: Vec<Self::Command>) -> impl Future<Output = Vec<Self::Outcome>> + Send;
}

/// Why a lane gave no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaneError {
    /// As many commands wait as the lane may hold, or as many lanes are live as there may be. Nothing was done.
    #[error("the lane is full")]
    Full,
    /// The lanes are draining or drained. Nothing was done.
    #[error("the lane is closed")]
    Closed,
    /// Settling the group panicked, broke its contract, or was cut off by the end of the runtime. Whether the command
    /// took effect is unknown: whoever submits it again must give it the same id.
    #[error("the lane failed to settle the command")]
    Failed,
}

/// One lane per key, each settling its commands in order; see the [module](self).
///
/// Clones share the same lanes.
pub struct Lanes<K, S: Settle<K>> {
    shared: Arc<Shared<K, S>>,
}

/// What the callers and the runners of all lanes share.
struct Shared<K, S: Settle<K>> {
    name: &'static str,
    group_limit: usize,
    settle: S,
    queues: Queues<K, S::Command, S::Outcome>,
    metrics: LaneMetrics,
    emptied: Notify,
}

impl<K, S> Lanes<K, S>
where
    K: Clone + Debug + Eq + Hash + Send + Sync + 'static,
    S: Settle<K>,
{
    /// Lanes called `name` in metrics and logs; a limit of zero counts as one.
    ///
    /// Metric handles are fetched here, once: install the recorder first.
    #[must_use]
    pub fn new(name: &'static str, limits: LaneLimits, settle: S) -> Self {
        let limits = limits.at_least_one();
        let shared = Shared {
            name,
            group_limit: limits.group,
            settle,
            queues: Queues::new(limits),
            metrics: LaneMetrics::new(name),
            emptied: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Hands `command` to the lane of `key` and waits for its outcome.
    ///
    /// Commands of one lane keep the order in which these futures are first polled. Dropping the future gives up the
    /// answer, not the command: once submitted it is settled with its group.
    ///
    /// # Errors
    /// [`LaneError::Full`] and [`LaneError::Closed`] at once, with nothing done; [`LaneError::Failed`] when the group
    /// was lost.
    pub async fn submit(&self, key: K, command: S::Command) -> Result<S::Outcome, LaneError> {
        let (answer, outcome) = oneshot::channel();
        self.enqueue(key, Waiting { command, answer, since: metrics::now() })?;
        outcome.await.map_err(|_| LaneError::Failed)
    }

    /// Stops accepting commands and waits until every accepted one is answered.
    ///
    /// Put a time limit around it; giving up leaves the lanes closed and running.
    pub async fn drain(&self) {
        self.shared.queues.close();
        let emptied = self.shared.emptied.notified();
        tokio::pin!(emptied);
        loop {
            // Registered before looking, so that the last lane cannot end unnoticed in between.
            emptied.as_mut().enable();
            if self.shared.queues.live() == 0 {
                return;
            }
            emptied.as_mut().await;
            emptied.set(self.shared.emptied.notified());
        }
    }

    /// How many lanes have work now.
    #[must_use]
    pub fn live(&self) -> usize {
        self.shared.queues.live()
    }

    fn enqueue(&self, key: K, waiting: Waiting<S::Command, S::Outcome>) -> Result<(), LaneError> {
        let metrics = &self.shared.metrics;
        let pushed = self.shared.queues.push(&key, waiting).inspect_err(|error| {
            if *error == LaneError::Full {
                metrics.full.increment(1);
            }
        })?;
        if pushed.opened_lane {
            metrics.live.increment(1);
        }
        if pushed.wants_runner {
            tokio::spawn(Runner::new(Arc::clone(&self.shared), key).run());
        }
        Ok(())
    }
}

impl<K, S: Settle<K>> Clone for Lanes<K, S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}
