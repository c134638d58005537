//! Writing what a group changed, in multi-row statements.

use std::collections::BTreeMap;

use onsale_domain::box_office::Changes;
use onsale_domain::ids::ReservationId;
use onsale_domain::reservation::{Item, Reservation};

use super::announcement::Reservations;
use super::performance::Terms;
use super::{accounts, allotments, codes, ledger, payments, seats};
use crate::coupons::write_coupons;
use crate::database::{SizedText, SqlError, Statement, Transaction, values_rows};

/// Writes `changes`; reservations that are not among `existing` are new.
pub(super) async fn write(
    transaction: &mut Transaction,
    terms: &Terms,
    changes: &Changes,
    existing: &Reservations,
) -> Result<(), SqlError> {
    let balances = changes.balances.iter().map(|(account, balance)| (*account, *balance));
    accounts::write(transaction, balances).await?;
    write_coupons(transaction, changes.coupons.values()).await?;
    allotments::write(transaction, terms.performance.id, &terms.places, changes.allotments.values()).await?;
    seats::write(transaction, terms.performance.id, &terms.places, changes.seats.values()).await?;
    write_reservations(transaction, &changes.reservations, existing).await?;
    payments::add_payments(transaction, &changes.payments).await?;
    payments::add_refunds(transaction, &changes.refunds).await?;
    ledger::append(transaction, &changes.entries).await
}

const COLUMNS: &str = "reservation_id, customer_id, performance_id, quantity, amount, currency, created_at, held_until, \
                       status, payment_id, settled_at";

/// New reservations are inserted and nothing else, so that an id which exists already is an error.
pub(super) static INSERT: SizedText =
    SizedText::new(|_, rows| format!("INSERT INTO reservations ({COLUMNS}) VALUES {}", values_rows(rows, 11)));

pub(super) static UPDATE: SizedText = SizedText::new(|dialect, rows| {
    let update = dialect.on_duplicate(&["reservation_id"], &["status", "payment_id", "settled_at"]);
    format!("INSERT INTO reservations ({COLUMNS}) VALUES {}{update}", values_rows(rows, 11))
});

pub(super) static INSERT_ITEMS: SizedText = SizedText::new(|_, rows| {
    format!(
        "INSERT INTO reservation_items (reservation_id, item_no, item_id, category_id, seat_no, price) VALUES {}",
        values_rows(rows, 6)
    )
});

async fn write_reservations(
    transaction: &mut Transaction,
    reservations: &BTreeMap<ReservationId, Reservation>,
    existing: &Reservations,
) -> Result<(), SqlError> {
    let (changed, new): (Vec<_>, Vec<_>) = reservations.values().partition(|one| existing.contains_key(&one.id));
    transaction.write_rows(&INSERT, &new, |statement, new| bind(statement, new)).await?;
    let items = new
        .iter()
        .flat_map(|reservation| (0_u32..).zip(&reservation.items).map(|(no, item)| (reservation.id, no, item)));
    transaction.write_rows(&INSERT_ITEMS, &items.collect::<Vec<_>>(), bind_item).await?;
    transaction.write_rows(&UPDATE, &changed, |statement, changed| bind(statement, changed)).await
}

fn bind(statement: Statement, reservation: &Reservation) -> Statement {
    let quantity = u32::try_from(reservation.items.len()).unwrap_or(u32::MAX);
    let statement = statement.bind(reservation.id).bind(reservation.customer).bind(reservation.performance);
    let statement = statement.bind(quantity).bind(reservation.amount).bind(reservation.currency);
    let statement = statement.bind(reservation.created_at).bind(reservation.held_until);
    codes::bind_state(statement, &reservation.state)
}

fn bind_item(statement: Statement, (reservation, no, item): &(ReservationId, u32, &Item)) -> Statement {
    let statement = statement.bind(*reservation).bind(*no).bind(item.id);
    statement.bind(item.category).bind(item.seat).bind(item.price)
}
