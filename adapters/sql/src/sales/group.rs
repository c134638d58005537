//! Commands on one performance, settled together.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_application::ports::{Bus, BusMessage, Context, Done, StepError};
use onsale_domain::box_office::{Changes, Limits, decide};
use onsale_domain::ids::PerformanceId;
use onsale_support::lanes::Settle;

use super::announcement::{self, Reservations};
use super::changes;
use super::command::{self, SaleAnswer, SaleCommand};
use super::commit::commit;
use super::facts::{self, Loaded};
use super::idempotency::Recall;
use super::performance::{PlacesMemory, Version, lock_version, write_version};
use crate::database::{Database, SqlError, Transaction};
use crate::settling::{self, Failure, Run, Transact};

/// Settles the commands of any performance.
pub(super) struct SaleSettler {
    pub(super) database: Database,
    pub(super) context: Context,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) limits: Limits,
    pub(super) places: PlacesMemory,
}

impl Settle<PerformanceId> for SaleSettler {
    type Command = SaleCommand;
    type Outcome = SaleAnswer;

    async fn settle(&self, performance: &PerformanceId, group: Vec<SaleCommand>) -> Vec<SaleAnswer> {
        settling::settle(&Sale { settler: self, performance: *performance }, &group).await
    }
}

/// The commands of one performance.
struct Sale<'a> {
    settler: &'a SaleSettler,
    performance: PerformanceId,
}

impl Transact for Sale<'_> {
    type Command = SaleCommand;
    type Answer = SaleAnswer;

    const NAME: &'static str = "sale";

    async fn transact(&self, commands: &[SaleCommand], run: Run) -> Result<Vec<SaleAnswer>, Failure> {
        let SaleSettler { database, context, limits, places, .. } = self.settler;
        let mut transaction = database.begin().await?;
        let Some(version) = lock_version(&mut transaction, self.performance).await? else {
            return unknown(transaction, commands).await;
        };
        let Some(terms) = places.load_terms(&mut transaction, self.performance).await? else {
            return unknown(transaction, commands).await;
        };
        let loaded = facts::load(&mut transaction, &terms, *limits, commands, run, context.now()).await?;
        let existing = loaded.facts.reservations.clone();
        let now = context.now(); // once nobody else can come in between
        let decided = decide_all(loaded, commands, now)?;
        let version = Version { number: version.number + 1, ..version };
        if decided.changes.is_empty() {
            transaction.rollback().await?;
        } else {
            changes::write(&mut transaction, &terms, &decided.changes, &existing).await?;
            if decided.changes.touches_availability() {
                write_version(&mut transaction, self.performance, version).await?;
            }
            decided.requests.write(&mut transaction, now).await?;
            commit(transaction, Self::NAME).await?;
        }
        self.announce(version, &decided.changes, &existing, run);
        Ok(decided.answers)
    }

    fn failed(&self, command: &SaleCommand, failure: &Failure) -> SaleAnswer {
        Err(command::failed(command.name.as_ref(), failure))
    }
}

/// The answers when there is no such performance.
async fn unknown(transaction: Transaction, commands: &[SaleCommand]) -> Result<Vec<SaleAnswer>, Failure> {
    transaction.rollback().await?;
    Ok(commands.iter().map(SaleCommand::unknown_performance).collect())
}

impl Sale<'_> {
    /// Tells everybody who keeps a copy of what is free.
    fn announce(&self, version: Version, changes: &Changes, before: &Reservations, run: Run) {
        let publish = |delta| self.settler.bus.publish(BusMessage::Seats(Arc::new(delta)));
        if run.may_have_committed {
            // What that run changed is not known here. No performance has the epoch 0, so copies are made anew.
            publish(announcement::unknown(self.performance));
        }
        if changes.touches_availability() {
            publish(announcement::of(self.performance, version, changes, before));
        }
    }
}

/// What a group comes to.
struct Decided {
    answers: Vec<SaleAnswer>,
    changes: Changes,
    requests: super::idempotency::Requests,
}

/// Decides the commands in their order, each seeing what those before it changed.
fn decide_all(loaded: Loaded, commands: &[SaleCommand], now: DateTime<Utc>) -> Result<Decided, SqlError> {
    let Loaded { mut facts, mut requests, admissions } = loaded;
    facts.ended = admissions.ended(now);
    let mut changes = Changes::default();
    let mut answers = Vec::with_capacity(commands.len());
    for command in commands {
        let answer = match command.recall(&requests)? {
            Recall::Answered(outcome) => Ok(Done { replayed: !command.made(&outcome), value: outcome }),
            Recall::Reused => Err(StepError::IdempotencyKeyReused),
            Recall::Unknown => {
                decide(&facts, &command.command, now).map_err(StepError::Refused).map(|(value, change)| {
                    facts.apply(&change);
                    changes.merge(change);
                    Done { value, replayed: false }
                })
            }
        };
        if let Ok(Done { value, replayed: false }) = &answer {
            command.remember(&mut requests, value)?;
        }
        answers.push(answer);
    }
    Ok(Decided { answers, changes, requests })
}
