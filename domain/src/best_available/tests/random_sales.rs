use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::reference::Reference;
use super::{SOLD, at, category, held_until, plan, seat};
use crate::best_available::{BlockPlan, FreeSeats};
use crate::plan::{PlanSeat, Point};
use crate::seat::{SeatNo, SeatState};

/// Something that happens in a random sale.
#[derive(Clone, Debug)]
enum Step {
    /// A seat gets another state.
    Set { seat: Index, becomes: Becomes },
    /// A customer asks for a block, and perhaps takes it.
    Best { seconds: i64, category: u16, quantity: u32, takes: Option<Becomes> },
}

/// A seat's next state; a hold ends so many seconds after the last question.
#[derive(Clone, Copy, Debug)]
enum Becomes {
    Free,
    Held { seconds: i64 },
    Sold,
}

impl Becomes {
    fn state(self, now: i64) -> SeatState {
        match self {
            Self::Free => SeatState::Free,
            Self::Held { seconds } => held_until(now + seconds),
            Self::Sold => SOLD,
        }
    }
}

/// A row: its label, the direction in which its seats stand, and of each seat its category and distance from the last.
type RandomRow = (u8, (i16, i16), Vec<(u16, i16)>);

fn rows() -> impl Strategy<Value = Vec<RandomRow>> {
    let seat =
        (prop_oneof![12 => Just(0), 2 => Just(1), 1 => Just(2_u16)], select(vec![0, 2, 2, 2, 2, 2, 2, 3, 4, 5_i16]));
    let direction = select(vec![(1, 0), (0, -1), (3, 4), (-2, 1), (0, 0)]);
    vec((0..3_u8, direction, vec(seat, 0..=12)), 0..6)
}

fn seats() -> impl Strategy<Value = Vec<PlanSeat>> {
    let seats = vec(rows(), 1..=3).prop_map(|zones| {
        let mut seats = Vec::new();
        for (zone, rows) in (0..).zip(zones) {
            for (y, (label, (across, down), row)) in (0..).zip(rows) {
                let mut position = Point { x: 0.0, y: f64::from(y) };
                for (category, gap) in row {
                    position = position + Point { x: f64::from(across * gap), y: f64::from(down * gap) };
                    seats.push(seat(zone, &label.to_string(), category, position));
                }
            }
        }
        seats
    });
    seats.prop_filter("a plan needs a seat", |seats| !seats.is_empty())
}

fn becomes() -> impl Strategy<Value = Becomes> {
    let held = (-3..12_i64).prop_map(|seconds| Becomes::Held { seconds });
    prop_oneof![2 => Just(Becomes::Free), 3 => held, 3 => Just(Becomes::Sold)]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let set = (any::<Index>(), becomes()).prop_map(|(seat, becomes)| Step::Set { seat, becomes });
    let quantity = prop_oneof![8 => 1..=4_u32, 2 => 5..=13_u32, 1 => Just(0), 1 => Just(99)];
    let category = prop_oneof![8 => Just(0), 3 => Just(1), 1 => 2..=3_u16];
    let best = (-3..6_i64, category, quantity, prop::option::of(becomes()))
        .prop_map(|(seconds, category, quantity, takes)| Step::Best { seconds, category, quantity, takes });
    vec(prop_oneof![set, best], 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_best_block_is_the_best_of_all_blocks(
        seats in seats(),
        taken in vec((any::<Index>(), becomes()), 0..20),
        steps in steps(),
    ) {
        let plan = plan(seats);
        let no = |index: Index| SeatNo::try_from(index.index(plan.seats.len())).unwrap();
        let taken: Vec<_> = taken.into_iter().map(|(index, becomes)| (no(index), becomes.state(0))).collect();
        let mut seats = FreeSeats::new(Arc::new(BlockPlan::new(&plan)), taken.iter().copied());
        let mut reference = Reference::new(plan.clone());
        for (no, state) in taken {
            reference.set(no, state);
        }
        let mut now = 0;
        for step in steps {
            let changes = match step {
                Step::Set { seat, becomes } => vec![(no(seat), becomes.state(now))],
                Step::Best { seconds, category: wanted, quantity, takes } => {
                    now += seconds;
                    let best = seats.best(category(wanted), quantity, at(now));
                    prop_assert_eq!(&best, &reference.best(category(wanted), quantity, at(now)));
                    let block = best.unwrap_or_default();
                    let take = |takes: Becomes| block.iter().map(move |no| (*no, takes.state(now))).collect();
                    takes.map(take).unwrap_or_default()
                }
            };
            for (no, state) in changes {
                seats.set(no, state);
                reference.set(no, state);
            }
        }
    }
}
