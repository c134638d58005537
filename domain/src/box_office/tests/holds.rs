use uuid::Uuid;

use super::store::{HOLD_SECONDS, MAX_HOLDS, MAX_SEATS, Store, amount, at, customer, performance};
use crate::box_office::{Command, HoldRefusal, Outcome, Refusal};
use crate::ids::AccountId;
use crate::performance::SalesStatus;
use crate::reservation::ReservationState;
use crate::seat::SeatState;

fn refusal(store: &mut Store, who: AccountId, seats: &[u32], seconds: i64) -> Refusal {
    let command = Command::Hold(store.hold(who, seats.iter().copied()));
    store.refused(&command, at(seconds))
}

#[test]
fn a_hold_takes_every_seat_until_its_end_at_todays_prices() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[1, 2], at(5));
    assert_eq!(held.state, ReservationState::Held);
    assert_eq!((held.created_at, held.held_until), (at(5), at(5 + HOLD_SECONDS)));
    assert_eq!(held.items.iter().map(|item| item.price.units()).collect::<Vec<_>>(), [100, 250]);
    assert_eq!(held.amount, amount(350));
    for no in [1, 2] {
        assert_eq!(store.seat(no), SeatState::Held { by: held.id, until: held.held_until });
    }
    assert_eq!(store.seat(0), SeatState::Free);
}

#[test]
fn a_price_stays_what_it_was_when_the_seats_were_held() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[1], at(0));
    store.terms().categories[1].price = amount(999);
    store.charge(customer(0), 100, at(1)).unwrap();
    let command = store.pay(customer(0), held.id);
    let paid = store.run(performance(0), &command, at(1));
    assert!(matches!(paid, Ok(Outcome::Paid(payment, _)) if payment.amount == amount(100)));
}

#[test]
fn every_conflict_is_named_and_nothing_is_held() {
    let mut store = Store::new();
    store.held(customer(0), &[1], at(0));
    store.paid(customer(1), &[3], at(0));
    let refusal = refusal(&mut store, customer(2), &[0, 1, 3], 1);
    assert_eq!(refusal, HoldRefusal::SeatsTaken { conflicts: vec![1, 3] }.into());
    assert_eq!(refusal.to_string(), "2 of the seats are taken");
}

#[test]
fn a_held_seat_is_free_from_the_end_of_its_hold_on_though_nothing_has_tidied_it() {
    let mut store = Store::new();
    let first = store.held(customer(0), &[1], at(0));
    let early = refusal(&mut store, customer(1), &[1], HOLD_SECONDS - 1);
    assert_eq!(early, HoldRefusal::SeatsTaken { conflicts: vec![1] }.into());
    let second = store.held(customer(1), &[1], at(HOLD_SECONDS));
    assert_eq!(store.seat(1), SeatState::Held { by: second.id, until: second.held_until });
    assert_eq!(store.reservations[&first.id].state, ReservationState::Held);
}

#[test]
fn seats_that_do_not_exist_are_named() {
    let mut store = Store::new();
    let refusal = refusal(&mut store, customer(0), &[1, 77, 78], 0);
    assert_eq!(refusal, HoldRefusal::UnknownSeats { seats: vec![77, 78] }.into());
    assert_eq!(refusal.to_string(), "the performance has no seat 77");
}

#[test]
fn nothing_is_held_outside_the_sale() {
    let mut store = Store::new();
    for seconds in [-1, 90, 500] {
        assert_eq!(refusal(&mut store, customer(0), &[1], seconds), HoldRefusal::NotOnSale.into(), "{seconds}");
    }
    for status in [SalesStatus::Preparing, SalesStatus::Paused, SalesStatus::Cancelled] {
        store.terms().status = status;
        assert_eq!(refusal(&mut store, customer(0), &[1], 1), HoldRefusal::NotOnSale.into(), "{status:?}");
    }
    store.terms().status = SalesStatus::Scheduled;
    store.held(customer(0), &[1], at(89));
}

#[test]
fn a_customer_has_at_most_so_many_seats_of_a_performance() {
    let mut store = Store::new();
    store.paid(customer(0), &[0, 1], at(0));
    let refusal = refusal(&mut store, customer(0), &[2, 3], 1);
    assert_eq!(refusal, HoldRefusal::TooManySeats { limit: MAX_SEATS }.into());
    store.held(customer(0), &[2], at(1));
}

#[test]
fn seats_of_ended_holds_and_refunded_payments_do_not_count() {
    let mut store = Store::new();
    store.held(customer(0), &[0, 1, 2], at(0));
    let (_, paid) = store.paid(customer(0), &[3, 4, 5], at(HOLD_SECONDS));
    let command = store.refund(customer(0), paid.id);
    store.run(performance(0), &command, at(HOLD_SECONDS)).unwrap();
    store.held(customer(0), &[0, 1, 2], at(HOLD_SECONDS));
}

#[test]
fn a_customer_has_at_most_so_many_live_holds_over_all_performances() {
    let mut store = Store::new();
    let elsewhere = Command::Hold(store.hold(customer(0), [0]));
    store.run(performance(1), &elsewhere, at(0)).unwrap();
    store.held(customer(0), &[0], at(1));
    let full = refusal(&mut store, customer(0), &[1], 9);
    assert_eq!(full, HoldRefusal::TooManyHolds { limit: MAX_HOLDS }.into());
    store.held(customer(0), &[1], at(HOLD_SECONDS));
}

#[test]
fn a_customer_without_an_account_holds_nothing() {
    let refusal = refusal(&mut Store::new(), AccountId(Uuid::nil()), &[1], 0);
    assert_eq!(refusal, HoldRefusal::UnknownCustomer.into());
}

#[test]
fn a_hold_that_was_committed_before_is_answered_from_its_row() {
    let mut store = Store::new();
    let command = Command::Hold(store.hold(customer(0), [1]));
    let first = store.run(performance(0), &command, at(0)).unwrap();
    store.terms().status = SalesStatus::Paused;
    assert_eq!(store.unchanged(&command, at(500)), first);
}

#[test]
fn a_later_command_of_a_group_sees_what_an_earlier_one_changed() {
    let mut store = Store::new();
    let commands = [0, 1].map(|index| Command::Hold(store.hold(customer(index), [1, 2])));
    let answers = store.run_group(performance(0), &commands, at(0));
    assert!(matches!(&answers[0], Ok(Outcome::Held(_))));
    assert_eq!(answers[1], Err(HoldRefusal::SeatsTaken { conflicts: vec![1, 2] }.into()));
}
