//! How states are written in tables.

use onsale_domain::ids::{AccountId, ReservationId};
use onsale_domain::points::LedgerAccount;
use onsale_domain::reservation::{ReservationState, ReservationStatus};
use onsale_domain::seat::SeatState;

use crate::database::{Row, SqlError, Statement};

/// `reservations.status`.
pub(super) const HELD: u8 = 0;
pub(super) const PAID: u8 = 1;
const REFUNDED: u8 = 2;
pub(super) const EXPIRED: u8 = 3;
const CANCELLED: u8 = 4;

/// The code of a status, whatever the time is.
pub(super) const fn status_code(status: ReservationStatus) -> u8 {
    match status {
        ReservationStatus::Held => HELD,
        ReservationStatus::Paid => PAID,
        ReservationStatus::Refunded => REFUNDED,
        ReservationStatus::Expired => EXPIRED,
        ReservationStatus::Cancelled => CANCELLED,
    }
}

/// Binds `status`, `payment_id` and `settled_at`.
pub(super) fn bind_state(statement: Statement, state: &ReservationState) -> Statement {
    let (code, payment, at) = match *state {
        ReservationState::Held => (HELD, None, None),
        ReservationState::Paid { payment, at } => (PAID, Some(payment), Some(at)),
        ReservationState::Refunded { payment, at } => (REFUNDED, Some(payment), Some(at)),
        ReservationState::Expired => (EXPIRED, None, None),
        ReservationState::Cancelled => (CANCELLED, None, None),
    };
    statement.bind(code).bind(payment).bind(at)
}

/// Reads `status`, `payment_id` and `settled_at`, from column `first` on.
pub(super) fn state(row: &Row, first: usize) -> Result<ReservationState, SqlError> {
    match row.get::<u8>(first)? {
        HELD => Ok(ReservationState::Held),
        PAID => Ok(ReservationState::Paid { payment: row.get(first + 1)?, at: row.get(first + 2)? }),
        REFUNDED => Ok(ReservationState::Refunded { payment: row.get(first + 1)?, at: row.get(first + 2)? }),
        EXPIRED => Ok(ReservationState::Expired),
        CANCELLED => Ok(ReservationState::Cancelled),
        other => Err(SqlError::Row(format!("a reservation's status is {other}"))),
    }
}

/// `seats.state`.
const SEAT_FREE: u8 = 0;
const SEAT_HELD: u8 = 1;
const SEAT_SOLD: u8 = 2;

/// Binds `state`, `reservation_id` and `held_until`.
pub(super) fn bind_seat_state(statement: Statement, state: &SeatState) -> Statement {
    match *state {
        SeatState::Free => statement.bind(SEAT_FREE).bind(None::<ReservationId>).bind(None::<i64>),
        SeatState::Held { by, until } => statement.bind(SEAT_HELD).bind(by).bind(until),
        SeatState::Sold { to } => statement.bind(SEAT_SOLD).bind(to).bind(None::<i64>),
    }
}

/// Reads `state`, `reservation_id` and `held_until`, from column `first` on.
pub(super) fn seat_state(row: &Row, first: usize) -> Result<SeatState, SqlError> {
    match row.get::<u8>(first)? {
        SEAT_FREE => Ok(SeatState::Free),
        SEAT_HELD => Ok(SeatState::Held { by: row.get(first + 1)?, until: row.get(first + 2)? }),
        SEAT_SOLD => Ok(SeatState::Sold { to: row.get(first + 1)? }),
        other => Err(SqlError::Row(format!("a seat's state is {other}"))),
    }
}

const CUSTOMER: &str = "customer";
const SALES: &str = "sales";
const PROMOTION: &str = "promotion";
const OUTSIDE: &str = "outside";

/// `ledger_entries.debit` and `.credit`.
pub(super) const fn ledger_name(account: LedgerAccount) -> &'static str {
    match account {
        LedgerAccount::Customer(_) => CUSTOMER,
        LedgerAccount::Sales => SALES,
        LedgerAccount::Promotion => PROMOTION,
        LedgerAccount::Outside => OUTSIDE,
    }
}

/// The ledger account of that name; `customer` is the entry's.
pub(super) fn ledger_account(name: &str, customer: Option<AccountId>) -> Result<LedgerAccount, SqlError> {
    match (name, customer) {
        (CUSTOMER, Some(customer)) => Ok(LedgerAccount::Customer(customer)),
        (SALES, _) => Ok(LedgerAccount::Sales),
        (PROMOTION, _) => Ok(LedgerAccount::Promotion),
        (OUTSIDE, _) => Ok(LedgerAccount::Outside),
        _ => Err(SqlError::Row(format!("`{name}` is no ledger account"))),
    }
}
