use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::store::Store;
use crate::allotment::Allotment;
use crate::ids::AccountId;
use crate::money::Amount;
use crate::payment::Payment;
use crate::points::{EntryKind, LedgerAccount, LedgerEntry};
use crate::reservation::{Reservation, ReservationState};
use crate::seat::{Seat, SeatState};

/// Everything that an audit asks for and that is not true at `now`.
pub(super) fn violations(store: &Store, now: DateTime<Utc>) -> Vec<String> {
    let checks = [
        seats_name_their_reservation(store),
        reservations_have_their_seats(store, now),
        nothing_overlaps(store, now),
        allotments_are_what_reservations_took(store),
        amounts_are_sums(store),
        balances_are_sums(store),
        the_ledger_sums_to_zero(store),
        payments_have_entries(store),
        coupons_agree_with_payments(store),
        refunds_have_entries(store),
        charges_have_entries(store),
    ];
    checks.concat()
}

/// A seat is free, held by exactly one existing hold, or sold to exactly one paid reservation.
fn seats_name_their_reservation(store: &Store) -> Vec<String> {
    let well = |performance, seat: &Seat| {
        let named = |id| {
            let known = store.reservations.get(&id)?;
            (known.performance == performance && known.seats().any(|no| no == seat.no)).then_some(known)
        };
        match seat.state {
            SeatState::Free => true,
            SeatState::Held { by, until } => {
                named(by).is_some_and(|known| known.state == ReservationState::Held && known.held_until == until)
            }
            SeatState::Sold { to } => {
                named(to).is_some_and(|known| matches!(known.state, ReservationState::Paid { .. }))
            }
        }
    };
    let wrong = store.seats.iter().filter(|((performance, no), seat)| *no != seat.no || !well(*performance, seat));
    wrong.map(|(_, seat)| format!("{seat:?} names no reservation that has it")).collect()
}

/// A live hold holds all of its seats; a paid reservation owns all of its seats.
fn reservations_have_their_seats(store: &Store, now: DateTime<Utc>) -> Vec<String> {
    let seats = |known: &Reservation, has: &dyn Fn(&Seat) -> bool| {
        known.seats().all(|no| store.seats.get(&(known.performance, no)).is_some_and(has))
    };
    let well = |known: &&Reservation| match known.state {
        ReservationState::Held if known.is_live_hold(now) => seats(known, &|seat| seat.is_held_by(known.id)),
        ReservationState::Paid { .. } => seats(known, &|seat| seat.is_sold_to(known.id)),
        _ => true,
    };
    let wrong = store.reservations.values().filter(|known| !well(known));
    wrong.map(|known| format!("{known:?} and its seats disagree")).collect()
}

/// No two reservations that are live or paid share a seat.
fn nothing_overlaps(store: &Store, now: DateTime<Utc>) -> Vec<String> {
    let standing =
        |known: &&Reservation| known.is_live_hold(now) || matches!(known.state, ReservationState::Paid { .. });
    let taken = store.reservations.values().filter(standing);
    let mut seen = BTreeSet::new();
    let mut shared = Vec::new();
    for (known, no) in taken.flat_map(|known| known.seats().map(move |no| (known, no))) {
        if !seen.insert((known.performance, no)) {
            shared.push(format!("seat {no} of {} is taken twice", known.performance));
        }
    }
    shared
}

/// As many tickets are taken as reservations have, and no more than there are.
fn allotments_are_what_reservations_took(store: &Store) -> Vec<String> {
    let took = |(performance, category): &(_, _)| -> u32 {
        let stands =
            |known: &&Reservation| matches!(known.state, ReservationState::Held | ReservationState::Paid { .. });
        let here = store.reservations.values().filter(|known| known.performance == *performance).filter(stands);
        here.filter_map(|known| known.tickets().get(category).copied()).sum()
    };
    let well = |(place, known): &(&(_, _), &Allotment)| known.taken == took(place) && known.taken <= known.capacity;
    let wrong = store.allotments.iter().filter(|found| !well(found));
    wrong.map(|(place, known)| format!("{known:?} should have {} taken", took(place))).collect()
}

/// A reservation has items, each for a seat of its category or a ticket without one, and its amount is the sum of their prices.
fn amounts_are_sums(store: &Store) -> Vec<String> {
    let well = |known: &&Reservation| {
        let sum: i64 = known.items.iter().map(|item| item.price.units()).sum();
        let of_its_kind = known.items.iter().all(|item| match item.seat {
            Some(no) => store.seats[&(known.performance, no)].category == item.category,
            None => store.allotments.contains_key(&(known.performance, item.category)),
        });
        !known.items.is_empty() && sum == known.amount.units() && of_its_kind
    };
    let wrong = store.reservations.values().filter(|known| !well(known));
    wrong.map(|known| format!("{known:?} does not add up")).collect()
}

/// A customer's entries follow from one another, and the last one and their sum are the balance.
fn balances_are_sums(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    let mut sums: BTreeMap<AccountId, i64> = store.balances.keys().map(|customer| (*customer, 0)).collect();
    for entry in store.entries.iter().filter(|entry| entry.kind != EntryKind::Discount) {
        let sum = entry.customer().and_then(|customer| sums.get_mut(&customer));
        let Some(sum) = sum else {
            found.push(format!("{entry:?} is nobody's"));
            continue;
        };
        *sum += entry.signed_amount();
        if entry.balance_after.map(Amount::units) != Some(*sum) {
            found.push(format!("{entry:?} should leave {sum}"));
        }
    }
    let wrong = sums.iter().filter(|(customer, sum)| store.balances[*customer].units() != **sum);
    found.extend(wrong.map(|(customer, sum)| format!("the balance of {customer} should be {sum}")));
    found
}

/// All accounts together are zero, what tickets have earned is what is paid, and no entry moves nothing.
fn the_ledger_sums_to_zero(store: &Store) -> Vec<String> {
    let mut outside = 0;
    let mut sales = 0;
    let mut customers = 0;
    for entry in &store.entries {
        for (account, units) in [(entry.debit, -entry.amount.units()), (entry.credit, entry.amount.units())] {
            match account {
                LedgerAccount::Customer(_) => customers += units,
                LedgerAccount::Sales => sales += units,
                LedgerAccount::Outside | LedgerAccount::Promotion => outside += units,
            }
        }
    }
    let paid = |known: &&Reservation| matches!(known.state, ReservationState::Paid { .. });
    let earned: i64 = store.reservations.values().filter(paid).map(|known| known.amount.units()).sum();
    let balances: i64 = store.balances.values().map(|balance| balance.units()).sum();
    let mut found = Vec::new();
    if customers + sales + outside != 0 || customers != balances {
        found.push(format!("the ledger does not sum to zero: {customers} + {sales} + {outside}, balances {balances}"));
    }
    if sales != earned {
        found.push(format!("sales are {sales}, paid reservations {earned}"));
    }
    found.extend(store.entries.iter().filter(|entry| entry.amount == Amount::ZERO).map(|entry| format!("{entry:?}")));
    found
}

/// Each paid or refunded reservation has its payment of the same amount, and each payment that moved points its entry.
fn payments_have_entries(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    for payment in store.payments.values() {
        let paid = store.reservations.get(&payment.reservation);
        if !paid.is_some_and(|known| known.payment() == Some(payment.id) && known.amount == price(payment)) {
            found.push(format!("{payment:?} paid nothing"));
        }
        let is_its = |entry: &&LedgerEntry| {
            entry.references.payment == Some(payment.id)
                && entry.references.reservation == Some(payment.reservation)
                && entry.debit == LedgerAccount::Customer(payment.customer)
                && entry.credit == LedgerAccount::Sales
                && (entry.amount, entry.balance_after) == (payment.amount, Some(payment.balance))
        };
        found.extend(one_entry(store, EntryKind::Payment, payment.amount, is_its));
    }
    let paid = store.reservations.values().filter_map(Reservation::payment).count();
    found.extend(counts_differ("payments", store.payments.len(), paid));
    found.extend(entries_are(store, EntryKind::Payment, store.payments.values().map(|payment| payment.amount)));
    found
}

/// What a reservation cost before its discount.
fn price(payment: &Payment) -> Amount {
    [payment.amount, payment.discount].into_iter().sum()
}

/// A coupon is spent on exactly one payment that was not given back, with a discount that promotion paid.
fn coupons_agree_with_payments(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    let standing = |payment: &&Payment| store.refunds.values().all(|refund| refund.payment != payment.id);
    for (id, held) in &store.coupons {
        let spent: Vec<_> = store.payments.values().filter(|payment| payment.coupon == Some(*id)).collect();
        let now: Vec<_> = spent.iter().copied().filter(standing).map(|payment| payment.id).collect();
        if now != held.coupon.payment().into_iter().collect::<Vec<_>>() {
            found.push(format!("{held:?} is spent on {now:?}"));
        }
        found.extend(spent.iter().filter(|one| one.customer != held.coupon.customer).map(|one| format!("{one:?}")));
    }
    for payment in store.payments.values() {
        if payment.coupon.is_some() != (payment.discount > Amount::ZERO) {
            found.push(format!("{payment:?} has a coupon or a discount, not both"));
        }
        let about =
            |entry: &&LedgerEntry| entry.kind == EntryKind::Discount && entry.references.payment == Some(payment.id);
        let paid: i64 = store.entries.iter().filter(about).map(promoted).sum();
        let expected = if standing(&payment) { payment.discount.units() } else { 0 };
        if paid != expected {
            found.push(format!("promotion paid {paid} for {payment:?}"));
        }
    }
    found
}

/// What promotion paid by an entry; less than zero when it got something back.
fn promoted(entry: &LedgerEntry) -> i64 {
    match (entry.debit, entry.credit) {
        (LedgerAccount::Promotion, LedgerAccount::Sales) => entry.amount.units(),
        (LedgerAccount::Sales, LedgerAccount::Promotion) => -entry.amount.units(),
        sides => panic!("a discount is between promotion and sales: {sides:?}"),
    }
}

/// Each refunded reservation has its refund of the payment's amount, and each refund that moved points its entry.
fn refunds_have_entries(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    for refund in store.refunds.values() {
        let known = store.reservations.get(&refund.reservation);
        let payment = store.payments.get(&refund.payment);
        let is_refunded = matches!(
            known.map(|known| known.state),
            Some(ReservationState::Refunded { payment, .. }) if payment == refund.payment
        );
        if !is_refunded || payment.map(|payment| payment.amount) != Some(refund.amount) {
            found.push(format!("{refund:?} gave nothing back"));
        }
        let is_its = |entry: &&LedgerEntry| {
            entry.references.refund == Some(refund.id)
                && entry.references.payment == Some(refund.payment)
                && entry.debit == LedgerAccount::Sales
                && entry.credit == LedgerAccount::Customer(refund.customer)
                && (entry.amount, entry.balance_after) == (refund.amount, Some(refund.balance))
        };
        found.extend(one_entry(store, EntryKind::Refund, refund.amount, is_its));
    }
    let refunded = |known: &&Reservation| matches!(known.state, ReservationState::Refunded { .. });
    found.extend(counts_differ("refunds", store.refunds.len(), store.reservations.values().filter(refunded).count()));
    found.extend(entries_are(store, EntryKind::Refund, store.refunds.values().map(|refund| refund.amount)));
    found
}

fn charges_have_entries(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    for receipt in store.charges.values() {
        let is_its = |entry: &&LedgerEntry| {
            (entry.id, entry.references.charge) == (receipt.charge.entry, Some(receipt.charge.id))
                && (entry.amount, entry.balance_after) == (receipt.charge.amount, Some(receipt.balance))
        };
        found.extend(one_entry(store, EntryKind::Charge, receipt.charge.amount, is_its));
    }
    found.extend(entries_are(store, EntryKind::Charge, store.charges.values().map(|receipt| receipt.charge.amount)));
    found
}

fn one_entry(store: &Store, kind: EntryKind, amount: Amount, is_its: impl Fn(&&LedgerEntry) -> bool) -> Option<String> {
    let expected = usize::from(amount > Amount::ZERO);
    let count = store.entries.iter().filter(|entry| entry.kind == kind).filter(is_its).count();
    (count != expected).then(|| format!("a {kind:?} of {amount} has {count} entries"))
}

/// There are as many entries of a kind as movements above zero.
fn entries_are(store: &Store, kind: EntryKind, amounts: impl Iterator<Item = Amount>) -> Option<String> {
    let entries = store.entries.iter().filter(|entry| entry.kind == kind).count();
    counts_differ("entries", entries, amounts.filter(|amount| *amount > Amount::ZERO).count())
}

fn counts_differ(what: &str, have: usize, need: usize) -> Option<String> {
    (have != need).then(|| format!("{have} {what}, not {need}"))
}
