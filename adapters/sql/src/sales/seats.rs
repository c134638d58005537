//! Rows of seats.

use onsale_domain::ids::PerformanceId;
use onsale_domain::seat::{Seat, SeatNo};

use super::codes;
use super::performance::Places;
use crate::database::{SizedText, SqlError, Statement, Transaction, Value, in_list, values_rows};

pub(super) static LOCK: SizedText = SizedText::new(|dialect, size| {
    format!(
        "SELECT seat_no, category_no, state, reservation_id, held_until FROM seats{} \
         WHERE performance_id = ? AND seat_no IN {} ORDER BY seat_no{}",
        dialect.by_primary_key(),
        in_list(size),
        dialect.for_update()
    )
});

/// Locks seats, in ascending order, and reads them.
pub(super) async fn lock(
    transaction: &mut Transaction,
    performance: PerformanceId,
    places: &Places,
    mut numbers: Vec<SeatNo>,
) -> Result<Vec<Seat>, SqlError> {
    numbers.sort_unstable();
    numbers.dedup();
    let rows = transaction.fetch_by_keys(&LOCK, &[Value::from(performance)], &numbers).await?;
    let seat = |row: &crate::database::Row| {
        let category = places.category(row.get(1)?)?;
        Ok(Seat { no: row.get(0)?, category, state: codes::seat_state(row, 2)? })
    };
    rows.iter().map(seat).collect()
}

pub(super) static UPDATE: SizedText = SizedText::new(|dialect, rows| {
    let update = dialect.on_duplicate(&["performance_id", "seat_no"], &["state", "reservation_id", "held_until"]);
    let values = values_rows(rows, 6);
    format!(
        "INSERT INTO seats (performance_id, seat_no, category_no, state, reservation_id, held_until) \
         VALUES {values}{update}"
    )
});

/// Writes the states of seats that exist and are locked.
pub(super) async fn write<'a>(
    transaction: &mut Transaction,
    performance: PerformanceId,
    places: &Places,
    seats: impl Iterator<Item = &'a Seat>,
) -> Result<(), SqlError> {
    let seats: Vec<&Seat> = seats.collect();
    let row = |statement: Statement, seat: &&Seat| {
        let statement = statement.bind(performance).bind(seat.no).bind(places.number(seat.category));
        codes::bind_seat_state(statement, &seat.state)
    };
    transaction.write_rows(&UPDATE, &seats, row).await
}
