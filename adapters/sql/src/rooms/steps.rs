//! The steps that are taken one at a time.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use onsale_application::ports::{CeilingError, EpochStart};
use onsale_domain::waiting_room::{
    EndReason, Healing, PickRefusal, QueueNumber, Tick, TickPlan, TickRefusal, Visit, VisitorId, decide_pick,
};

use super::desk::Step;
use super::locked::{LockedRoom, distinct};
use crate::database::{SqlError, Transaction};

/// The next visitors are let in.
impl Step for TickPlan {
    type Outcome = Result<Tick, TickRefusal>;

    async fn apply(&self, _transaction: &mut Transaction, room: &mut LockedRoom) -> Result<Self::Outcome, SqlError> {
        Ok(room.tick(self))
    }
}

/// Chosen visitors are let in.
pub(super) struct Pick<'a> {
    pub(super) chosen: &'a [(VisitorId, QueueNumber)],
}

impl Step for Pick<'_> {
    type Outcome = Result<Vec<Visit>, PickRefusal>;

    async fn apply(&self, transaction: &mut Transaction, room: &mut LockedRoom) -> Result<Self::Outcome, SqlError> {
        let numbers = distinct(self.chosen.iter().map(|(_, number)| *number));
        let visitors = distinct(self.chosen.iter().map(|(visitor, _)| visitor));
        room.load_visits(transaction, &numbers, &visitors).await?;
        room.load_blocks(transaction, &visitors).await?;
        Ok(self.pick(room))
    }
}

impl Pick<'_> {
    fn pick(&self, room: &mut LockedRoom) -> Result<Vec<Visit>, PickRefusal> {
        let admissible = self.admissible(room);
        let count = u32::try_from(admissible.len()).unwrap_or(u32::MAX);
        let mut progress = room.record.progress.clone();
        let tick = decide_pick(&mut progress, &room.record.room, count, room.now)?;
        if tick.present == 0 {
            return Ok(Vec::new());
        }
        let let_in = usize::try_from(tick.present).unwrap_or(0);
        let visits: Vec<Visit> = admissible.into_iter().take(let_in).map(|one| visit_of(&tick, one)).collect();
        room.record.progress = progress;
        room.ticks.add(tick);
        for visit in &visits {
            room.visits.put(visit.clone());
        }
        Ok(visits)
    }

    /// Those who wait: neither let in nor ended nor shut out, and not inside with another number.
    fn admissible(&self, room: &LockedRoom) -> Vec<&(VisitorId, QueueNumber)> {
        let (mut visitors, mut numbers) = (HashSet::new(), HashSet::new());
        let waits = |(visitor, number): &&(VisitorId, QueueNumber)| {
            *number > room.record.progress.serving
                && room.visits.get(*number).is_none()
                && !room.blocks.has(visitor)
                && !room.visits.is_inside_elsewhere(visitor, *number, room.now)
        };
        let waiting = self.chosen.iter().filter(waits);
        waiting.filter(|(visitor, number)| visitors.insert(visitor) && numbers.insert(number)).collect()
    }
}

fn visit_of(tick: &Tick, (visitor, number): &(VisitorId, QueueNumber)) -> Visit {
    Visit {
        number: *number,
        visitor: visitor.clone(),
        tick: tick.no,
        let_in_at: tick.at,
        claimed_at: None,
        expires_at: tick.expires_at,
        ended: None,
    }
}

/// A visitor is shut out, which ends a visit that is alive, or let back.
pub(super) struct Block<'a> {
    pub(super) visitor: &'a VisitorId,
    pub(super) blocked: bool,
}

impl Step for Block<'_> {
    type Outcome = ();

    async fn apply(&self, transaction: &mut Transaction, room: &mut LockedRoom) -> Result<(), SqlError> {
        room.load_blocks(transaction, &[self.visitor]).await?;
        room.blocks.set(self.visitor, self.blocked);
        if self.blocked {
            room.load_visits(transaction, &[], &[self.visitor]).await?;
            room.load_ticks(transaction, &[]).await?;
            let alive: Vec<QueueNumber> = room.visits.of(self.visitor).map(|visit| visit.number).collect();
            for number in alive {
                room.end(self.visitor, number, EndReason::Blocked);
            }
        }
        Ok(())
    }
}

/// Higher numbers may be handed out.
pub(super) struct RaiseCeiling {
    pub(super) epoch: i64,
    pub(super) to: QueueNumber,
}

impl Step for RaiseCeiling {
    type Outcome = Result<QueueNumber, CeilingError>;

    async fn apply(&self, _transaction: &mut Transaction, room: &mut LockedRoom) -> Result<Self::Outcome, SqlError> {
        let progress = &mut room.record.progress;
        if progress.epoch != self.epoch {
            return Ok(Err(CeilingError::Moved));
        }
        progress.ceiling = progress.ceiling.max(self.to);
        Ok(Ok(progress.ceiling))
    }
}

/// A line that was lost begins anew.
pub(super) struct BeginEpoch {
    pub(super) seen: i64,
    pub(super) healing_until: DateTime<Utc>,
}

impl Step for BeginEpoch {
    type Outcome = EpochStart;

    async fn apply(&self, _transaction: &mut Transaction, room: &mut LockedRoom) -> Result<EpochStart, SqlError> {
        // A line that began before the draw would hand out the numbers that are drawn, too.
        if !room.record.room.phase.has_line() {
            return Ok(EpochStart::NoLine);
        }
        let progress = &mut room.record.progress;
        if progress.epoch != self.seen {
            return Ok(EpochStart::Taken { epoch: progress.epoch });
        }
        let resumed_at = progress.ceiling;
        progress.epoch += 1;
        progress.healing = (resumed_at > 0).then_some(Healing { until: self.healing_until, resumed_at });
        Ok(EpochStart::Won { epoch: progress.epoch, resumed_at })
    }
}
