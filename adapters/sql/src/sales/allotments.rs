//! Rows of allotments, and the holds on them whose time has passed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use onsale_domain::allotment::Allotment;
use onsale_domain::ids::{CategoryId, PerformanceId, ReservationId};

use super::performance::Places;
use crate::database::{Row, SizedText, SqlError, Statement, Transaction, Value, in_list, values_rows};

pub(super) static LOCK: SizedText = SizedText::new(|dialect, size| {
    format!(
        "SELECT category_no, capacity, taken FROM allotments{} \
         WHERE performance_id = ? AND category_no IN {} ORDER BY category_no{}",
        dialect.by_primary_key(),
        in_list(size),
        dialect.for_update()
    )
});

/// Locks the allotments of `categories`, in the order of their places, and reads them; a category that has none is left
/// out.
pub(super) async fn lock(
    transaction: &mut Transaction,
    performance: PerformanceId,
    places: &Places,
    categories: impl Iterator<Item = CategoryId>,
) -> Result<BTreeMap<CategoryId, Allotment>, SqlError> {
    let mut numbers: Vec<u32> = categories.filter_map(|category| places.number(category)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let rows = transaction.fetch_by_keys(&LOCK, &[Value::from(performance)], &numbers).await?;
    let allotment = |row: &Row| {
        let category = places.category(row.get(0)?)?;
        Ok((category, Allotment { category, capacity: row.get(1)?, taken: row.get(2)? }))
    };
    rows.iter().map(allotment).collect()
}

pub(super) static UPDATE: SizedText = SizedText::new(|dialect, rows| {
    let update = dialect.on_duplicate(&["performance_id", "category_no"], &["taken"]);
    let values = values_rows(rows, 4);
    format!("INSERT INTO allotments (performance_id, category_no, capacity, taken) VALUES {values}{update}")
});

/// Writes what is taken of allotments that exist and are locked.
pub(super) async fn write<'a>(
    transaction: &mut Transaction,
    performance: PerformanceId,
    places: &Places,
    allotments: impl Iterator<Item = &'a Allotment>,
) -> Result<(), SqlError> {
    let allotments: Vec<&Allotment> = allotments.collect();
    let row = |statement: Statement, allotment: &&Allotment| {
        let statement = statement.bind(performance).bind(places.number(allotment.category));
        statement.bind(allotment.capacity).bind(allotment.taken)
    };
    transaction.write_rows(&UPDATE, &allotments, row).await
}

/// The earliest holds on tickets of `category` that ended at `now` or before and that nobody has ended, at most `limit`.
///
/// The index has the performance's holds by their ends, seats' holds among them. Those past it are few, because each is
/// tidied when it ends.
pub(super) async fn ended_holds(
    transaction: &mut Transaction,
    performance: PerformanceId,
    category: CategoryId,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<ReservationId>, SqlError> {
    let text = format!(
        "SELECT r.reservation_id FROM reservations r{} \
         JOIN reservation_items i ON i.reservation_id = r.reservation_id AND i.item_no = 0 \
         WHERE r.performance_id = ? AND r.status = 0 AND r.held_until <= ? \
         AND i.category_id = ? AND i.seat_no IS NULL ORDER BY r.held_until, r.reservation_id LIMIT ?",
        transaction.dialect().by_index("reservations_of_performance")
    );
    let statement = Statement::new(text).bind(performance).bind(now).bind(category).bind(limit);
    transaction.fetch_all(statement).await?.iter().map(|row| row.get(0)).collect()
}
