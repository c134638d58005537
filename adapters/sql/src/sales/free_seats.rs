//! What groups remember of who has which seat, so that the best free ones are found without reading all of them each time.
//!
//! A copy belongs to one version of its performance. A group uses it only when the version row, locked by the group, still
//! has that version, and brings it to the next one; whatever another replica changed in between raises the version, and the
//! seats are read anew. The seats that are chosen are locked and compared before anything is written.

use std::collections::HashMap;
use std::sync::Arc;

use onsale_domain::best_available::{BlockPlan, FreeSeats};
use onsale_domain::ids::{PerformanceId, SeatingPlanId};
use onsale_domain::seat::{SeatNo, SeatState};
use parking_lot::Mutex;

use super::codes;
use super::performance::Version;
use crate::catalogue::load_plan;
use crate::database::{Database, Row, SqlError, Statement, Transaction};

/// Performances of which copies are kept, a few megabytes each for 50,000 seats; beyond that, the one that was used
/// longest ago is read anew.
const PERFORMANCES: usize = 32;

/// The blocks of performances' plans, and copies of who has which seat.
#[derive(Default)]
pub(super) struct FreeSeatsMemory(Mutex<Known>);

#[derive(Default)]
struct Known {
    performances: HashMap<PerformanceId, Remembered>,
    uses: u64,
}

struct Remembered {
    plan: SeatingPlanId,
    blocks: Arc<BlockPlan>,
    copy: Option<(Version, FreeSeats)>,
    used: u64,
}

impl FreeSeatsMemory {
    /// Makes sure that the blocks of a performance's plan are known. Reading a large plan takes a moment, so it is done
    /// before anything is locked.
    pub(super) async fn prepare(&self, database: &Database, id: PerformanceId) -> Result<(), SqlError> {
        if self.0.lock().performances.contains_key(&id) {
            return Ok(());
        }
        let statement = Statement::new("SELECT plan_id FROM performances WHERE performance_id = ?").bind(id);
        let row = database.fetch_optional(statement).await?;
        let Some(plan) = row.map(|row| row.get::<Option<SeatingPlanId>>(0)).transpose()?.flatten() else {
            return Ok(()); // there are no seats
        };
        let known = self.0.lock().blocks_of(plan);
        let blocks = match known {
            Some(blocks) => blocks,
            None => match load_plan(database, plan).await? {
                Some(plan) => Arc::new(BlockPlan::new(&plan)),
                None => return Ok(()),
            },
        };
        self.0.lock().remember(id, plan, blocks);
        Ok(())
    }

    /// Takes the copy out that belongs to `version`; any other is dropped.
    pub(super) fn take(&self, id: PerformanceId, version: Version) -> Option<FreeSeats> {
        let (known, copy) = self.0.lock().performances.get_mut(&id)?.copy.take()?;
        (known == version).then_some(copy)
    }

    /// Puts a copy back that belongs to `version` by now.
    pub(super) fn put(&self, id: PerformanceId, version: Version, copy: FreeSeats) {
        let mut known = self.0.lock();
        known.uses += 1;
        let used = known.uses;
        if let Some(remembered) = known.performances.get_mut(&id) {
            let is_newer = |(there, _): &(Version, _)| there.epoch == version.epoch && there.number > version.number;
            if !remembered.copy.as_ref().is_some_and(is_newer) {
                remembered.copy = Some((version, copy));
            }
            remembered.used = used;
        }
    }

    /// Reads who has which seat; nothing when the performance has no seats.
    pub(super) async fn read(
        &self,
        transaction: &mut Transaction,
        id: PerformanceId,
    ) -> Result<Option<FreeSeats>, SqlError> {
        let blocks = self.0.lock().performances.get(&id).map(|remembered| Arc::clone(&remembered.blocks));
        let Some(blocks) = blocks else { return Ok(None) };
        let text = "SELECT seat_no, state, reservation_id, held_until FROM seats \
                    WHERE performance_id = ? AND state <> 0";
        let rows = transaction.fetch_all(Statement::new(text).bind(id)).await?;
        let seat = |row: &Row| Ok((row.get(0)?, codes::seat_state(row, 1)?));
        let taken = rows.iter().map(seat).collect::<Result<Vec<(SeatNo, SeatState)>, SqlError>>()?;
        Ok(Some(FreeSeats::new(blocks, taken)))
    }
}

impl Known {
    fn blocks_of(&self, plan: SeatingPlanId) -> Option<Arc<BlockPlan>> {
        let same = self.performances.values().find(|remembered| remembered.plan == plan)?;
        Some(Arc::clone(&same.blocks))
    }

    fn remember(&mut self, id: PerformanceId, plan: SeatingPlanId, blocks: Arc<BlockPlan>) {
        if self.performances.len() >= PERFORMANCES {
            let oldest = self.performances.iter().min_by_key(|(_, remembered)| remembered.used).map(|(id, _)| *id);
            oldest.and_then(|id| self.performances.remove(&id));
        }
        self.uses += 1;
        let remembered = Remembered { plan, blocks, copy: None, used: self.uses };
        self.performances.entry(id).or_insert(remembered);
    }
}
