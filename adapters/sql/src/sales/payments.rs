//! Rows of payments and refunds.

use onsale_domain::ids::ReservationId;
use onsale_domain::payment::{Payment, Refund};

use crate::database::{Row, SizedText, SqlError, Statement, Transaction, in_list, values_rows};

/// What [`payment`] reads and [`add_payments`] writes.
pub(super) const PAYMENT_COLUMNS: &str =
    "payment_id, reservation_id, customer_id, amount, discount, balance_after, paid_at, coupon_id";
const REFUND_COLUMNS: &str =
    "refund_id, payment_id, reservation_id, customer_id, amount, balance_after, refunded_at, coupon_id";

pub(super) static PAYMENTS_OF: SizedText = SizedText::new(|_, size| {
    format!("SELECT {PAYMENT_COLUMNS} FROM payments WHERE reservation_id IN {}", in_list(size))
});

/// The payments of reservations, those that exist.
pub(super) async fn payments_of(
    transaction: &mut Transaction,
    reservations: &[ReservationId],
) -> Result<Vec<Payment>, SqlError> {
    transaction.fetch_by_keys(&PAYMENTS_OF, &[], reservations).await?.iter().map(payment).collect()
}

/// A payment.
pub(super) fn payment(row: &Row) -> Result<Payment, SqlError> {
    Ok(Payment {
        id: row.get(0)?,
        reservation: row.get(1)?,
        customer: row.get(2)?,
        amount: row.get(3)?,
        discount: row.get(4)?,
        balance: row.get(5)?,
        paid_at: row.get(6)?,
        coupon: row.get(7)?,
    })
}

pub(super) static REFUNDS_OF: SizedText =
    SizedText::new(|_, size| format!("SELECT {REFUND_COLUMNS} FROM refunds WHERE reservation_id IN {}", in_list(size)));

/// The refunds of reservations, those that exist.
pub(super) async fn refunds_of(
    transaction: &mut Transaction,
    reservations: &[ReservationId],
) -> Result<Vec<Refund>, SqlError> {
    transaction.fetch_by_keys(&REFUNDS_OF, &[], reservations).await?.iter().map(refund).collect()
}

fn refund(row: &Row) -> Result<Refund, SqlError> {
    Ok(Refund {
        id: row.get(0)?,
        payment: row.get(1)?,
        reservation: row.get(2)?,
        customer: row.get(3)?,
        amount: row.get(4)?,
        balance: row.get(5)?,
        refunded_at: row.get(6)?,
        coupon: row.get(7)?,
    })
}

pub(super) static INSERT_PAYMENTS: SizedText =
    SizedText::new(|_, rows| format!("INSERT INTO payments ({PAYMENT_COLUMNS}) VALUES {}", values_rows(rows, 8)));

/// Adds payments.
pub(super) async fn add_payments(transaction: &mut Transaction, payments: &[Payment]) -> Result<(), SqlError> {
    let row = |statement: Statement, payment: &Payment| {
        let statement = statement.bind(payment.id).bind(payment.reservation).bind(payment.customer);
        statement
            .bind(payment.amount)
            .bind(payment.discount)
            .bind(payment.balance)
            .bind(payment.paid_at)
            .bind(payment.coupon)
    };
    transaction.write_rows(&INSERT_PAYMENTS, payments, row).await
}

pub(super) static INSERT_REFUNDS: SizedText =
    SizedText::new(|_, rows| format!("INSERT INTO refunds ({REFUND_COLUMNS}) VALUES {}", values_rows(rows, 8)));

/// Adds refunds.
pub(super) async fn add_refunds(transaction: &mut Transaction, refunds: &[Refund]) -> Result<(), SqlError> {
    let row = |statement: Statement, refund: &Refund| {
        let statement = statement.bind(refund.id).bind(refund.payment).bind(refund.reservation).bind(refund.customer);
        statement.bind(refund.amount).bind(refund.balance).bind(refund.refunded_at).bind(refund.coupon)
    };
    transaction.write_rows(&INSERT_REFUNDS, refunds, row).await
}
