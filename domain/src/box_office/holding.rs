//! Deciding holds: of particular seats, of the best ones, or of tickets without seats.

use chrono::{DateTime, TimeDelta, Utc};

use super::decision::{end_hold, one};
use super::{Changes, Facts, Hold, HoldRefusal, Outcome, Wanted};
use crate::best_available::NoBlock;
use crate::ids::{CategoryId, ItemId, ReservationId};
use crate::performance::CategoryKind;
use crate::reservation::{Item, Reservation, ReservationState};
use crate::seat::{Seat, SeatNo, SeatState};

/// Decides a hold on `facts` at `now`.
pub(super) fn decide_hold(
    facts: &mut Facts,
    hold: &Hold,
    now: DateTime<Utc>,
) -> Result<(Outcome, Changes), HoldRefusal> {
    if let Some(reservation) = facts.reservations.get(&hold.reservation) {
        return Ok((Outcome::Held(reservation.clone()), Changes::default()));
    }
    if hold.admission.is_some_and(|admission| facts.ended.contains(&admission)) {
        return Err(HoldRefusal::PassEnded);
    }
    if !facts.performance.is_on_sale(now) {
        return Err(HoldRefusal::NotOnSale);
    }
    check_limits(facts, hold, now)?;
    let (items, taken) = match &hold.wanted {
        Wanted::Seats(wanted) => {
            let seats = free_seats(facts, wanted, now)?;
            take_seats(facts, hold, seats, wanted.iter().map(|(_, item)| *item), now)
        }
        Wanted::BestAvailable { category, items } => {
            let seats = best_seats(facts, *category, items.len(), now)?;
            take_seats(facts, hold, seats, items.iter().copied(), now)
        }
        Wanted::Tickets { category, items } => take_tickets(facts, *category, items, now)?,
    };
    let reservation = reserve(facts, hold, items, now);
    let mut changes = taken;
    changes.reservations.extend(one(&reservation));
    Ok((Outcome::Held(reservation), changes))
}

/// Takes seats that are free, each of which becomes an item.
fn take_seats(
    facts: &Facts,
    hold: &Hold,
    seats: Vec<Seat>,
    items: impl Iterator<Item = ItemId>,
    now: DateTime<Utc>,
) -> (Vec<Item>, Changes) {
    let items = seats.iter().zip(items).map(|(seat, id)| item(facts, id, seat.category, Some(seat.no))).collect();
    let until = end_of_hold(facts, now);
    let seats = seats.into_iter().map(|seat| (seat.no, held(seat, hold.reservation, until))).collect();
    (items, Changes { seats, ..Changes::default() })
}

/// The best free seats beside one another.
fn best_seats(
    facts: &mut Facts,
    category: CategoryId,
    quantity: usize,
    now: DateTime<Utc>,
) -> Result<Vec<Seat>, HoldRefusal> {
    let has_seats = matches!(facts.performance.kind(category), Some(CategoryKind::Seats));
    let free = facts.free.as_mut().filter(|_| has_seats).ok_or(HoldRefusal::UnknownCategory { category })?;
    let quantity = u32::try_from(quantity).unwrap_or(u32::MAX);
    let block = free.best(category, quantity, now).map_err(|NoBlock { largest }| match largest {
        0 => HoldRefusal::SoldOut,
        largest => HoldRefusal::NoAdjacentSeats { largest },
    })?;
    Ok(block.into_iter().map(|no| Seat { no, category, state: SeatState::Free }).collect())
}

fn free_seats(facts: &Facts, wanted: &[(SeatNo, ItemId)], now: DateTime<Utc>) -> Result<Vec<Seat>, HoldRefusal> {
    let numbers = || wanted.iter().map(|(no, _)| *no);
    let unknown: Vec<_> = numbers().filter(|no| !facts.seats.contains_key(no)).collect();
    if !unknown.is_empty() {
        return Err(HoldRefusal::UnknownSeats { seats: unknown });
    }
    let seats: Vec<Seat> = numbers().map(|no| facts.seats[&no]).collect();
    let conflicts: Vec<_> = seats.iter().filter(|seat| !seat.is_free(now)).map(|seat| seat.no).collect();
    if conflicts.is_empty() { Ok(seats) } else { Err(HoldRefusal::SeatsTaken { conflicts }) }
}

/// Takes as many tickets as there are items, or none. When too few are left, holds whose time has passed are ended
/// first, the earliest before the others and no more of them than are needed.
fn take_tickets(
    facts: &Facts,
    category: CategoryId,
    items: &[ItemId],
    now: DateTime<Utc>,
) -> Result<(Vec<Item>, Changes), HoldRefusal> {
    if !matches!(facts.performance.kind(category), Some(CategoryKind::Allotment { .. })) {
        return Err(HoldRefusal::UnknownCategory { category });
    }
    let mut allotment = *facts.allotments.get(&category).ok_or(HoldRefusal::UnknownCategory { category })?;
    let wanted = u32::try_from(items.len()).unwrap_or(u32::MAX);
    let mut changes = Changes::default();
    for ended in if allotment.left() < wanted { ended_holds(facts, category, now) } else { Vec::new() } {
        if allotment.left() >= wanted {
            break;
        }
        allotment = allotment.give_back(ended.tickets()[&category]);
        let (_, ending) = end_hold(facts, ended, ReservationState::Expired);
        changes.merge(ending);
    }
    let taken = allotment.take(wanted).ok_or(HoldRefusal::SoldOut)?;
    changes.allotments.insert(category, taken);
    Ok((items.iter().map(|id| item(facts, *id, category, None)).collect(), changes))
}

/// Holds on tickets of `category` whose time has passed and that nobody has ended, in the order of their ends.
fn ended_holds(facts: &Facts, category: CategoryId, now: DateTime<Utc>) -> Vec<&Reservation> {
    let has_ended = |known: &&Reservation| {
        known.state == ReservationState::Held
            && !known.is_live_hold(now)
            && known.items.iter().all(|item| item.seat.is_none() && item.category == category)
    };
    let mut ended: Vec<&Reservation> = facts.reservations.values().filter(has_ended).collect();
    ended.sort_unstable_by_key(|known| (known.held_until, known.id));
    ended
}

fn check_limits(facts: &Facts, hold: &Hold, now: DateTime<Utc>) -> Result<(), HoldRefusal> {
    let customer = facts.customers.get(&hold.customer).ok_or(HoldRefusal::UnknownCustomer)?;
    let seats_limit = facts.performance.max_seats_per_customer;
    if customer.quantity(facts.performance.id, now).saturating_add(hold.wanted.quantity()) > seats_limit {
        return Err(HoldRefusal::TooManySeats { limit: seats_limit });
    }
    let holds_limit = facts.limits.open_holds_per_customer;
    if customer.open_holds(now) >= holds_limit as usize {
        return Err(HoldRefusal::TooManyHolds { limit: holds_limit });
    }
    Ok(())
}

fn reserve(facts: &Facts, hold: &Hold, items: Vec<Item>, now: DateTime<Utc>) -> Reservation {
    Reservation {
        id: hold.reservation,
        customer: hold.customer,
        performance: facts.performance.id,
        amount: items.iter().map(|item| item.price).sum(),
        items,
        currency: facts.performance.currency,
        created_at: now,
        held_until: end_of_hold(facts, now),
        state: ReservationState::Held,
    }
}

fn item(facts: &Facts, id: ItemId, category: CategoryId, seat: Option<SeatNo>) -> Item {
    let price = facts.performance.price(category).expect("every category that sells something has a price");
    Item { id, category, price, seat }
}

fn end_of_hold(facts: &Facts, now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::seconds(i64::from(facts.performance.hold_seconds))
}

fn held(seat: Seat, by: ReservationId, until: DateTime<Utc>) -> Seat {
    Seat { state: SeatState::Held { by, until }, ..seat }
}
