//! Commands on one performance, settled together.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_application::ports::{Bus, BusMessage, Context, Done, StepError};
use onsale_domain::best_available::FreeSeats;
use onsale_domain::box_office::{Changes, Limits, decide};
use onsale_domain::ids::PerformanceId;
use onsale_domain::seat::SeatNo;
use onsale_support::lanes::Settle;

use super::announcement::{self, Reservations};
use super::changes;
use super::command::{self, SaleAnswer, SaleCommand};
use super::commit::commit;
use super::facts::{self, Loaded};
use super::free_seats::{self, FreeSeatsMemory};
use super::idempotency::Recall;
use super::performance::{PlacesMemory, Terms, Version, lock_version, write_version};
use super::seats;
use crate::database::{Database, SqlError, Transaction};
use crate::settling::{self, Failure, Run, Transact};

/// Settles the commands of any performance.
pub(super) struct SaleSettler {
    pub(super) database: Database,
    pub(super) context: Context,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) limits: Limits,
    pub(super) places: PlacesMemory,
    pub(super) free_seats: FreeSeatsMemory,
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
        let SaleSettler { database, context, limits, places, free_seats, .. } = self.settler;
        let wants_best = commands.iter().any(SaleCommand::wants_best);
        let blocks = if wants_best { free_seats.blocks(database, self.performance).await? } else { None };
        let mut transaction = database.begin().await?;
        let Some(version) = lock_version(&mut transaction, self.performance).await? else {
            return unknown(transaction, commands).await;
        };
        let Some(terms) = places.load_terms(&mut transaction, self.performance).await? else {
            return unknown(transaction, commands).await;
        };
        let mut loaded = facts::load(&mut transaction, &terms, *limits, commands, run, context.now()).await?;
        let existing = loaded.facts.reservations.clone();
        let mut copy = free_seats.take(self.performance, version);
        let mut is_fresh = false;
        if let (None, Some(blocks)) = (&copy, blocks) {
            copy = Some(free_seats::read(&mut transaction, self.performance, blocks).await?);
            is_fresh = true;
        }
        loaded.facts.know_free_seats(copy);
        let now = context.now(); // once nobody else can come in between
        let mut decided = decide_all(loaded, commands, now)?;
        let mut version = version;
        if decided.changes.touches_availability() {
            version.number += 1;
        }
        if decided.changes.is_empty() {
            transaction.rollback().await?;
        } else {
            self.compare_chosen(&mut transaction, &terms, &decided, is_fresh, now).await?;
            changes::write(&mut transaction, &terms, &decided.changes, &existing).await?;
            if decided.changes.touches_availability() {
                write_version(&mut transaction, self.performance, version).await?;
            }
            decided.requests.write(&mut transaction, now).await?;
            commit(transaction, Self::NAME).await?;
        }
        if let Some(free) = decided.free.take() {
            free_seats.put(self.performance, version, free);
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
    /// Locks the seats that were chosen and makes sure that they are what this process remembered of them. They always are
    /// as long as everything that changes a seat raises the version; if something does not, no seat is sold twice for it.
    async fn compare_chosen(
        &self,
        transaction: &mut Transaction,
        terms: &Terms,
        decided: &Decided,
        is_fresh: bool,
        now: DateTime<Utc>,
    ) -> Result<(), SqlError> {
        if decided.chosen.is_empty() {
            return Ok(());
        }
        let rows = seats::lock(transaction, self.performance, &terms.places, decided.chosen.clone()).await?;
        let taken = rows.iter().filter(|row| !row.is_free(now)).map(|row| row.no).collect::<Vec<_>>();
        if taken.is_empty() && rows.len() == decided.chosen.len() {
            return Ok(());
        }
        let (found, chosen) = (rows.len(), decided.chosen.len());
        let said = format!("of {chosen} chosen seats {found} are there, and {taken:?} are taken");
        // what was read in this very transaction would be read again
        Err(if is_fresh { SqlError::Row(said) } else { SqlError::OutOfDate(said) })
    }

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
    /// Who has which seat by now, if it was known.
    free: Option<FreeSeats>,
    /// The seats that were chosen for customers, without anybody having read their rows.
    chosen: Vec<SeatNo>,
}

/// Decides the commands in their order, each seeing what those before it changed.
fn decide_all(loaded: Loaded, commands: &[SaleCommand], now: DateTime<Utc>) -> Result<Decided, SqlError> {
    let Loaded { mut facts, mut requests, admissions } = loaded;
    facts.ended = admissions.ended(now);
    let read: Option<HashSet<SeatNo>> = facts.free.is_some().then(|| facts.seats.keys().copied().collect());
    let mut changes = Changes::default();
    let mut answers = Vec::with_capacity(commands.len());
    for command in commands {
        let answer = match command.recall(&requests)? {
            Recall::Answered(outcome) => Ok(Done { replayed: !command.made(&outcome), value: outcome }),
            Recall::Reused => Err(StepError::IdempotencyKeyReused),
            Recall::Unknown => {
                decide(&mut facts, &command.command, now).map_err(StepError::Refused).map(|(value, change)| {
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
    let was_chosen = |no: &&SeatNo| read.as_ref().is_some_and(|read| !read.contains(*no));
    let chosen = changes.seats.keys().filter(was_chosen).copied().collect();
    Ok(Decided { answers, changes, requests, free: facts.free, chosen })
}
