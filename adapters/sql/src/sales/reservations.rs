//! Reservations with their items, one row for each item.

use onsale_domain::ids::ReservationId;
use onsale_domain::reservation::{Item, Reservation};

use super::codes;
use crate::database::{Row, SizedText, SqlError, Transaction, in_list};

/// What [`from_rows`] reads; `r` are reservations, `i` their items.
pub(super) const COLUMNS: &str = "r.reservation_id, r.customer_id, r.performance_id, r.amount, r.currency, \
                                  r.created_at, r.held_until, r.status, r.payment_id, r.settled_at, \
                                  i.item_id, i.category_id, i.price, i.seat_no";

pub(super) static BY_ID: SizedText = SizedText::new(|_, size| {
    format!(
        "SELECT {COLUMNS} FROM reservations r JOIN reservation_items i ON i.reservation_id = r.reservation_id \
         WHERE r.reservation_id IN {} ORDER BY r.reservation_id, i.item_no",
        in_list(size)
    )
});

/// The reservations of these ids, those that exist.
pub(super) async fn by_ids(transaction: &mut Transaction, ids: &[ReservationId]) -> Result<Vec<Reservation>, SqlError> {
    from_rows(&transaction.fetch_by_keys(&BY_ID, &[], ids).await?)
}

/// Puts items together that belong to one reservation; its rows follow one another.
pub(super) fn from_rows(rows: &[Row]) -> Result<Vec<Reservation>, SqlError> {
    let mut reservations: Vec<Reservation> = Vec::new();
    for row in rows {
        let id: ReservationId = row.get(0)?;
        match reservations.last_mut() {
            Some(last) if last.id == id => last.items.push(item(row)?),
            _ => reservations.push(reservation(id, row)?),
        }
    }
    Ok(reservations)
}

fn reservation(id: ReservationId, row: &Row) -> Result<Reservation, SqlError> {
    Ok(Reservation {
        id,
        customer: row.get(1)?,
        performance: row.get(2)?,
        items: vec![item(row)?],
        amount: row.get(3)?,
        currency: row.get(4)?,
        created_at: row.get(5)?,
        held_until: row.get(6)?,
        state: codes::state(row, 7)?,
    })
}

fn item(row: &Row) -> Result<Item, SqlError> {
    Ok(Item { id: row.get(10)?, category: row.get(11)?, price: row.get(12)?, seat: row.get(13)? })
}
