//! A room under its lock: what was read of it, what was decided, and what is to be written.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use metrics::counter;
use onsale_application::ports::{Context, RoomRecord};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{
    ClaimRefusal, EndReason, QueueNumber, Tick, TickPlan, TickRefusal, Visit, VisitorId, decide_claim, decide_end,
    decide_tick, settle,
};

use super::blocks::{self, Blocks};
use super::room;
use super::ticks::{self, Ticks};
use super::visits::{self, Visits};
use crate::database::{SqlError, Transaction};
use crate::settling::{Failure, Stage};

/// A room under its lock.
pub(super) struct LockedRoom {
    pub(super) record: RoomRecord,
    pub(super) now: DateTime<Utc>,
    pub(super) ticks: Ticks,
    pub(super) visits: Visits,
    pub(super) blocks: Blocks,
    /// Whether rows were written that no copy of the room has, so that nobody needs to hear of it.
    pub(super) has_purged: bool,
    before: RoomRecord,
}

impl LockedRoom {
    /// Locks a room, and counts out whose time has passed.
    pub(super) async fn open(
        transaction: &mut Transaction,
        context: &Context,
        id: WaitingRoomId,
    ) -> Result<Option<Self>, SqlError> {
        let Some(record) = room::lock(transaction, id).await? else { return Ok(None) };
        let now = context.now(); // once nobody else can come in between
        let mut ticks = Ticks::default();
        ticks.keep(ticks::due(transaction, id, now).await?);
        let before = record.clone();
        let (visits, blocks) = (Visits::default(), Blocks::default());
        let mut room = Self { record, now, ticks, visits, blocks, has_purged: false, before };
        for tick in room.ticks.all_mut() {
            count(tick, now);
        }
        settle(&mut room.record.progress, room.ticks.all_mut(), now);
        Ok(Some(room))
    }

    /// Its identity.
    pub(super) const fn id(&self) -> WaitingRoomId {
        self.record.room.id
    }

    /// Reads what is known of `numbers`, in ascending order, and where `visitors` are inside.
    pub(super) async fn load_visits(
        &mut self,
        transaction: &mut Transaction,
        numbers: &[QueueNumber],
        visitors: &[&VisitorId],
    ) -> Result<(), SqlError> {
        self.visits.keep(visits::by_numbers(transaction, self.id(), numbers).await?);
        self.visits.keep(visits::going_on(transaction, self.id(), visitors, self.now).await?);
        Ok(())
    }

    /// Reads which of `visitors` are shut out.
    pub(super) async fn load_blocks(
        &mut self,
        transaction: &mut Transaction,
        visitors: &[&VisitorId],
    ) -> Result<(), SqlError> {
        self.blocks.keep(blocks::blocked(transaction, self.id(), visitors).await?);
        Ok(())
    }

    /// Reads the ticks of the visits that were read, and those that let in `numbers` of which nothing is known.
    pub(super) async fn load_ticks(
        &mut self,
        transaction: &mut Transaction,
        numbers: &[QueueNumber],
    ) -> Result<(), SqlError> {
        let nos: Vec<i64> = self.visits.ticks().into_iter().filter(|no| !self.ticks.has(*no)).collect();
        self.ticks.keep(ticks::by_nos(transaction, self.id(), &nos).await?);
        let serving = self.record.progress.serving;
        let unknown = |number: &&QueueNumber| **number <= serving && self.visits.get(**number).is_none();
        let unknown: Vec<QueueNumber> = numbers.iter().filter(unknown).copied().collect();
        self.ticks.keep(ticks::covering(transaction, self.id(), &unknown).await?);
        Ok(())
    }

    /// Lets the next visitors in.
    pub(super) fn tick(&mut self, plan: &TickPlan) -> Result<Tick, TickRefusal> {
        let tick = decide_tick(&mut self.record.progress, &self.record.room, plan, self.now)?;
        self.ticks.add(tick.clone());
        Ok(tick)
    }

    /// Uses a pass, whose facts have been read.
    pub(super) fn claim(&mut self, visitor: &VisitorId, number: QueueNumber) -> Result<Visit, ClaimRefusal> {
        if self.blocks.has(visitor) {
            return Err(ClaimRefusal::Blocked);
        }
        let known = self.visits.get(number).cloned();
        if known.as_ref().is_some_and(|visit| visit.visitor != *visitor) {
            return Err(ClaimRefusal::Expired);
        }
        let elsewhere = self.visits.is_inside_elsewhere(visitor, number, self.now);
        let tick = self.tick_of(number, known.as_ref());
        let tick = tick.and_then(|no| self.ticks.get_mut(no));
        let RoomRecord { room, progress, .. } = &mut self.record;
        // Numbers without a tick were let in so long ago that it was purged.
        let is_past = known.is_some() || number <= progress.serving;
        match decide_claim(progress, room, (visitor, number), (tick, known.as_ref(), elsewhere), self.now) {
            Ok(visit) => {
                if known.as_ref() != Some(&visit) {
                    self.visits.put(visit.clone());
                }
                Ok(visit)
            }
            Err(ClaimRefusal::NotLetIn) if is_past => Err(ClaimRefusal::Expired),
            Err(refusal) => Err(refusal),
        }
    }

    /// Ends a visit or a place, whose facts have been read.
    pub(super) fn end(&mut self, visitor: &VisitorId, number: QueueNumber, reason: EndReason) -> Option<Visit> {
        let known = self.visits.get(number).cloned();
        let tick = self.tick_of(number, known.as_ref());
        let is_purged = tick.is_none() && (known.is_some() || number <= self.record.progress.serving);
        if is_purged || known.as_ref().is_some_and(|visit| visit.visitor != *visitor) {
            return None;
        }
        let tick = tick.and_then(|no| self.ticks.get_mut(no));
        let progress = &mut self.record.progress;
        let visit = decide_end(progress, (visitor, number, reason), (tick, known.as_ref()), self.now)?;
        self.visits.put(visit.clone());
        Some(visit)
    }

    /// The tick of a visit, or the one that let its number in.
    fn tick_of(&self, number: QueueNumber, known: Option<&Visit>) -> Option<i64> {
        match known {
            Some(visit) => Some(visit.tick).filter(|no| self.ticks.has(*no)),
            None => self.ticks.covering(number),
        }
    }

    /// Writes what has changed, commits, and says the number of the change; nothing when nothing has changed.
    pub(super) async fn save(mut self, mut transaction: Transaction) -> Result<Option<i64>, Failure> {
        let (ticks, visits, blocks) = (self.ticks.changed(), self.visits.changed(), self.blocks.changed());
        let untouched = ticks.is_empty() && visits.is_empty() && blocks.is_empty();
        if untouched && self.record == self.before {
            if self.has_purged {
                transaction.commit().await.map_err(Failure::at(Stage::Commit))?;
            }
            return Ok(None); // what is dropped is rolled back
        }
        let (id, change) = (self.record.room.id, self.before.progress.change + 1);
        self.record.progress.change = change;
        if self.record.room != self.before.room || self.record.draw != self.before.draw {
            room::write_terms(&mut transaction, &self.record, self.now).await?;
        }
        ticks::write(&mut transaction, id, &ticks, change).await?;
        visits::write(&mut transaction, id, &visits, change).await?;
        blocks::write(&mut transaction, id, &blocks, change).await?;
        room::write_progress(&mut transaction, id, &self.record.progress).await?;
        transaction.commit().await.map_err(Failure::at(Stage::Commit))?;
        Ok(Some(change))
    }
}

/// Without repetition, in ascending order.
pub(super) fn distinct<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    items.into_iter().collect::<BTreeSet<T>>().into_iter().collect()
}

/// Counts who is about to be counted out of a tick. A run that is undone and repeated counts again: these are figures for
/// people, the rows are the truth.
fn count(tick: &Tick, now: DateTime<Utc>) {
    let count = |visitors: i64| u64::try_from(visitors).unwrap_or(0);
    let unclaimed = tick.unclaimed();
    if !tick.settled && tick.claim_until <= now {
        counter!("onsale_waiting_room_unclaimed_total").increment(count(unclaimed));
    }
    if !tick.expired && tick.expires_at <= now {
        counter!("onsale_waiting_room_expired_total").increment(count(tick.alive() - unclaimed));
    }
}
