//! Reading without deciding.

use chrono::{DateTime, Utc};
use onsale_application::ports::{AllotmentMap, LedgerLine, OpenHold, Page, ReservationFilter, SeatMap, TakenSeat};
use onsale_domain::allotment::Allotment;
use onsale_domain::charge::ChargeReceipt;
use onsale_domain::ids::{AccountId, CategoryId, ChargeId, EntryId, PaymentId, PerformanceId, ReservationId};
use onsale_domain::money::Amount;
use onsale_domain::payment::Payment;
use onsale_domain::reservation::{Reservation, ReservationStatus};

use super::{charges, codes, ledger, payments, reservations};
use crate::database::{Database, Row, SqlError, Statement, Transaction, Value};
use crate::page::page;

/// A reservation with its items, in one statement.
pub(super) async fn reservation(database: &Database, id: ReservationId) -> Result<Option<Reservation>, SqlError> {
    let text = format!(
        "SELECT {} FROM reservations r JOIN reservation_items i ON i.reservation_id = r.reservation_id \
         WHERE r.reservation_id = ? ORDER BY i.item_no",
        reservations::COLUMNS
    );
    let rows = database.fetch_all(Statement::new(text).bind(id)).await?;
    Ok(reservations::from_rows(&rows)?.pop())
}

/// A customer's reservations, newest first; `now` decides which holds have expired.
pub(super) async fn reservations_of(
    database: &Database,
    filter: ReservationFilter,
    before: Option<ReservationId>,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<Page<Reservation, ReservationId>, SqlError> {
    let statement = page_of_reservations(filter, before, limit, now);
    let found = reservations::from_rows(&database.fetch_all(statement).await?)?;
    Ok(page(found, limit, |reservation| reservation.id))
}

fn page_of_reservations(
    filter: ReservationFilter,
    before: Option<ReservationId>,
    limit: u32,
    now: DateTime<Utc>,
) -> Statement {
    let mut conditions = String::from("customer_id = ?");
    let mut values: Vec<Value> = vec![filter.customer.into()];
    match filter.status {
        None => {}
        Some(ReservationStatus::Held) => {
            conditions.push_str(" AND status = 0 AND held_until > ?");
            values.push(now.into());
        }
        Some(ReservationStatus::Expired) => {
            conditions.push_str(" AND (status = 3 OR (status = 0 AND held_until <= ?))");
            values.push(now.into());
        }
        Some(status) => {
            conditions.push_str(" AND status = ?");
            values.push(codes::status_code(status).into());
        }
    }
    if let Some(performance) = filter.performance {
        conditions.push_str(" AND performance_id = ?");
        values.push(performance.into());
    }
    if let Some(before) = before {
        conditions.push_str(" AND reservation_id < ?");
        values.push(before.into());
    }
    let text = format!(
        "SELECT {} FROM (SELECT * FROM reservations WHERE {conditions} ORDER BY reservation_id DESC LIMIT ?) r \
         JOIN reservation_items i ON i.reservation_id = r.reservation_id ORDER BY r.reservation_id DESC, i.item_no",
        reservations::COLUMNS
    );
    Statement::new(text).bind_all(values).bind(limit + 1)
}

const VERSION: &str = "SELECT epoch, version FROM performance_versions WHERE performance_id = ?";

/// Who has which seats at `now`, and what is left of the allotments, as of one version.
pub(super) async fn seat_map(
    database: &Database,
    performance: PerformanceId,
    now: DateTime<Utc>,
) -> Result<Option<SeatMap>, SqlError> {
    let mut transaction = database.begin_read().await?;
    let version = transaction.fetch_optional(Statement::new(VERSION).bind(performance)).await?;
    let Some(version) = version else { return Ok(None) };
    let text = "SELECT seat_no, state, reservation_id, held_until FROM seats \
                WHERE performance_id = ? AND state <> 0 ORDER BY seat_no";
    let rows = transaction.fetch_all(Statement::new(text).bind(performance)).await?;
    let allotments = allotment_maps(&mut transaction, performance).await?;
    transaction.rollback().await?;
    let seat = |row: &Row| Ok(TakenSeat { no: row.get(0)?, state: codes::seat_state(row, 1)? });
    let mut taken = rows.iter().map(seat).collect::<Result<Vec<_>, SqlError>>()?;
    taken.retain(|seat| !seat.state.is_free(now));
    Ok(Some(SeatMap { epoch: version.get(0)?, version: version.get(1)?, taken, allotments }))
}

/// The allotments of a performance with the ends of the holds on them.
async fn allotment_maps(
    transaction: &mut Transaction,
    performance: PerformanceId,
) -> Result<Vec<AllotmentMap>, SqlError> {
    let text = "SELECT c.category_id, a.capacity, a.taken FROM allotments a \
                JOIN performance_categories c ON c.performance_id = a.performance_id AND c.position = a.category_no \
                WHERE a.performance_id = ? ORDER BY a.category_no";
    let rows = transaction.fetch_all(Statement::new(text).bind(performance)).await?;
    let allotment = |row: &Row| {
        let allotment = Allotment { category: row.get(0)?, capacity: row.get(1)?, taken: row.get(2)? };
        Ok(AllotmentMap { allotment, ends: Vec::new() })
    };
    let mut maps = rows.iter().map(allotment).collect::<Result<Vec<AllotmentMap>, SqlError>>()?;
    if maps.is_empty() {
        return Ok(maps);
    }
    let text = format!(
        "SELECT i.category_id, r.held_until, COUNT(*) FROM reservations r{} \
         JOIN reservation_items i ON i.reservation_id = r.reservation_id \
         WHERE r.performance_id = ? AND r.status = 0 AND i.seat_no IS NULL \
         GROUP BY i.category_id, r.held_until ORDER BY r.held_until",
        transaction.dialect().by_index("reservations_of_performance")
    );
    for row in transaction.fetch_all(Statement::new(text).bind(performance)).await? {
        let category: CategoryId = row.get(0)?;
        if let Some(map) = maps.iter_mut().find(|map| map.allotment.category == category) {
            map.ends.push((row.get(1)?, row.get(2)?));
        }
    }
    Ok(maps)
}

/// The epoch and version of a performance's seats.
pub(super) async fn seat_version(
    database: &Database,
    performance: PerformanceId,
) -> Result<Option<(i64, i64)>, SqlError> {
    let row = database.fetch_optional(Statement::new(VERSION).bind(performance)).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Holds that end at `until` or earlier, in the order of their ends, after `after`.
pub(super) async fn open_holds(
    database: &Database,
    until: DateTime<Utc>,
    after: Option<(DateTime<Utc>, ReservationId)>,
    limit: u32,
) -> Result<Vec<OpenHold>, SqlError> {
    let (later, values) = match after {
        // The first comparison lets the index start there; neither database does so for the other two.
        Some((end, id)) => {
            (" AND held_until >= ? AND (held_until > ? OR reservation_id > ?)", vec![end.into(), end.into(), id.into()])
        }
        None => ("", Vec::new()),
    };
    let text = format!(
        "SELECT reservation_id, performance_id, held_until FROM reservations \
         WHERE status = 0 AND held_until <= ?{later} ORDER BY held_until, reservation_id LIMIT ?"
    );
    let statement = Statement::new(text).bind(until).bind_all::<Value>(values).bind(limit);
    let hold = |row: &Row| Ok(OpenHold { reservation: row.get(0)?, performance: row.get(1)?, held_until: row.get(2)? });
    database.fetch_all(statement).await?.iter().map(hold).collect()
}

/// A payment.
pub(super) async fn payment(database: &Database, id: PaymentId) -> Result<Option<Payment>, SqlError> {
    let text = format!("SELECT {} FROM payments WHERE payment_id = ?", payments::PAYMENT_COLUMNS);
    database.fetch_optional(Statement::new(text).bind(id)).await?.as_ref().map(payments::payment).transpose()
}

/// A charge that was recorded.
pub(super) async fn charge_receipt(database: &Database, id: ChargeId) -> Result<Option<ChargeReceipt>, SqlError> {
    let text = format!("SELECT {} FROM charges WHERE charge_id = ?", charges::COLUMNS);
    database.fetch_optional(Statement::new(text).bind(id)).await?.as_ref().map(charges::receipt).transpose()
}

/// A customer's points.
pub(super) async fn balance(database: &Database, customer: AccountId) -> Result<Option<Amount>, SqlError> {
    let statement = Statement::new("SELECT balance FROM points_accounts WHERE account_id = ?").bind(customer);
    database.fetch_optional(statement).await?.map(|row| row.get(0)).transpose()
}

/// A customer's ledger entries, newest first.
pub(super) async fn entries(
    database: &Database,
    customer: AccountId,
    before: Option<EntryId>,
    limit: u32,
) -> Result<Page<LedgerLine, EntryId>, SqlError> {
    let earlier = if before.is_some() { " AND entry_id < ?" } else { "" };
    let text = format!(
        "SELECT {} FROM ledger_entries WHERE customer_id = ?{earlier} ORDER BY entry_id DESC LIMIT ?",
        ledger::COLUMNS
    );
    let statement = Statement::new(text).bind(customer).bind_all(before).bind(limit + 1);
    let found = database.fetch_all(statement).await?.iter().map(ledger::entry).collect::<Result<Vec<_>, _>>()?;
    Ok(page(found, limit, |entry| entry.id))
}
