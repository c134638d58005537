use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use uuid::Uuid;

use super::audit::violations;
use super::store::{
    MAX_HOLDS, MAX_SEATS, SEATS, Store, TICKETS, at, category, customer, expire, performance, release, standing,
};
use crate::box_office::{Command, Hold, HoldRefusal, Outcome, Refusal, Released, Wanted};
use crate::ids::{AccountId, PerformanceId, ReservationId};
use crate::performance::SalesStatus;
use crate::reservation::{Reservation, ReservationState};
use crate::seat::SeatNo;

/// Time passes in quarters of a second, so that things often happen at the very end of a hold; a replica's clock may be
/// one behind.
const TICK: TimeDelta = TimeDelta::milliseconds(250);
/// The length of a hold, in ticks.
const HOLD_TICKS: i32 = 40;

/// Something that happens in a random sale.
#[derive(Clone, Debug)]
enum Step {
    Wait { ticks: i32 },
    Charge { who: u128, points: i64 },
    Terms { which: u128, status: SalesStatus, max_seats: u32 },
    Resize { which: u128, capacity: u32 },
    Group { which: u128, clock_behind: bool, asks: Vec<Ask> },
    Again { sent: Index },
}

/// Something that somebody asks for.
#[derive(Clone, Debug)]
enum Ask {
    Hold { who: u128, seats: BTreeSet<SeatNo> },
    Tickets { who: u128, quantity: u32 },
    Best { who: u128, of: u128, quantity: u32 },
    Release { of: Recent },
    Expire { of: Recent },
    Pay { of: Recent },
    Refund { of: Recent },
}

/// One of the latest reservations, and perhaps not by its own customer.
#[derive(Clone, Debug)]
struct Recent {
    index: Index,
    stranger: bool,
}

fn recent() -> impl Strategy<Value = Recent> {
    (any::<Index>(), prop::bool::weighted(0.05)).prop_map(|(index, stranger)| Recent { index, stranger })
}

fn asks() -> impl Strategy<Value = Ask> {
    // The fourth customer has no account and the last seat does not exist.
    let who = prop_oneof![30 => 0..3_u128, 1 => Just(3)];
    let seat = prop_oneof![30 => 0..SEATS, 1 => Just(SEATS)];
    prop_oneof![
        4 => (who.clone(), 1..=MAX_SEATS).prop_map(|(who, quantity)| Ask::Tickets { who, quantity }),
        4 => (who.clone(), 0..4_u128, 1..=2_u32).prop_map(|(who, of, quantity)| Ask::Best { who, of, quantity }),
        5 => (who, btree_set(seat, 1..=4)).prop_map(|(who, seats)| Ask::Hold { who, seats }),
        1 => recent().prop_map(|of| Ask::Release { of }),
        2 => recent().prop_map(|of| Ask::Expire { of }),
        4 => recent().prop_map(|of| Ask::Pay { of }),
        2 => recent().prop_map(|of| Ask::Refund { of }),
    ]
}

fn terms() -> impl Strategy<Value = Step> {
    let status = prop_oneof![
        4 => Just(SalesStatus::Scheduled),
        1 => Just(SalesStatus::Paused),
        1 => Just(SalesStatus::Cancelled),
    ];
    (0..2_u128, status, 1..=MAX_SEATS + 1).prop_map(|(which, status, max_seats)| Step::Terms {
        which,
        status,
        max_seats,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let group = |(which, clock_behind, asks)| Step::Group { which, clock_behind, asks };
    prop_oneof![
        2 => select(vec![1, HOLD_TICKS - 1, HOLD_TICKS]).prop_map(|ticks| Step::Wait { ticks }),
        2 => (1..24).prop_map(|ticks| Step::Wait { ticks }),
        4 => (0..4_u128, 0..800_i64).prop_map(|(who, points)| Step::Charge { who, points }),
        1 => terms(),
        1 => (0..2_u128, 0..=TICKETS + 2).prop_map(|(which, capacity)| Step::Resize { which, capacity }),
        12 => (0..2_u128, any::<bool>(), vec(asks(), 1..8)).prop_map(group),
        2 => any::<Index>().prop_map(|sent| Step::Again { sent }),
    ]
}

/// A sale under way.
struct Sale {
    store: Store,
    now: DateTime<Utc>,
    /// Commands that created or ended something, with what they were told.
    sent: Vec<(PerformanceId, Command, Outcome)>,
    reservations: [Vec<ReservationId>; 2],
}

impl Sale {
    fn new() -> Self {
        Self { store: Store::new(), now: at(-2), sent: Vec::new(), reservations: [Vec::new(), Vec::new()] }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Wait { ticks } => self.now += TICK * ticks,
            Step::Charge { who, points } => {
                let charged = self.store.charge(customer(who), points, self.now);
                assert_eq!(charged.is_ok(), who < 3 && points > 0);
            }
            Step::Terms { which, status, max_seats } => {
                let terms = self.store.performances.get_mut(&performance(which)).unwrap();
                terms.max_seats_per_customer = max_seats;
                if terms.status != SalesStatus::Cancelled {
                    terms.status = status;
                }
            }
            Step::Resize { which, capacity } => {
                let allotment = self.store.allotments.get_mut(&(performance(which), standing())).unwrap();
                let resized = allotment.resize(capacity);
                assert_eq!(resized.is_ok(), allotment.taken <= capacity);
                *allotment = resized.unwrap_or(*allotment);
            }
            Step::Group { which, clock_behind, asks } => {
                let commands: Vec<_> = asks.into_iter().map(|ask| self.command(which, ask)).collect();
                let now = if clock_behind { self.now - TICK } else { self.now };
                self.group(performance(which), &commands, now);
            }
            Step::Again { sent } if !self.sent.is_empty() => {
                let (which, command, told) = sent.get(&self.sent).clone();
                self.again(which, &command, &told);
            }
            Step::Again { .. } => {}
        }
        assert_eq!(violations(&self.store, self.now), Vec::<String>::new());
    }

    /// Runs `commands` one after another and as one group, and proves that both are the same.
    fn group(&mut self, which: PerformanceId, commands: &[Command], now: DateTime<Utc>) {
        let mut single = self.store.clone();
        let mut expected = Vec::new();
        for command in commands {
            let before = single.clone();
            let answer = single.run(which, command, now);
            match &answer {
                Ok(outcome) => {
                    self.check(&before, &single, outcome, now);
                    let after = single.clone();
                    assert_eq!(single.run(which, command, now).as_ref(), Ok(outcome), "a replay answers the same");
                    assert_eq!(single, after, "a replay changes nothing");
                    self.remember(which, command, outcome);
                }
                Err(refusal) => {
                    assert_eq!(single, before, "a refusal changes nothing");
                    assert_true(&single, which, command, refusal, now);
                }
            }
            expected.push(answer);
        }
        assert_eq!(self.store.run_group(which, commands, now), expected);
        assert_eq!(self.store, single);
        for (command, _) in commands.iter().zip(&expected).filter(|(_, answer)| answer.is_ok()) {
            assert!(self.store.run(which, command, now).is_ok());
            assert_eq!(self.store, single, "a replay after its group changes nothing");
        }
    }

    /// Checks what one command did: everything an audit asks for, legal transitions, and the limits of a hold.
    fn check(&self, before: &Store, after: &Store, outcome: &Outcome, now: DateTime<Utc>) {
        assert_eq!(violations(after, self.now), Vec::<String>::new());
        for (id, old) in &before.reservations {
            assert_legal(old, &after.reservations[id]);
        }
        if let Outcome::Held(reservation) = outcome
            && !before.reservations.contains_key(&reservation.id)
        {
            assert_within_limits(after, reservation, now);
        }
    }

    fn remember(&mut self, which: PerformanceId, command: &Command, outcome: &Outcome) {
        if !matches!(outcome, Outcome::Released(Released::NotDue { .. })) {
            self.sent.push((which, command.clone(), outcome.clone()));
        }
    }

    /// Sends an old command again, however much has happened since.
    fn again(&mut self, which: PerformanceId, command: &Command, told: &Outcome) {
        let before = self.store.clone();
        let answer = self.store.run(which, command, self.now).expect("what has happened is never refused");
        assert_eq!(self.store, before);
        match (told, &answer) {
            (Outcome::Held(old), Outcome::Held(new)) => assert_same_hold(old, new),
            (Outcome::Released(Released::Ended(old)), Outcome::Released(Released::Ended(new))) => {
                assert_same_hold(old, new);
            }
            (Outcome::Paid(old, _), Outcome::Paid(new, _)) => assert_eq!(old, new),
            (Outcome::Refunded(old, _), Outcome::Refunded(new, _)) => assert_eq!(old, new),
            _ => panic!("told {told:?}, then {answer:?}"),
        }
    }

    fn command(&mut self, which: u128, ask: Ask) -> Command {
        let known = usize::try_from(which).unwrap();
        let command = match ask {
            Ask::Hold { who, seats } => Command::Hold(self.store.hold(customer(who), seats)),
            Ask::Tickets { who, quantity } => Command::Hold(self.store.hold_tickets(customer(who), quantity)),
            Ask::Best { who, of, quantity } => {
                Command::Hold(self.store.hold_best(customer(who), category(of), quantity))
            }
            Ask::Release { of } => {
                let (who, what) = self.find(known, &of);
                release(who, what)
            }
            Ask::Expire { of } => expire(self.find(known, &of).1),
            Ask::Pay { of } => {
                let (who, what) = self.find(known, &of);
                self.store.pay(who, what)
            }
            Ask::Refund { of } => {
                let (who, what) = self.find(known, &of);
                self.store.refund(who, what)
            }
        };
        if let Command::Hold(hold) = &command {
            self.reservations[known].push(hold.reservation);
        }
        command
    }

    /// One of the last five reservations that were asked for, whether or not they came to be.
    fn find(&self, known: usize, of: &Recent) -> (AccountId, ReservationId) {
        let all = &self.reservations[known];
        let latest = &all[all.len().saturating_sub(5)..];
        if latest.is_empty() {
            return (customer(0), ReservationId(Uuid::nil()));
        }
        let id = *of.index.get(latest);
        let owner = self.store.reservations.get(&id).map_or(customer(0), |reservation| reservation.customer);
        let stranger = if owner == customer(0) { customer(1) } else { customer(0) };
        (if of.stranger { stranger } else { owner }, id)
    }
}

/// `held` → `paid` → `refunded`, or `expired`, `cancelled`; everything else about a reservation is fixed.
fn assert_legal(old: &Reservation, new: &Reservation) {
    use ReservationState::{Cancelled, Expired, Held, Paid, Refunded};
    let legal = match (old.state, new.state) {
        (Held, Paid { .. } | Expired | Cancelled) => true,
        (Paid { payment, .. }, Refunded { payment: refunded, .. }) => payment == refunded,
        (old, new) => old == new,
    };
    assert!(legal, "{old:?} became {new:?}");
    assert_same_hold(old, new);
}

fn assert_same_hold(old: &Reservation, new: &Reservation) {
    assert_eq!(old, &Reservation { state: old.state, ..new.clone() });
}

/// Counts from the tables, not from what the decision was given.
fn assert_within_limits(store: &Store, hold: &Reservation, now: DateTime<Utc>) {
    let own = || store.reservations.values().filter(|known| known.customer == hold.customer);
    let holds = own().filter(|known| known.is_live_hold(now)).count();
    assert!(holds <= MAX_HOLDS as usize, "{holds} live holds");
    let counts = |known: &&Reservation| {
        known.performance == hold.performance
            && (known.is_live_hold(now) || matches!(known.state, ReservationState::Paid { .. }))
    };
    let seats: usize = own().filter(counts).map(|known| known.items.len()).sum();
    let limit = store.performances[&hold.performance].max_seats_per_customer as usize;
    assert!(seats <= limit, "{seats} seats, at most {limit} allowed");
}

/// A seat that a refusal names is really somebody's, and nothing is sold out while live holds and payments leave enough.
fn assert_true(store: &Store, which: PerformanceId, command: &Command, refusal: &Refusal, now: DateTime<Utc>) {
    let stands = |known: &&Reservation| {
        known.performance == which && (known.is_live_hold(now) || matches!(known.state, ReservationState::Paid { .. }))
    };
    let standing_now = || store.reservations.values().filter(stands);
    match (command, refusal) {
        (_, Refusal::Hold(HoldRefusal::SeatsTaken { conflicts })) => {
            let taken: BTreeSet<_> = standing_now().flat_map(Reservation::seats).collect();
            assert!(conflicts.iter().all(|no| taken.contains(no)), "{conflicts:?} are not all taken");
        }
        (Command::Hold(hold), Refusal::Hold(HoldRefusal::NoAdjacentSeats { largest })) => {
            assert!((1..hold.wanted.quantity()).contains(largest), "{largest} were enough");
        }
        (
            Command::Hold(Hold { wanted: Wanted::BestAvailable { category, .. }, .. }),
            Refusal::Hold(HoldRefusal::SoldOut),
        ) => {
            let taken: BTreeSet<_> = standing_now().flat_map(Reservation::seats).collect();
            let mut wanted = store.seats.iter().filter(|((of, _), seat)| *of == which && seat.category == *category);
            assert!(wanted.all(|((_, no), _)| taken.contains(no)), "a seat is free");
        }
        (Command::Hold(hold), Refusal::Hold(HoldRefusal::SoldOut)) => {
            let tickets = |known: &Reservation| known.items.iter().filter(|item| item.seat.is_none()).count();
            let taken: usize = standing_now().map(tickets).sum();
            let capacity = store.allotments[&(which, standing())].capacity as usize;
            assert!(taken + hold.wanted.quantity() as usize > capacity, "{taken} of {capacity} are taken");
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn whatever_happens_in_a_sale_its_audit_stays_clean(steps in vec(steps(), 1..50)) {
        let mut sale = Sale::new();
        for step in steps {
            sale.take(step);
        }
    }
}
