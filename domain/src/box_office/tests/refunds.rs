use uuid::Uuid;

use super::store::{HOLD_SECONDS, Store, amount, at, customer, performance};
use crate::box_office::{Outcome, RefundRefusal};
use crate::ids::ReservationId;
use crate::money::Amount;
use crate::performance::SalesStatus;
use crate::points::{EntryKind, LedgerAccount};
use crate::reservation::ReservationState;
use crate::seat::SeatState;

#[test]
fn a_refund_frees_the_seats_and_gives_the_points_back() {
    let mut store = Store::new();
    let (payment, paid) = store.paid(customer(0), &[1, 2], at(0));
    let command = store.refund(customer(0), paid.id);
    let Ok(Outcome::Refunded(refund, refunded)) = store.run(performance(0), &command, at(1)) else {
        panic!("not refunded")
    };
    assert_eq!((refund.payment, refund.amount, refund.balance), (payment.id, amount(350), amount(350)));
    assert_eq!(refunded.state, ReservationState::Refunded { payment: payment.id, at: at(1) });
    assert_eq!([store.seat(1), store.seat(2)], [SeatState::Free; 2]);
    let entry = store.entries.last().unwrap();
    assert_eq!((entry.kind, entry.signed_amount()), (EntryKind::Refund, 350));
    assert_eq!((entry.debit, entry.credit), (LedgerAccount::Sales, LedgerAccount::Customer(customer(0))));
    assert_eq!((entry.references.refund, entry.references.payment), (Some(refund.id), Some(payment.id)));
}

#[test]
fn a_free_ticket_is_refunded_without_an_entry() {
    let mut store = Store::new();
    let (_, paid) = store.paid(customer(0), &[0], at(0));
    let command = store.refund(customer(0), paid.id);
    assert!(store.run(performance(0), &command, at(1)).is_ok());
    assert_eq!((store.entries.len(), store.refunds.len()), (0, 1));
    assert_eq!(store.seat(0), SeatState::Free);
}

#[test]
fn only_what_is_paid_is_refunded_and_only_once() {
    let mut store = Store::new();
    let held = store.held(customer(0), &[1], at(0));
    let command = store.refund(customer(0), held.id);
    assert_eq!(store.refused(&command, at(1)), RefundRefusal::NotRefundable.into());
    let (_, paid) = store.paid(customer(1), &[2], at(0));
    let first = store.refund(customer(1), paid.id);
    store.run(performance(0), &first, at(1)).unwrap();
    let second = store.refund(customer(1), paid.id);
    assert_eq!(store.refused(&second, at(1)), RefundRefusal::NotRefundable.into());
}

#[test]
fn refunds_end_at_their_date_unless_the_performance_is_cancelled() {
    let mut store = Store::new();
    let (_, paid) = store.paid(customer(0), &[1], at(0));
    let command = store.refund(customer(0), paid.id);
    assert_eq!(store.refused(&command, at(120)), RefundRefusal::NotRefundable.into());
    store.terms().status = SalesStatus::Cancelled;
    assert!(store.run(performance(0), &command, at(120)).is_ok());
}

#[test]
fn anothers_reservation_is_unknown() {
    let mut store = Store::new();
    let (_, paid) = store.paid(customer(0), &[1], at(0));
    for (who, what) in [(customer(1), paid.id), (customer(0), ReservationId(Uuid::nil()))] {
        let command = store.refund(who, what);
        assert_eq!(store.refused(&command, at(1)), RefundRefusal::Unknown.into());
    }
}

#[test]
fn a_balance_never_passes_what_an_amount_can_be() {
    let mut store = Store::new();
    let (_, paid) = store.paid(customer(0), &[1], at(0));
    store.balances.insert(customer(0), Amount::MAX);
    let command = store.refund(customer(0), paid.id);
    assert_eq!(store.refused(&command, at(1)), RefundRefusal::BalanceTooLarge.into());
}

#[test]
fn a_refund_that_was_committed_before_is_answered_from_its_row() {
    let mut store = Store::new();
    let (_, paid) = store.paid(customer(0), &[1], at(0));
    let command = store.refund(customer(0), paid.id);
    let first = store.run(performance(0), &command, at(1)).unwrap();
    assert_eq!(store.unchanged(&command, at(500)), first);
}

#[test]
fn a_refunded_seat_can_be_sold_to_somebody_else() {
    let mut store = Store::new();
    let (_, paid) = store.paid(customer(0), &[1], at(0));
    let command = store.refund(customer(0), paid.id);
    store.run(performance(0), &command, at(1)).unwrap();
    let (_, next) = store.paid(customer(1), &[1], at(HOLD_SECONDS));
    assert_eq!(store.seat(1), SeatState::Sold { to: next.id });
}
