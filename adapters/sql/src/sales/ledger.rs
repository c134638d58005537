//! Rows of the ledger.

use onsale_domain::points::{EntryKind, EntryReferences, LedgerEntry};

use super::codes;
use crate::database::{Row, SizedText, SqlError, Statement, Transaction, values_rows};

/// What [`entry`] reads and [`append`] writes.
pub(super) const COLUMNS: &str = "entry_id, kind, debit, credit, customer_id, amount, balance_after, at, \
                                  performance_id, reservation_id, payment_id, refund_id, charge_id";

pub(super) static INSERT: SizedText =
    SizedText::new(|_, rows| format!("INSERT INTO ledger_entries ({COLUMNS}) VALUES {}", values_rows(rows, 13)));

/// Appends entries.
pub(super) async fn append(transaction: &mut Transaction, entries: &[LedgerEntry]) -> Result<(), SqlError> {
    transaction.write_rows(&INSERT, entries, bind).await
}

fn bind(statement: Statement, entry: &LedgerEntry) -> Statement {
    let references = &entry.references;
    statement
        .bind(entry.id)
        .bind(entry.kind.as_str())
        .bind(codes::ledger_name(entry.debit))
        .bind(codes::ledger_name(entry.credit))
        .bind(entry.customer())
        .bind(entry.amount)
        .bind(entry.balance_after)
        .bind(entry.at)
        .bind(references.performance)
        .bind(references.reservation)
        .bind(references.payment)
        .bind(references.refund)
        .bind(references.charge)
}

/// An entry.
pub(super) fn entry(row: &Row) -> Result<LedgerEntry, SqlError> {
    let customer = row.get(4)?;
    let kind: String = row.get(1)?;
    Ok(LedgerEntry {
        id: row.get(0)?,
        kind: EntryKind::from_name(&kind).ok_or_else(|| SqlError::Row(format!("`{kind}` is no kind of entry")))?,
        debit: codes::ledger_account(&row.get::<String>(2)?, customer)?,
        credit: codes::ledger_account(&row.get::<String>(3)?, customer)?,
        amount: row.get(5)?,
        balance_after: row.get(6)?,
        at: row.get(7)?,
        references: EntryReferences {
            performance: row.get(8)?,
            reservation: row.get(9)?,
            payment: row.get(10)?,
            refund: row.get(11)?,
            charge: row.get(12)?,
        },
    })
}
