use uuid::Uuid;

use super::store::{HOLD_SECONDS, Store, amount, at, customer, expire, performance, release};
use crate::box_office::{Outcome, PayRefusal};
use crate::ids::ReservationId;
use crate::money::Amount;
use crate::performance::SalesStatus;
use crate::points::{EntryKind, LedgerAccount};
use crate::reservation::ReservationState;
use crate::seat::SeatState;

#[test]
fn paying_sells_the_seats_and_moves_the_points() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[1, 2], at(0));
    store.charge(customer(0), 1_000, at(0)).unwrap();
    let command = store.pay(customer(0), held.id);
    let Ok(Outcome::Paid(payment, paid)) = store.run(performance(0), &command, at(1)) else { panic!("not paid") };
    assert_eq!((payment.amount, payment.discount, payment.balance), (amount(350), Amount::ZERO, amount(650)));
    assert_eq!(paid.state, ReservationState::Paid { payment: payment.id, at: at(1) });
    assert_eq!([store.seat(1), store.seat(2)], [SeatState::Sold { to: held.id }; 2]);
    let entry = store.entries.last().unwrap();
    assert_eq!((entry.kind, entry.signed_amount()), (EntryKind::Payment, -350));
    assert_eq!((entry.debit, entry.credit), (LedgerAccount::Customer(customer(0)), LedgerAccount::Sales));
    assert_eq!(entry.references.performance, Some(performance(0)));
}

#[test]
fn a_free_ticket_is_paid_without_an_entry() {
    let mut store = Store::new();
    let (payment, _) = store.paid(customer(0), &[0], at(0));
    assert_eq!((payment.amount, store.entries.len(), store.payments.len()), (Amount::ZERO, 0, 1));
    assert_eq!(store.seat(0), SeatState::Sold { to: payment.reservation });
}

#[test]
fn a_payment_at_the_end_of_the_hold_is_too_late_and_moves_nothing() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[0], at(0));
    let command = store.pay(customer(0), held.id);
    assert_eq!(store.refused(&command, at(HOLD_SECONDS)), PayRefusal::HoldExpired.into());
    store.run(performance(0), &expire(held.id), at(HOLD_SECONDS)).unwrap();
    assert_eq!(store.refused(&command, at(HOLD_SECONDS)), PayRefusal::HoldExpired.into());
}

#[test]
fn a_slow_clock_does_not_sell_a_seat_that_names_another_hold() {
    let mut store = Store::new();
    let late = store.held(customer(0), &[0, 3], at(0));
    store.held(customer(1), &[3], at(HOLD_SECONDS));
    let command = store.pay(customer(0), late.id);
    assert_eq!(store.refused(&command, at(HOLD_SECONDS - 1)), PayRefusal::HoldExpired.into());
}

#[test]
fn points_that_are_missing_are_counted() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[1, 2], at(0));
    store.charge(customer(0), 340, at(0)).unwrap();
    let command = store.pay(customer(0), held.id);
    let refusal = store.refused(&command, at(1));
    assert_eq!(refusal, PayRefusal::InsufficientPoints { missing: amount(10) }.into());
    assert_eq!(refusal.to_string(), "10 points are missing");
}

#[test]
fn what_is_paid_is_not_paid_again() {
    let mut store = Store::new();
    let (_, paid) = store.paid(customer(0), &[1], at(0));
    let command = store.pay(customer(0), paid.id);
    assert_eq!(store.refused(&command, at(1)), PayRefusal::AlreadyPaid.into());
}

#[test]
fn what_was_given_back_is_not_paid() {
    let mut store = Store::new();
    let cancelled = store.held(customer(0), &[0], at(0));
    store.run(performance(0), &release(customer(0), cancelled.id), at(0)).unwrap();
    let (_, refunded) = store.paid(customer(0), &[1], at(0));
    let refund = store.refund(customer(0), refunded.id);
    store.run(performance(0), &refund, at(0)).unwrap();
    for id in [cancelled.id, refunded.id] {
        let command = store.pay(customer(0), id);
        assert_eq!(store.refused(&command, at(1)), PayRefusal::GivenBack.into());
    }
}

#[test]
fn anothers_reservation_is_unknown() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[0], at(0));
    for (who, what) in [(customer(1), held.id), (customer(0), ReservationId(Uuid::nil()))] {
        let command = store.pay(who, what);
        assert_eq!(store.refused(&command, at(1)), PayRefusal::Unknown.into());
    }
}

#[test]
fn a_paused_performance_takes_payments_and_a_cancelled_one_does_not() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[0], at(0));
    let command = store.pay(customer(0), held.id);
    store.terms().status = SalesStatus::Cancelled;
    assert_eq!(store.refused(&command, at(1)), PayRefusal::PerformanceCancelled.into());
    store.terms().status = SalesStatus::Paused;
    assert!(store.run(performance(0), &command, at(1)).is_ok());
}

#[test]
fn a_hold_from_before_the_end_of_sales_is_paid_after_it() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[0], at(89));
    let command = store.pay(customer(0), held.id);
    assert!(store.run(performance(0), &command, at(91)).is_ok());
}

#[test]
fn a_payment_that_was_committed_before_is_answered_from_its_row() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[0], at(0));
    let command = store.pay(customer(0), held.id);
    let first = store.run(performance(0), &command, at(1)).unwrap();
    assert_eq!(store.unchanged(&command, at(500)), first);
}
