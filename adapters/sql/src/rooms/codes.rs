//! How states are written in tables.

use chrono::{DateTime, Utc};
use onsale_domain::waiting_room::{EndReason, TickKind};

use crate::database::{Row, SqlError, Statement};

const SCHEDULED: u8 = 0;
const BY_HAND: u8 = 1;
const PICKED: u8 = 2;

/// `room_ticks.kind`.
pub(super) const fn kind_code(kind: TickKind) -> u8 {
    match kind {
        TickKind::Scheduled => SCHEDULED,
        TickKind::ByHand => BY_HAND,
        TickKind::Picked => PICKED,
    }
}

/// The kind of a tick that column `index` says.
pub(super) fn kind(row: &Row, index: usize) -> Result<TickKind, SqlError> {
    match row.get::<u8>(index)? {
        SCHEDULED => Ok(TickKind::Scheduled),
        BY_HAND => Ok(TickKind::ByHand),
        PICKED => Ok(TickKind::Picked),
        other => Err(SqlError::Row(format!("a tick's kind is {other}"))),
    }
}

const LEFT: u8 = 1;
const PAID: u8 = 2;
const FINISHED: u8 = 3;
const BLOCKED: u8 = 4;

/// Binds `ended_at` and `ended_because`.
pub(super) fn bind_end(statement: Statement, ended: Option<(DateTime<Utc>, EndReason)>) -> Statement {
    let because = ended.map(|(_, reason)| match reason {
        EndReason::Left => LEFT,
        EndReason::Paid => PAID,
        EndReason::Finished => FINISHED,
        EndReason::Blocked => BLOCKED,
    });
    statement.bind(ended.map(|(at, _)| at)).bind(because)
}

/// Reads `ended_at` and `ended_because`, from column `first` on.
pub(super) fn end(row: &Row, first: usize) -> Result<Option<(DateTime<Utc>, EndReason)>, SqlError> {
    let Some(at) = row.get(first)? else { return Ok(None) };
    let reason = match row.get::<u8>(first + 1)? {
        LEFT => EndReason::Left,
        PAID => EndReason::Paid,
        FINISHED => EndReason::Finished,
        BLOCKED => EndReason::Blocked,
        other => return Err(SqlError::Row(format!("a visit ended because of {other}"))),
    };
    Ok(Some((at, reason)))
}
