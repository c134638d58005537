use super::store::{
    HOLD_SECONDS, MAX_SEATS, Store, TICKET_PRICE, TICKETS, amount, at, category, customer, expire, performance,
    release, standing,
};
use crate::box_office::{Command, HoldRefusal, Outcome, Refusal, Wanted, decide};
use crate::ids::AccountId;
use crate::reservation::ReservationState;

fn refusal(store: &mut Store, who: AccountId, quantity: u32, seconds: i64) -> Refusal {
    let command = Command::Hold(store.hold_tickets(who, quantity));
    store.refused(&command, at(seconds))
}

#[test]
fn a_hold_takes_as_many_tickets_as_it_wants_at_todays_price() {
    let mut store = Store::new();
    let held = store.held_tickets(customer(0), 3, at(5));
    assert_eq!((held.state, held.held_until), (ReservationState::Held, at(5 + HOLD_SECONDS)));
    assert_eq!(held.amount, amount(3 * TICKET_PRICE));
    assert!(held.items.iter().all(|item| (item.category, item.seat) == (standing(), None)));
    assert_eq!(store.taken(), 3);
}

#[test]
fn all_or_none_are_taken() {
    let mut store = Store::new();
    store.held_tickets(customer(0), 3, at(0));
    assert_eq!(refusal(&mut store, customer(1), TICKETS - 2, 1), HoldRefusal::SoldOut.into());
    store.held_tickets(customer(1), TICKETS - 3, at(1));
    assert_eq!(store.taken(), TICKETS);
}

#[test]
fn the_tickets_of_an_ended_hold_are_free_at_once_and_the_hold_is_ended_with_them() {
    let mut store = Store::new();
    let first = store.held_tickets(customer(0), 3, at(0));
    assert_eq!(refusal(&mut store, customer(1), 3, HOLD_SECONDS - 1), HoldRefusal::SoldOut.into());
    store.held_tickets(customer(1), 3, at(HOLD_SECONDS));
    assert_eq!(store.reservations[&first.id].state, ReservationState::Expired);
    assert_eq!(store.taken(), 3);
}

#[test]
fn a_hold_is_not_ended_while_its_tickets_are_not_needed() {
    let mut store = Store::new();
    let first = store.held_tickets(customer(0), 3, at(0));
    store.held_tickets(customer(1), 2, at(HOLD_SECONDS));
    assert_eq!(store.reservations[&first.id].state, ReservationState::Held);
    assert_eq!(store.taken(), 5);
}

#[test]
fn nothing_is_given_back_twice() {
    let mut store = Store::new();
    let first = store.held_tickets(customer(0), 3, at(0));
    store.held_tickets(customer(1), 3, at(HOLD_SECONDS));
    store.unchanged(&expire(first.id), at(HOLD_SECONDS));
    store.unchanged(&release(customer(0), first.id), at(HOLD_SECONDS));
    assert_eq!(store.taken(), 3);
}

#[test]
fn tickets_are_paid_refunded_and_given_back_like_seats() {
    let mut store = Store::new();
    let held = store.held_tickets(customer(0), 2, at(0));
    store.charge(customer(0), 2 * TICKET_PRICE, at(0)).unwrap();
    let command = store.pay(customer(0), held.id);
    assert!(matches!(store.run(performance(0), &command, at(1)), Ok(Outcome::Paid(..))));
    assert_eq!(store.taken(), 2);
    let command = store.refund(customer(0), held.id);
    assert!(matches!(store.run(performance(0), &command, at(2)), Ok(Outcome::Refunded(..))));
    assert_eq!(store.taken(), 0);
    let held = store.held_tickets(customer(0), 1, at(3));
    assert!(matches!(store.run(performance(0), &release(customer(0), held.id), at(4)), Ok(Outcome::Released(_))));
    assert_eq!(store.taken(), 0);
}

/// A copy of what is free has them end with their hold until it hears otherwise.
#[test]
fn everybody_hears_that_tickets_are_paid() {
    let mut store = Store::new();
    let held = store.held_tickets(customer(0), 2, at(0));
    store.charge(customer(0), 2 * TICKET_PRICE, at(0)).unwrap();
    let command = store.pay(customer(0), held.id);
    let mut facts = store.load(performance(0), std::slice::from_ref(&command), at(1));
    let (_, changes) = decide(&mut facts, &command, at(1)).unwrap();
    assert!(changes.touches_availability());
    assert_eq!(changes.allotments, facts.allotments);
}

#[test]
fn seats_and_tickets_count_together() {
    let mut store = Store::new();
    store.held(customer(0), &[0, 1], at(0));
    let limit = MAX_SEATS;
    assert_eq!(refusal(&mut store, customer(0), 2, 1), HoldRefusal::TooManySeats { limit }.into());
    store.held_tickets(customer(0), 1, at(1));
}

#[test]
fn a_category_of_seats_has_no_tickets() {
    let mut store = Store::new();
    for wrong in [category(0), category(77)] {
        let mut hold = store.hold_tickets(customer(0), 1);
        let Wanted::Tickets { category, .. } = &mut hold.wanted else { panic!("tickets") };
        *category = wrong;
        let refused = store.refused(&Command::Hold(hold), at(0));
        assert_eq!(refused, HoldRefusal::UnknownCategory { category: wrong }.into());
    }
}
