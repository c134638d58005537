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
    /// The blocks of a performance's plan; nothing when it has no seats. Reading a large plan takes a moment, so it is done
    /// before anything is locked.
    pub(super) async fn blocks(
        &self,
        database: &Database,
        id: PerformanceId,
    ) -> Result<Option<Arc<BlockPlan>>, SqlError> {
        let known = self.0.lock().use_of(id).map(|remembered| Arc::clone(&remembered.blocks));
        if known.is_some() {
            return Ok(known);
        }
        let statement = Statement::new("SELECT plan_id FROM performances WHERE performance_id = ?").bind(id);
        let row = database.fetch_optional(statement).await?;
        let Some(plan) = row.map(|row| row.get::<Option<SeatingPlanId>>(0)).transpose()?.flatten() else {
            return Ok(None);
        };
        let known = self.0.lock().blocks_of(plan);
        let blocks = match known {
            Some(blocks) => blocks,
            None => match load_plan(database, plan).await? {
                Some(plan) => Arc::new(BlockPlan::new(&plan)),
                None => return Ok(None),
            },
        };
        self.0.lock().remember(id, plan, Arc::clone(&blocks));
        Ok(Some(blocks))
    }

    /// Takes the copy out that belongs to `version`; any other is dropped.
    pub(super) fn take(&self, id: PerformanceId, version: Version) -> Option<FreeSeats> {
        let (known, copy) = self.0.lock().performances.get_mut(&id)?.copy.take()?;
        (known == version).then_some(copy)
    }

    /// Puts a copy back that belongs to `version` by now, unless its performance had to make room for another.
    pub(super) fn put(&self, id: PerformanceId, version: Version, copy: FreeSeats) {
        let mut known = self.0.lock();
        let Some(remembered) = known.use_of(id) else { return };
        let is_newer = |(there, _): &(Version, _)| there.epoch == version.epoch && there.number > version.number;
        if !remembered.copy.as_ref().is_some_and(is_newer) {
            remembered.copy = Some((version, copy));
        }
    }
}

/// Reads who has which seat.
pub(super) async fn read(
    transaction: &mut Transaction,
    id: PerformanceId,
    blocks: Arc<BlockPlan>,
) -> Result<FreeSeats, SqlError> {
    let text = "SELECT seat_no, state, reservation_id, held_until FROM seats WHERE performance_id = ? AND state <> 0";
    let rows = transaction.fetch_all(Statement::new(text).bind(id)).await?;
    let seat = |row: &Row| Ok((row.get(0)?, codes::seat_state(row, 1)?));
    let taken = rows.iter().map(seat).collect::<Result<Vec<(SeatNo, SeatState)>, SqlError>>()?;
    Ok(FreeSeats::new(blocks, taken))
}

impl Known {
    /// A performance that is used now.
    fn use_of(&mut self, id: PerformanceId) -> Option<&mut Remembered> {
        self.uses += 1;
        let remembered = self.performances.get_mut(&id)?;
        remembered.used = self.uses;
        Some(remembered)
    }

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

#[cfg(test)]
mod tests {
    use onsale_domain::plan::{SeatingPlan, Size};
    use uuid::Uuid;

    use super::*;

    fn blocks() -> Arc<BlockPlan> {
        Arc::new(BlockPlan::new(&SeatingPlan {
            id: SeatingPlanId(Uuid::nil()),
            name: "Hall".to_owned(),
            size: Size::default(),
            categories: Vec::new(),
            zones: Vec::new(),
            areas: Vec::new(),
            seats: Vec::new(),
        }))
    }

    fn performance(index: usize) -> PerformanceId {
        PerformanceId(Uuid::from_u128(index as u128))
    }

    const fn version(number: i64) -> Version {
        Version { epoch: 1, number }
    }

    /// Memory of as many performances as there is room for, each with a copy of version 1.
    fn full() -> FreeSeatsMemory {
        let (memory, blocks) = (FreeSeatsMemory::default(), blocks());
        for index in 0..PERFORMANCES {
            memory.0.lock().remember(performance(index), SeatingPlanId(Uuid::nil()), Arc::clone(&blocks));
            memory.put(performance(index), version(1), FreeSeats::new(Arc::clone(&blocks), []));
        }
        memory
    }

    #[test]
    fn the_performance_that_was_used_longest_ago_makes_room() {
        let memory = full();
        assert!(memory.0.lock().use_of(performance(0)).is_some());
        memory.0.lock().remember(performance(PERFORMANCES), SeatingPlanId(Uuid::nil()), blocks());
        assert!(memory.take(performance(1), version(1)).is_none());
        assert!(memory.take(performance(0), version(1)).is_some());
        memory.put(performance(1), version(2), FreeSeats::new(blocks(), []));
        assert!(memory.take(performance(1), version(2)).is_none(), "there is no room for it");
    }

    #[test]
    fn a_copy_is_of_one_version_and_no_older_one_takes_its_place() {
        let memory = full();
        let first = memory.take(performance(0), version(1)).unwrap();
        assert!(memory.take(performance(0), version(1)).is_none(), "a group has it");
        memory.put(performance(0), version(3), FreeSeats::new(blocks(), []));
        memory.put(performance(0), version(2), first);
        assert!(memory.take(performance(0), version(2)).is_none());
        assert!(memory.take(performance(0), version(3)).is_none(), "whoever asked for another version has dropped it");
        assert!(memory.take(performance(1), Version { epoch: 2, number: 1 }).is_none(), "a restored database");
    }
}
