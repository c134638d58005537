//! Running a group, or a single step, until it is settled.
//!
//! Failures of the moment (deadlock, lock timeout, lost connection) run the whole group again. Failures of the data
//! would come again, so they cut the group in two, until the command that is to blame fails alone.

use std::ops::Range;
use std::time::Duration;

use metrics::counter;
use onsale_application::ports::{StepError, Unavailable};
use onsale_support::lanes::LaneError;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, warn};

use crate::database::SqlError;

/// How long a group is tried: longer than the silence after which the server ends a vanished replica's locks.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long one run may take: longer than it waits for a connection and then for a lock, and above all not for ever
/// when the database falls silent with the connection open.
const RUN_LIMIT: Duration = Duration::from_secs(10);
/// The pauses before the next run grow from one to the other.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How often a single step is tried; each may wait for a lock.
const ATTEMPTS: u32 = 4;

/// Where in a transaction something failed, as far as that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// While the customers' accounts were being locked.
    Accounts,
    /// At the `COMMIT`.
    Commit,
    /// Anywhere else.
    Other,
}

/// A run that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: SqlError,
    pub(crate) stage: Stage,
}

impl Failure {
    /// A run that did not end in time. Nobody knows how far it came, so it may have been committed.
    fn late() -> Self {
        Self { error: SqlError::TimedOut { limit: RUN_LIMIT }, stage: Stage::Commit }
    }

    pub(crate) fn at(stage: Stage) -> impl FnOnce(SqlError) -> Self {
        move |error| Self { error, stage }
    }

    /// Whether the group may have been committed.
    fn may_have_committed(&self) -> bool {
        self.stage == Stage::Commit && self.error.is_connection_lost()
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self { error, stage: Stage::Other }
    }
}

/// What earlier runs mean for the next one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    /// Ask first which of the ids that the commands create exist, and answer those from the rows.
    pub(crate) look_first: bool,
    /// An earlier run may have been committed without anybody hearing of it.
    pub(crate) may_have_committed: bool,
}

/// A group in one transaction.
pub(crate) trait Transact: Sync {
    /// One caller's wish.
    type Command: Sync;
    /// One caller's answer.
    type Answer: Send;

    /// Its name in metrics and logs.
    const NAME: &'static str;

    /// Runs `commands` in one transaction and answers each.
    fn transact(
        &self,
        commands: &[Self::Command],
        run: Run,
    ) -> impl Future<Output = Result<Vec<Self::Answer>, Failure>> + Send;

    /// The answer to a command that could not be settled.
    fn failed(&self, command: &Self::Command, failure: &Failure) -> Self::Answer;
}

/// Settles `commands`, one answer each, in their order.
pub(crate) async fn settle<T: Transact>(group: &T, commands: &[T::Command]) -> Vec<T::Answer> {
    let mut answers = Vec::with_capacity(commands.len());
    let mut waiting = vec![(0..commands.len(), Run::default())];
    while let Some((range, run)) = waiting.pop() {
        match run_patiently(group, &commands[range.clone()], run).await {
            Ok(mut settled) => answers.append(&mut settled),
            Err(failure) if failure.error.is_of_the_data() && !run.look_first => {
                counter!("onsale_sql_group_reruns_total", "lane" => T::NAME, "reason" => "data").increment(1);
                waiting.push((range, Run { look_first: true, ..run }));
            }
            Err(failure) if failure.error.is_of_the_data() && range.len() > 1 => {
                warn!(lane = T::NAME, size = range.len(), error = %failure.error, "cutting a group in two");
                let (first, second) = halves(range);
                waiting.extend([(second, run), (first, run)]);
            }
            Err(failure) => {
                error!(lane = T::NAME, size = range.len(), error = %failure.error, "could not settle");
                answers.extend(commands[range].iter().map(|command| group.failed(command, &failure)));
            }
        }
    }
    answers
}

fn halves(range: Range<usize>) -> (Range<usize>, Range<usize>) {
    let middle = range.start + range.len() / 2;
    (range.start..middle, middle..range.end)
}

async fn run_patiently<T: Transact>(
    group: &T,
    commands: &[T::Command],
    mut run: Run,
) -> Result<Vec<T::Answer>, Failure> {
    let give_up_at = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    loop {
        let settled = timeout(RUN_LIMIT, group.transact(commands, run)).await;
        let failure = match settled.unwrap_or_else(|_| Err(Failure::late())) {
            Err(failure) if failure.error.is_transient() && Instant::now() < give_up_at => failure,
            settled => return settled,
        };
        let reason = reason(&failure.error);
        counter!("onsale_sql_group_reruns_total", "lane" => T::NAME, "reason" => reason).increment(1);
        warn!(lane = T::NAME, size = commands.len(), error = %failure.error, "running a group again");
        run = Run { look_first: true, may_have_committed: run.may_have_committed || failure.may_have_committed() };
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

const fn reason(error: &SqlError) -> &'static str {
    match error {
        SqlError::Deadlock(_) => "deadlock",
        SqlError::LockTimeout(_) => "lock_timeout",
        SqlError::TimedOut { .. } => "timed_out",
        SqlError::OutOfDate(_) => "out_of_date",
        _ => "connection",
    }
}

/// Runs a single step until it is settled, or has failed in a way that another attempt does not change. A run whose
/// `COMMIT` went unheard may have happened: the next one must find that out by itself.
pub(crate) async fn attempt<T, F>(mut step: impl FnMut() -> F) -> Result<T, SqlError>
where
    F: Future<Output = Result<T, SqlError>>,
{
    for _ in 1..ATTEMPTS {
        match step().await {
            Err(error) if error.is_transient() => warn!(%error, "running a step again"),
            settled => return settled,
        }
    }
    step().await
}

/// What a caller hears whose command a lane did not settle.
pub(crate) fn lane_error<R>(error: LaneError) -> StepError<R> {
    match error {
        LaneError::Full => StepError::Busy,
        LaneError::Closed | LaneError::Failed => StepError::Unavailable(Unavailable::because(error)),
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    /// A database that falls silent in the first run.
    #[derive(Default)]
    struct Silent(Mutex<Vec<Run>>);

    impl Transact for Silent {
        type Command = ();
        type Answer = bool;

        const NAME: &'static str = "silent";

        async fn transact(&self, commands: &[()], run: Run) -> Result<Vec<bool>, Failure> {
            let runs = {
                let mut runs = self.0.lock();
                runs.push(run);
                runs.len()
            };
            if runs == 1 {
                std::future::pending::<()>().await;
            }
            Ok(commands.iter().map(|()| true).collect())
        }

        fn failed(&self, (): &(), _failure: &Failure) -> bool {
            false
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_without_an_end_is_given_up_and_may_have_been_committed() {
        let silent = Silent::default();
        assert_eq!(settle(&silent, &[(), ()]).await, [true, true]);
        let runs: Vec<_> = silent.0.lock().iter().map(|run| (run.look_first, run.may_have_committed)).collect();
        assert_eq!(runs, [(false, false), (true, true)]);
    }
}
