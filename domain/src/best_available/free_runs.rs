use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::block::Block;
use super::block_plan::{BlockPlan, Row, Stretch};
use crate::seat::SeatNo;

/// The free seats of one category, as runs: free seats of one stretch with no other free seat beside them.
#[derive(Debug, Default)]
pub(super) struct FreeRuns {
    /// The end of each run, which is one after its last seat, by its first seat.
    ends: BTreeMap<SeatNo, SeatNo>,
    /// How many runs there are of each length.
    lengths: BTreeMap<u32, u32>,
    /// The best block of each run that is long enough, for each quantity that was ever asked for.
    blocks: BTreeMap<u32, BTreeSet<Block>>,
}

impl FreeRuns {
    /// Frees all seats of `stretch`, none of which may be free.
    pub(super) fn free_all(&mut self, stretch: &Stretch) {
        self.insert(stretch.seats.clone(), stretch.row);
    }

    /// Frees one seat of `stretch`, unless it is free.
    pub(super) fn free(&mut self, no: SeatNo, stretch: &Stretch) {
        if self.run_of(no).is_some() {
            return;
        }
        let beside = |run: &Range<SeatNo>| stretch.seats.contains(&run.start);
        let before = self.run_before(no).filter(|run| run.end == no).filter(beside);
        let after = self.ends.get(&(no + 1)).map(|end| no + 1..*end).filter(beside);
        let start = before.as_ref().map_or(no, |run| run.start);
        let end = after.as_ref().map_or(no + 1, |run| run.end);
        for run in [before, after].into_iter().flatten() {
            self.remove(&run, stretch.row);
        }
        self.insert(start..end, stretch.row);
    }

    /// Takes one seat of `stretch`, unless it is taken.
    pub(super) fn take(&mut self, no: SeatNo, stretch: &Stretch) {
        let Some(run) = self.run_of(no) else { return };
        self.remove(&run, stretch.row);
        for rest in [run.start..no, no + 1..run.end] {
            if !rest.is_empty() {
                self.insert(rest, stretch.row);
            }
        }
    }

    /// The first seat of the best block of `quantity` seats.
    pub(super) fn best(&mut self, quantity: u32, plan: &BlockPlan) -> Option<SeatNo> {
        let best_of =
            |(start, end): (&SeatNo, &SeatNo)| Block::best_of(&(*start..*end), plan.stretch(*start)?.row, quantity);
        let blocks = self.blocks.entry(quantity).or_insert_with(|| self.ends.iter().filter_map(best_of).collect());
        blocks.first().map(|block| block.first)
    }

    /// The length of the longest run; 0 when nothing is free.
    pub(super) fn longest(&self) -> u32 {
        self.lengths.last_key_value().map_or(0, |(length, _)| *length)
    }

    fn run_of(&self, no: SeatNo) -> Option<Range<SeatNo>> {
        self.run_before(no + 1).filter(|run| run.contains(&no))
    }

    /// The last run that starts before the seat.
    fn run_before(&self, no: SeatNo) -> Option<Range<SeatNo>> {
        self.ends.range(..no).next_back().map(|(start, end)| *start..*end)
    }

    fn insert(&mut self, run: Range<SeatNo>, row: Row) {
        let length = run.end - run.start;
        *self.lengths.entry(length).or_default() += 1;
        for (quantity, blocks) in self.blocks.range_mut(..=length) {
            blocks.extend(Block::best_of(&run, row, *quantity));
        }
        self.ends.insert(run.start, run.end);
    }

    fn remove(&mut self, run: &Range<SeatNo>, row: Row) {
        let length = run.end - run.start;
        if let Some(count) = self.lengths.get_mut(&length) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&length);
            }
        }
        for (quantity, blocks) in self.blocks.range_mut(..=length) {
            if let Some(block) = Block::best_of(run, row, *quantity) {
                blocks.remove(&block);
            }
        }
        self.ends.remove(&run.start);
    }
}
