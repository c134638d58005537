use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::coupons::{self, Spending};
use super::holding::decide_hold;
use super::{
    Changes, Command, ExpireHold, Facts, Outcome, PayRefusal, PayReservation, RefundRefusal, RefundReservation,
    Refusal, ReleaseHold, ReleaseRefusal, Released,
};
use crate::allotment::Allotment;
use crate::ids::{AccountId, CategoryId, ReservationId};
use crate::money::Amount;
use crate::payment::{Payment, Refund};
use crate::performance::SalesStatus;
use crate::points::{EntryKind, EntryReferences, LedgerAccount, LedgerEntry};
use crate::reservation::{Reservation, ReservationState};
use crate::seat::{Seat, SeatState};

/// Decides one command on `facts` at `now`.
///
/// Every command carries the id of what it creates. When that already exists, an earlier run of the same command was
/// committed without anybody hearing of it: the answer is then read from the facts and nothing changes. The facts stay what
/// they are until [`Facts::apply`]; only the free seats are put in order while the best are looked for.
///
/// # Errors
/// [`Refusal`]; nothing has changed then.
pub fn decide(facts: &mut Facts, command: &Command, now: DateTime<Utc>) -> Result<(Outcome, Changes), Refusal> {
    match command {
        Command::Hold(hold) => Ok(decide_hold(facts, hold, now)?),
        Command::Release(release) => Ok(decide_release(facts, *release, now)?),
        Command::Expire(expire) => Ok(decide_expire(facts, *expire, now)?),
        Command::Pay(payment) => Ok(decide_payment(facts, *payment, now)?),
        Command::Refund(refund) => Ok(decide_refund(facts, *refund, now)?),
    }
}

fn decide_release(
    facts: &Facts,
    release: ReleaseHold,
    now: DateTime<Utc>,
) -> Result<(Outcome, Changes), ReleaseRefusal> {
    let reservation = own(facts, release.reservation, release.customer).ok_or(ReleaseRefusal::Unknown)?;
    match reservation.state {
        ReservationState::Paid { .. } => Err(ReleaseRefusal::AlreadyPaid),
        ReservationState::Held if reservation.is_live_hold(now) => {
            Ok(end_hold(facts, reservation, ReservationState::Cancelled))
        }
        ReservationState::Held => Ok(end_hold(facts, reservation, ReservationState::Expired)),
        _ => Ok((Outcome::Released(Released::Ended(reservation.clone())), Changes::default())),
    }
}

fn decide_expire(facts: &Facts, expire: ExpireHold, now: DateTime<Utc>) -> Result<(Outcome, Changes), ReleaseRefusal> {
    let reservation = facts.reservations.get(&expire.reservation).ok_or(ReleaseRefusal::Unknown)?;
    if reservation.is_live_hold(now) {
        let released = Released::NotDue { held_until: reservation.held_until };
        return Ok((Outcome::Released(released), Changes::default()));
    }
    if reservation.state == ReservationState::Held {
        return Ok(end_hold(facts, reservation, ReservationState::Expired));
    }
    Ok((Outcome::Released(Released::Ended(reservation.clone())), Changes::default()))
}

/// Ends a hold; seats that name another reservation by now are left alone.
pub(super) fn end_hold(facts: &Facts, reservation: &Reservation, state: ReservationState) -> (Outcome, Changes) {
    let ended = Reservation { state, ..reservation.clone() };
    let still_its_own = |seat: &&Seat| seat.is_held_by(reservation.id);
    let seats = seats_of(facts, reservation).filter(still_its_own).map(freed).collect();
    let allotments = given_back(facts, reservation);
    let changes = Changes { seats, allotments, reservations: one(&ended), ..Changes::default() };
    (Outcome::Released(Released::Ended(ended)), changes)
}

/// The allotments of a reservation's tickets without them. Until a hold is ended its tickets are its own, however late
/// it is, so nothing is given back twice.
fn given_back(facts: &Facts, reservation: &Reservation) -> BTreeMap<CategoryId, Allotment> {
    allotments_of(facts, reservation).map(|(it, quantity)| (it.category, it.give_back(quantity))).collect()
}

/// The allotments of a reservation's tickets as they are. Paying changes nothing about them but that the tickets are not
/// free at the end of the hold any more, which everybody must hear who keeps a copy.
fn kept(facts: &Facts, reservation: &Reservation) -> BTreeMap<CategoryId, Allotment> {
    allotments_of(facts, reservation).map(|(it, _)| (it.category, *it)).collect()
}

/// The allotments of a reservation's tickets, each with how many tickets it is.
fn allotments_of<'a>(facts: &'a Facts, reservation: &Reservation) -> impl Iterator<Item = (&'a Allotment, u32)> {
    let tickets = reservation.tickets().into_iter();
    tickets.filter_map(|(category, quantity)| Some((facts.allotments.get(&category)?, quantity)))
}

fn decide_payment(
    facts: &Facts,
    command: PayReservation,
    now: DateTime<Utc>,
) -> Result<(Outcome, Changes), PayRefusal> {
    let reservation = own(facts, command.reservation, command.customer).ok_or(PayRefusal::Unknown)?;
    if let Some(payment) = facts.payments.get(&command.payment) {
        return Ok((Outcome::Paid(payment.clone(), reservation.clone()), Changes::default()));
    }
    check_payable(facts, reservation, now)?;
    let spending = command.coupon.map(|spend| Spending::check(facts, reservation, spend, now)).transpose()?;
    let discount = spending.as_ref().map_or(Amount::ZERO, |spending| spending.discount);
    let price = reservation.amount.checked_sub(discount).unwrap_or_default();
    let balance = facts.customers.get(&command.customer).map_or(Amount::ZERO, |customer| customer.balance);
    let left = balance
        .checked_sub(price)
        .ok_or_else(|| PayRefusal::InsufficientPoints { missing: price.checked_sub(balance).unwrap_or_default() })?;
    let payment = Payment {
        id: command.payment,
        reservation: reservation.id,
        customer: reservation.customer,
        amount: price,
        discount,
        coupon: spending.as_ref().map(|spending| spending.coupon.id),
        balance: left,
        paid_at: now,
    };
    let paid = Reservation { state: ReservationState::Paid { payment: payment.id, at: now }, ..reservation.clone() };
    let sold = |seat: &Seat| (seat.no, Seat { state: SeatState::Sold { to: reservation.id }, ..*seat });
    let entry = LedgerEntry {
        id: command.entry,
        kind: EntryKind::Payment,
        debit: LedgerAccount::Customer(paid.customer),
        credit: LedgerAccount::Sales,
        amount: payment.amount,
        balance_after: Some(left),
        at: now,
        references: references(&paid, &payment),
    };
    let mut changes = Changes {
        seats: seats_of(facts, reservation).map(sold).collect(),
        allotments: kept(facts, reservation),
        reservations: one(&paid),
        payments: vec![payment.clone()],
        ..moved(entry, paid.customer, left)
    };
    if let Some(spending) = spending {
        changes.merge(spending.changes(&payment, references(&paid, &payment)));
    }
    Ok((Outcome::Paid(payment, paid), changes))
}

/// Clocks decide fairness, never ownership: the hold must be live and every seat must name it.
fn check_payable(facts: &Facts, reservation: &Reservation, now: DateTime<Utc>) -> Result<(), PayRefusal> {
    match reservation.state {
        ReservationState::Paid { .. } => return Err(PayRefusal::AlreadyPaid),
        ReservationState::Refunded { .. } | ReservationState::Cancelled => return Err(PayRefusal::GivenBack),
        ReservationState::Expired => return Err(PayRefusal::HoldExpired),
        ReservationState::Held => {}
    }
    let owned = seats_of(facts, reservation).filter(|seat| seat.is_held_by(reservation.id)).count();
    if !reservation.is_live_hold(now) || owned != reservation.seats().count() {
        return Err(PayRefusal::HoldExpired);
    }
    if facts.performance.status == SalesStatus::Cancelled {
        return Err(PayRefusal::PerformanceCancelled);
    }
    Ok(())
}

fn decide_refund(
    facts: &Facts,
    command: RefundReservation,
    now: DateTime<Utc>,
) -> Result<(Outcome, Changes), RefundRefusal> {
    let reservation = own(facts, command.reservation, command.customer).ok_or(RefundRefusal::Unknown)?;
    if let Some(refund) = facts.refunds.get(&reservation.id).filter(|refund| refund.id == command.refund) {
        return Ok((Outcome::Refunded(refund.clone(), reservation.clone()), Changes::default()));
    }
    let ReservationState::Paid { payment, .. } = reservation.state else { return Err(RefundRefusal::NotRefundable) };
    let payment = facts.payments.get(&payment).ok_or(RefundRefusal::NotRefundable)?;
    if !facts.performance.is_refundable(now) {
        return Err(RefundRefusal::NotRefundable);
    }
    let balance = facts.customers.get(&command.customer).map_or(Amount::ZERO, |customer| customer.balance);
    let balance = balance.checked_add(payment.amount).ok_or(RefundRefusal::BalanceTooLarge)?;
    let refund = Refund {
        id: command.refund,
        payment: payment.id,
        reservation: reservation.id,
        customer: reservation.customer,
        amount: payment.amount,
        coupon: payment.coupon,
        balance,
        refunded_at: now,
    };
    let state = ReservationState::Refunded { payment: payment.id, at: now };
    let refunded = Reservation { state, ..reservation.clone() };
    let entry = LedgerEntry {
        id: command.entry,
        kind: EntryKind::Refund,
        debit: LedgerAccount::Sales,
        credit: LedgerAccount::Customer(refunded.customer),
        amount: refund.amount,
        balance_after: Some(balance),
        at: now,
        references: EntryReferences { refund: Some(refund.id), ..references(&refunded, payment) },
    };
    let coupon = coupons::given_back(facts, payment, command.discount_entry, entry.references, now);
    let mut changes = Changes {
        seats: seats_of(facts, reservation).filter(|seat| seat.is_sold_to(reservation.id)).map(freed).collect(),
        allotments: given_back(facts, reservation),
        reservations: one(&refunded),
        refunds: vec![refund.clone()],
        ..moved(entry, refunded.customer, balance)
    };
    changes.merge(coupon);
    Ok((Outcome::Refunded(refund, refunded), changes))
}

/// The changes of one movement of points; a free ticket moves none and leaves no entry.
fn moved(entry: LedgerEntry, customer: AccountId, balance: Amount) -> Changes {
    if entry.amount == Amount::ZERO {
        return Changes::default();
    }
    Changes { entries: vec![entry], balances: BTreeMap::from([(customer, balance)]), ..Changes::default() }
}

fn references(reservation: &Reservation, payment: &Payment) -> EntryReferences {
    EntryReferences {
        performance: Some(reservation.performance),
        reservation: Some(reservation.id),
        payment: Some(payment.id),
        ..EntryReferences::default()
    }
}

fn own(facts: &Facts, reservation: ReservationId, customer: AccountId) -> Option<&Reservation> {
    facts.reservations.get(&reservation).filter(|reservation| reservation.customer == customer)
}

fn seats_of<'a>(facts: &'a Facts, reservation: &'a Reservation) -> impl Iterator<Item = &'a Seat> {
    reservation.seats().filter_map(|no| facts.seats.get(&no))
}

fn freed(seat: &Seat) -> (u32, Seat) {
    (seat.no, Seat { state: SeatState::Free, ..*seat })
}

pub(super) fn one(reservation: &Reservation) -> BTreeMap<ReservationId, Reservation> {
    BTreeMap::from([(reservation.id, reservation.clone())])
}
