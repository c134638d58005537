//! Loading what a group needs to know, and no more, under the locks that it needs.
//!
//! The performance's version row is locked already. Then, in this order for everybody: points accounts by id, coupons by id,
//! allotments, seats by number. What is read between them needs no lock of its own: reservations change only under their performance's
//! version row, idempotency keys and limits only under their customer's points account.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use onsale_domain::allotment::Allotment;
use onsale_domain::box_office::{Admission, Command, Customer, Facts, Limits, Wanted};
use onsale_domain::coupon::HeldCoupon;
use onsale_domain::ids::{AccountId, CategoryId, CouponId, PerformanceId, ReservationId};
use onsale_domain::payment::{Payment, Refund};
use onsale_domain::reservation::Reservation;
use onsale_domain::seat::SeatNo;

use super::command::SaleCommand;
use super::idempotency::{RequestName, Requests};
use super::performance::{Places, Terms};
use super::{accounts, allotments, payments, reservations, seats, standings};
use crate::coupons::lock_coupons;
use crate::database::{SqlError, Transaction};
use crate::rooms::Admissions;
use crate::settling::{Failure, Run};

/// Everything that a group needs to know.
pub(super) struct Loaded {
    pub(super) facts: Facts,
    pub(super) requests: Requests,
    pub(super) admissions: Admissions,
}

/// Loads the facts of `commands` on the performance of `terms`.
pub(super) async fn load(
    transaction: &mut Transaction,
    terms: &Terms,
    limits: Limits,
    commands: &[SaleCommand],
    run: Run,
    now: DateTime<Utc>,
) -> Result<Loaded, Failure> {
    let Terms { performance, places } = terms;
    let mut reservations = load_reservations(transaction, performance.id, commands, run).await?;
    let (payments, refunds) = load_payments(transaction, commands, run).await?;
    let customers = load_customers(transaction, terms, commands).await?;
    let coupons = load_coupons(transaction, commands, &payments).await?;
    let allotments = load_allotments(transaction, terms, commands, &reservations).await?;
    let ended = load_ended_holds(transaction, performance.id, commands, &allotments, now).await?;
    reservations.extend(ended.into_iter().map(|ended| (ended.id, ended)));
    let seats = load_seats(transaction, terms, places, commands, &reservations).await?;
    let names: Vec<&RequestName> = commands.iter().filter_map(|command| command.name.as_ref()).collect();
    let requests = Requests::load(transaction, &names).await?;
    let admissions = load_admissions(transaction, commands).await?;
    let facts = Facts {
        performance: performance.clone(),
        limits,
        seats,
        free: None, // for the group to take in
        allotments,
        reservations,
        customers,
        coupons,
        payments: payments.into_iter().map(|payment| (payment.id, payment)).collect(),
        refunds: refunds.into_iter().map(|refund| (refund.reservation, refund)).collect(),
        ended: HashSet::new(), // once it is known what time it is
    };
    Ok(Loaded { facts, requests, admissions })
}

/// The reservations that commands name; after a failed run also those that holds would make. One of another performance
/// is unknown here: its state and its seats are under that performance's lock.
async fn load_reservations(
    transaction: &mut Transaction,
    performance: PerformanceId,
    commands: &[SaleCommand],
    run: Run,
) -> Result<HashMap<ReservationId, Reservation>, SqlError> {
    let ids = commands.iter().filter_map(|command| match &command.command {
        Command::Hold(hold) => run.look_first.then_some(hold.reservation),
        Command::Release(release) => Some(release.reservation),
        Command::Expire(expire) => Some(expire.reservation),
        Command::Pay(payment) => Some(payment.reservation),
        Command::Refund(refund) => Some(refund.reservation),
    });
    let found = reservations::by_ids(transaction, &distinct(ids)).await?;
    let here = found.into_iter().filter(|reservation| reservation.performance == performance);
    Ok(here.map(|reservation| (reservation.id, reservation)).collect())
}

/// What refunds give back; after a failed run also the payments and refunds that commands would make.
async fn load_payments(
    transaction: &mut Transaction,
    commands: &[SaleCommand],
    run: Run,
) -> Result<(Vec<Payment>, Vec<Refund>), SqlError> {
    let refunded = || {
        commands.iter().filter_map(|command| match &command.command {
            Command::Refund(refund) => Some(refund.reservation),
            _ => None,
        })
    };
    let paid = commands.iter().filter_map(|command| match &command.command {
        Command::Pay(payment) => run.look_first.then_some(payment.reservation),
        _ => None,
    });
    let payments = payments::payments_of(transaction, &distinct(refunded().chain(paid))).await?;
    if !run.look_first {
        return Ok((payments, Vec::new()));
    }
    let refunds = payments::refunds_of(transaction, &distinct(refunded())).await?;
    Ok((payments, refunds))
}

/// Customers who hold, pay or are paid back; the limits matter to those who hold.
async fn load_customers(
    transaction: &mut Transaction,
    terms: &Terms,
    commands: &[SaleCommand],
) -> Result<HashMap<AccountId, Customer>, Failure> {
    let customers = commands.iter().filter_map(|command| match &command.command {
        Command::Hold(hold) => Some(hold.customer),
        Command::Pay(payment) => Some(payment.customer),
        Command::Refund(refund) => Some(refund.customer),
        Command::Release(_) | Command::Expire(_) => None,
    });
    let balances = accounts::lock(transaction, customers.collect()).await?;
    let customer = |(id, balance)| (id, Customer { balance, ..Customer::default() });
    let mut customers: HashMap<AccountId, Customer> = balances.into_iter().map(customer).collect();
    let holding = commands.iter().filter_map(|command| match &command.command {
        Command::Hold(hold) => Some(hold.customer),
        _ => None,
    });
    let holding = distinct(holding);
    for (id, reservation, standing) in standings::of_customers(transaction, terms.performance.id, &holding).await? {
        if let Some(customer) = customers.get_mut(&id) {
            customer.standings.insert(reservation, standing);
        }
    }
    Ok(customers)
}

/// The coupons that payments spend, and those of the payments that are given back.
async fn load_coupons(
    transaction: &mut Transaction,
    commands: &[SaleCommand],
    payments: &[Payment],
) -> Result<HashMap<CouponId, HeldCoupon>, SqlError> {
    let spent = commands.iter().filter_map(|command| match &command.command {
        Command::Pay(payment) => payment.coupon.map(|spend| spend.coupon),
        _ => None,
    });
    let coupons = distinct(spent.chain(payments.iter().filter_map(|payment| payment.coupon)));
    lock_coupons(transaction, &coupons).await
}

/// The tickets that holds want: their category and how many.
fn wanted_tickets(commands: &[SaleCommand]) -> impl Iterator<Item = (CategoryId, u32)> {
    commands.iter().filter_map(|command| match &command.command {
        Command::Hold(hold) => match &hold.wanted {
            Wanted::Tickets { category, .. } => Some((*category, hold.wanted.quantity())),
            Wanted::Seats(_) | Wanted::BestAvailable { .. } => None,
        },
        _ => None,
    })
}

/// The allotments that holds want tickets of and that named reservations have tickets of.
async fn load_allotments(
    transaction: &mut Transaction,
    terms: &Terms,
    commands: &[SaleCommand],
    named: &HashMap<ReservationId, Reservation>,
) -> Result<BTreeMap<CategoryId, Allotment>, SqlError> {
    let wanted = wanted_tickets(commands).map(|(category, _)| category);
    let categories = wanted.chain(named.values().flat_map(|named| named.tickets().into_keys()));
    allotments::lock(transaction, terms.performance.id, &terms.places, categories).await
}

/// Where more tickets are wanted than are left, the holds that can be ended for them. Each has one at least, so as many
/// holds as tickets are missing are enough.
async fn load_ended_holds(
    transaction: &mut Transaction,
    performance: PerformanceId,
    commands: &[SaleCommand],
    allotments: &BTreeMap<CategoryId, Allotment>,
    now: DateTime<Utc>,
) -> Result<Vec<Reservation>, SqlError> {
    let mut wanted: BTreeMap<CategoryId, u32> = BTreeMap::new();
    for (category, quantity) in wanted_tickets(commands) {
        *wanted.entry(category).or_default() += quantity;
    }
    let mut ended = Vec::new();
    for allotment in allotments.values() {
        let quantity = wanted.get(&allotment.category).copied().unwrap_or_default();
        let missing = quantity.saturating_sub(allotment.left());
        if missing > 0 {
            let holds = allotments::ended_holds(transaction, performance, allotment.category, now, missing).await?;
            ended.extend(reservations::by_ids(transaction, &holds).await?);
        }
    }
    Ok(ended)
}

/// The seats that holds want and that named reservations have.
async fn load_seats(
    transaction: &mut Transaction,
    terms: &Terms,
    places: &Places,
    commands: &[SaleCommand],
    named: &HashMap<ReservationId, Reservation>,
) -> Result<BTreeMap<SeatNo, onsale_domain::seat::Seat>, SqlError> {
    let wanted = commands.iter().filter_map(|command| match &command.command {
        Command::Hold(hold) => Some(hold.wanted.seats().iter().map(|(no, _)| *no)),
        _ => None,
    });
    let numbers = wanted.flatten().chain(named.values().flat_map(Reservation::seats)).collect();
    let seats = seats::lock(transaction, terms.performance.id, places, numbers).await?;
    Ok(seats.into_iter().map(|seat| (seat.no, seat)).collect())
}

/// The visits on which customers hold. They change under their room's lock, not under this one: a visit that ends at the
/// same moment ends before this hold or after it.
async fn load_admissions(transaction: &mut Transaction, commands: &[SaleCommand]) -> Result<Admissions, SqlError> {
    let shown: HashSet<Admission> = commands
        .iter()
        .filter_map(|command| match &command.command {
            Command::Hold(hold) => hold.admission,
            _ => None,
        })
        .collect();
    Admissions::load(transaction, shown).await
}

fn distinct<T: Ord + std::hash::Hash>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect::<HashSet<_>>().into_iter().collect();
    items.sort_unstable();
    items
}
