use uuid::Uuid;

use super::store::{HOLD_SECONDS, Store, at, customer, expire, performance, release};
use crate::box_office::{Outcome, ReleaseRefusal, Released};
use crate::ids::ReservationId;
use crate::reservation::{Reservation, ReservationState};
use crate::seat::SeatState;

fn ended(outcome: Outcome) -> Reservation {
    match outcome {
        Outcome::Released(Released::Ended(reservation)) => reservation,
        other => panic!("not ended: {other:?}"),
    }
}

#[test]
fn a_hold_that_is_given_back_frees_its_seats() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[1, 2], at(0));
    let outcome = store.run(performance(0), &release(customer(0), held.id), at(1)).unwrap();
    assert_eq!(ended(outcome).state, ReservationState::Cancelled);
    assert_eq!([store.seat(1), store.seat(2)], [SeatState::Free; 2]);
}

#[test]
fn giving_a_hold_back_after_its_end_finds_it_expired() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[1], at(0));
    let outcome = store.run(performance(0), &release(customer(0), held.id), at(HOLD_SECONDS)).unwrap();
    assert_eq!(ended(outcome).state, ReservationState::Expired);
    assert_eq!(store.seat(1), SeatState::Free);
}

#[test]
fn giving_back_again_changes_nothing() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[1], at(0));
    let command = release(customer(0), held.id);
    let first = store.run(performance(0), &command, at(1)).unwrap();
    assert_eq!(store.unchanged(&command, at(500)), first);
}

#[test]
fn a_paid_reservation_is_not_given_back() {
    let mut store = Store::new();
    let (_, paid) = store.paid(customer(0), &[1], at(0));
    let refusal = store.refused(&release(customer(0), paid.id), at(1));
    assert_eq!(refusal, ReleaseRefusal::AlreadyPaid.into());
}

#[test]
fn anothers_hold_is_unknown() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[1], at(0));
    let nothing = ReservationId(Uuid::nil());
    for command in [release(customer(1), held.id), release(customer(0), nothing), expire(nothing)] {
        assert_eq!(store.refused(&command, at(1)), ReleaseRefusal::Unknown.into(), "{command:?}");
    }
}

#[test]
fn an_early_tidying_says_when_the_hold_is_due() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[1], at(0));
    let outcome = store.unchanged(&expire(held.id), at(HOLD_SECONDS - 1));
    assert_eq!(outcome, Outcome::Released(Released::NotDue { held_until: held.held_until }));
}

#[test]
fn a_hold_is_tidied_from_its_end_on() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[1], at(0));
    let outcome = store.run(performance(0), &expire(held.id), at(HOLD_SECONDS)).unwrap();
    assert_eq!(ended(outcome).state, ReservationState::Expired);
    assert_eq!(store.seat(1), SeatState::Free);
    assert_eq!(ended(store.unchanged(&expire(held.id), at(500))).state, ReservationState::Expired);
}

#[test]
fn tidying_a_paid_reservation_leaves_it_paid() {
    let mut store = Store::new();
    let (_, paid) = store.paid(customer(0), &[1], at(0));
    assert_eq!(ended(store.unchanged(&expire(paid.id), at(500))), paid);
}

#[test]
fn tidying_leaves_alone_a_seat_that_somebody_took_meanwhile() {
    let mut store = Store::new();
    let late = store.held(customer(0), &[1, 2], at(0));
    let next = store.held(customer(1), &[2], at(HOLD_SECONDS));
    store.run(performance(0), &expire(late.id), at(HOLD_SECONDS)).unwrap();
    assert_eq!(store.seat(1), SeatState::Free);
    assert_eq!(store.seat(2), SeatState::Held { by: next.id, until: next.held_until });
}
