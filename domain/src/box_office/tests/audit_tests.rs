use super::audit::violations;
use super::store::{Store, amount, at, customer, performance};
use crate::box_office::Outcome;
use crate::ids::PaymentId;
use crate::reservation::ReservationState;
use crate::seat::SeatState;

type Tampering = (&'static str, fn(&mut Store));

/// A store with something of everything in it.
fn busy() -> Store {
    let mut store = Store::new();
    store.held(customer(0), &[0, 1], at(1));
    store.held_tickets(customer(1), 1, at(1));
    store.paid(customer(1), &[4, 5], at(1));
    let (_, reservation) = store.paid(customer(2), &[2], at(1));
    let refund = store.refund(customer(2), reservation.id);
    assert!(matches!(store.run(performance(0), &refund, at(2)), Ok(Outcome::Refunded(..))));
    store
}

#[test]
fn an_honest_store_has_no_violation() {
    assert_eq!(violations(&busy(), at(3)), Vec::<String>::new());
}

#[test]
fn every_kind_of_tampering_is_noticed() {
    let tamperings: [Tampering; 11] = [
        ("a held seat is free", |store| seat(store, 0, SeatState::Free)),
        ("a sold seat is free", |store| seat(store, 4, SeatState::Free)),
        ("a free seat is sold to a refunded reservation", |store| {
            let refunded = store.refunds.values().next().unwrap().reservation;
            seat(store, 2, SeatState::Sold { to: refunded });
        }),
        ("a ticket is not counted", |store| {
            store.allotments.values_mut().for_each(|allotment| allotment.taken = 0);
        }),
        ("fewer tickets are there than are taken", |store| {
            store.allotments.values_mut().for_each(|allotment| allotment.capacity = 0);
        }),
        ("an amount is not its sum", |store| {
            store.reservations.values_mut().next().unwrap().amount = amount(1);
        }),
        ("a balance has no entry", |store| {
            store.balances.insert(customer(0), amount(1));
        }),
        ("an entry is missing", |store| {
            store.entries.pop();
        }),
        ("a payment is missing", |store| {
            store.payments.pop_first();
        }),
        ("a refund is missing", |store| {
            store.refunds.pop_first();
        }),
        ("a reservation says paid", |store| {
            let paid = ReservationState::Paid { payment: PaymentId(uuid::Uuid::nil()), at: at(1) };
            store.reservations.values_mut().next().unwrap().state = paid;
        }),
    ];
    for (what, tamper) in tamperings {
        let mut store = busy();
        tamper(&mut store);
        assert_ne!(violations(&store, at(3)), Vec::<String>::new(), "{what}");
    }
}

fn seat(store: &mut Store, no: u32, state: SeatState) {
    store.seats.get_mut(&(performance(0), no)).unwrap().state = state;
}
