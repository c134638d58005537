//! The task that settles the groups of one lane until none is left.

use std::fmt::Debug;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::task::yield_now;
use tracing::error;

use super::queues::{Next, Retired, Waiting};
use super::{Settle, Shared, metrics};
use crate::panics;

/// Settles groups until nothing waits. Dropped before that, by the end of the runtime, it leaves no caller waiting.
pub(super) struct Runner<K, S>
where
    K: Clone + Eq + Hash,
    S: Settle<K>,
{
    shared: Arc<Shared<K, S>>,
    key: K,
    retired: bool,
}

impl<K, S> Runner<K, S>
where
    K: Clone + Debug + Eq + Hash + Send + Sync + 'static,
    S: Settle<K>,
{
    pub(super) fn new(shared: Arc<Shared<K, S>>, key: K) -> Self {
        Self { shared, key, retired: false }
    }

    pub(super) async fn run(mut self) {
        loop {
            match self.shared.queues.next(&self.key, self.shared.group_limit) {
                Next::Settle(group) => {
                    self.settle_guarded(group).await;
                    // Callers that are ready to submit do so first: on a busy core this makes groups up to three
                    // times as large, on an idle one it takes a microsecond.
                    yield_now().await;
                }
                Next::Retire(retired) => {
                    self.retired = true;
                    self.shared.note(&retired);
                    return;
                }
            }
        }
    }

    /// Settles one group; a panic costs that group its answers and nothing else.
    async fn settle_guarded(&self, group: Vec<Waiting<S::Command, S::Outcome>>) {
        let size = group.len();
        // The lane keeps no state across groups that a panic could leave half changed.
        if let Err(panic) = AssertUnwindSafe(self.settle(group)).catch_unwind().await {
            self.shared.metrics.failed.increment(1);
            let panic = panics::message(panic.as_ref());
            error!(lane = self.shared.name, key = ?self.key, size, panic, "settling a group panicked");
        }
    }

    async fn settle(&self, group: Vec<Waiting<S::Command, S::Outcome>>) {
        let size = group.len();
        let figures = &self.shared.metrics;
        let started = metrics::now();
        let (commands, answers): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|waiting| {
                figures.wait.record(started.duration_since(waiting.since));
                (waiting.command, waiting.answer)
            })
            .unzip();
        #[expect(clippy::cast_precision_loss, reason = "a group is far smaller than 2^52")]
        figures.group_size.record(size as f64);
        let outcomes = self.shared.settle.settle(&self.key, commands).await;
        figures.settle.record(started.elapsed());
        if outcomes.len() != size {
            // Nobody knows whose outcome is missing: dropping the answers tells every caller that the group failed.
            figures.failed.increment(1);
            let outcomes = outcomes.len();
            error!(lane = self.shared.name, key = ?self.key, size, outcomes, "a group got a wrong number of outcomes");
            return;
        }
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // A caller that went away has no use for the outcome; what was settled stands.
            drop(answer.send(outcome));
        }
    }
}

impl<K: Clone + Eq + Hash, S: Settle<K>> Shared<K, S> {
    fn note(&self, retired: &Retired) {
        match retired {
            Retired::Runner => {}
            Retired::Lane => self.metrics.live.decrement(1),
            Retired::LastLane => {
                self.metrics.live.decrement(1);
                self.emptied.notify_waiters();
            }
        }
    }
}

impl<K, S> Drop for Runner<K, S>
where
    K: Clone + Eq + Hash,
    S: Settle<K>,
{
    fn drop(&mut self) {
        if !self.retired {
            let retired = self.shared.queues.abandon(&self.key);
            self.shared.note(&retired);
        }
    }
}
