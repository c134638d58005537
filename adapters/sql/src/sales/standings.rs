//! What counts against customers' limits.

use onsale_domain::box_office::Standing;
use onsale_domain::ids::{AccountId, PerformanceId, ReservationId};

use super::codes;
use crate::database::{Row, SizedText, SqlError, Transaction, Value, in_list};

/// Holds of every performance, because open holds are limited over all of them; payments of this one only.
pub(super) static OF_CUSTOMERS: SizedText = SizedText::new(|dialect, size| {
    format!(
        "SELECT customer_id, reservation_id, performance_id, quantity, status, held_until FROM reservations{} \
         WHERE (status = {held} OR performance_id = ?) AND status IN ({held}, {paid}) AND customer_id IN {}",
        dialect.by_index("reservations_of_customer"),
        in_list(size),
        held = codes::HELD,
        paid = codes::PAID,
    )
});

/// The standings of `customers`, whose accounts are locked, so that no other group adds one meanwhile.
pub(super) async fn of_customers(
    transaction: &mut Transaction,
    performance: PerformanceId,
    customers: &[AccountId],
) -> Result<Vec<(AccountId, ReservationId, Standing)>, SqlError> {
    let rows = transaction.fetch_by_keys(&OF_CUSTOMERS, &[Value::from(performance)], customers).await?;
    rows.iter().map(standing).collect()
}

fn standing(row: &Row) -> Result<(AccountId, ReservationId, Standing), SqlError> {
    let held_until = if row.get::<u8>(4)? == codes::HELD { Some(row.get(5)?) } else { None };
    let standing = Standing { performance: row.get(2)?, quantity: row.get(3)?, held_until };
    Ok((row.get(0)?, row.get(1)?, standing))
}
