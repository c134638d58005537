use std::collections::{BTreeSet, HashMap};
use std::ops::Bound::{Excluded, Included};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::free_runs::FreeRuns;
use super::{BlockPlan, NoBlock, QUANTITY_LIMIT};
use crate::ids::CategoryId;
use crate::seat::{SeatNo, SeatState};

/// Which seats of one performance are free.
///
/// It stands at a moment and shows what is free at that moment. Every hold is kept until its seat gets another state,
/// also when it has ended, so that it can be moved to an earlier moment as well as to a later one: clocks step back.
#[derive(Debug)]
pub struct FreeSeats {
    plan: Arc<BlockPlan>,
    /// The runs of free seats at `at`, by the index of their category.
    categories: Vec<FreeRuns>,
    at: DateTime<Utc>,
    /// When the hold of a seat ends or has ended.
    held_until: HashMap<SeatNo, DateTime<Utc>>,
    /// The same in the order of time.
    ends: BTreeSet<(DateTime<Utc>, SeatNo)>,
}

impl FreeSeats {
    /// The seats of `plan`, of which `taken` have these states and all others are free.
    #[must_use]
    pub fn new(plan: Arc<BlockPlan>, taken: impl IntoIterator<Item = (SeatNo, SeatState)>) -> Self {
        let mut categories: Vec<_> = (0..plan.categories()).map(|_| FreeRuns::default()).collect();
        for stretch in plan.stretches() {
            categories[usize::from(stretch.category)].free_all(stretch);
        }
        let at = DateTime::<Utc>::MIN_UTC;
        let mut seats = Self { plan, categories, at, held_until: HashMap::new(), ends: BTreeSet::new() };
        for (no, state) in taken {
            seats.set(no, state);
        }
        seats
    }

    /// Changes who has a seat; a number that the plan does not have changes nothing.
    pub fn set(&mut self, no: SeatNo, state: SeatState) {
        let before = match state {
            SeatState::Held { until, .. } => self.held_until.insert(no, until),
            SeatState::Free | SeatState::Sold { .. } => self.held_until.remove(&no),
        };
        if let Some(until) = before {
            self.ends.remove(&(until, no));
        }
        if let SeatState::Held { until, .. } = state {
            self.ends.insert((until, no));
        }
        self.show(no, state.is_free(self.at));
    }

    /// The seat numbers, ascending, of the best block of `quantity` seats of `category` that is free at `now`. It is not
    /// taken: whoever takes it says so with [`set`](Self::set).
    ///
    /// # Errors
    /// [`NoBlock`] when so many adjacent seats are not free, the plan has no such category, or `quantity` is not from 1
    /// to [`QUANTITY_LIMIT`].
    pub fn best(&mut self, category: CategoryId, quantity: u32, now: DateTime<Utc>) -> Result<Vec<SeatNo>, NoBlock> {
        self.move_to(now);
        let category = self.plan.category(category).ok_or(NoBlock { largest: 0 })?;
        let runs = &mut self.categories[category];
        let largest = runs.longest().min(QUANTITY_LIMIT);
        if !(1..=largest).contains(&quantity) {
            return Err(NoBlock { largest });
        }
        let first = runs.best(quantity, &self.plan).ok_or(NoBlock { largest })?;
        Ok((first..first + quantity).collect())
    }

    /// Only seats whose hold ends between the two moments are free at one of them and not at the other.
    fn move_to(&mut self, now: DateTime<Utc>) {
        let (from, to) = (self.at.min(now), self.at.max(now));
        if from == to {
            return;
        }
        let between = (Excluded((from, SeatNo::MAX)), Included((to, SeatNo::MAX)));
        let crossed: Vec<SeatNo> = self.ends.range(between).map(|(_, no)| *no).collect();
        for no in crossed {
            self.show(no, self.at < now);
        }
        self.at = now;
    }

    fn show(&mut self, no: SeatNo, free: bool) {
        let Some(stretch) = self.plan.stretch(no) else { return };
        let runs = &mut self.categories[usize::from(stretch.category)];
        if free { runs.free(no, stretch) } else { runs.take(no, stretch) }
    }
}
