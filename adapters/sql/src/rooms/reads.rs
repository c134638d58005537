//! Reading without deciding.

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{Page, RoomChanges, RoomHeadline};
use onsale_domain::ids::{ConcertId, PassId, WaitingRoomId};
use onsale_domain::waiting_room::{QueueNumber, RoomOwner, Tick, Visit, VisitorId, WaitingRoom};

use super::room::{self, TERMS};
use super::{ticks, visits};
use crate::database::{Database, Row, SqlError, Statement, Transaction, Value};
use crate::page::page;

/// How long a closed room is still shown, and live.
pub(super) const SHOWN_AFTER_CLOSING: TimeDelta = TimeDelta::days(1);

/// Rooms of `owner`, or of everybody, newest first.
pub(super) async fn list(
    database: &Database,
    owner: Option<RoomOwner>,
    before: Option<WaitingRoomId>,
    limit: u32,
) -> Result<Page<WaitingRoom, WaitingRoomId>, SqlError> {
    let mut conditions = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    match owner {
        None => {}
        Some(RoomOwner::Operators) => conditions.push("tenant_id IS NULL"),
        Some(RoomOwner::Tenant(tenant)) => {
            conditions.push("tenant_id = ?");
            values.push(tenant.into());
        }
    }
    if let Some(before) = before {
        conditions.push("room_id < ?");
        values.push(before.into());
    }
    let clause = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let text = format!("SELECT {TERMS} FROM waiting_rooms{clause} ORDER BY room_id DESC LIMIT ?");
    let statement = Statement::new(text).bind_all(values).bind(i64::from(limit) + 1);
    let rooms = database.fetch_all(statement).await?.iter().map(room::terms).collect::<Result<Vec<_>, _>>()?;
    Ok(page(rooms, limit, |room| room.id))
}

/// Rooms that are not closed, or have not been for long.
pub(super) async fn live(database: &Database, now: DateTime<Utc>) -> Result<Vec<RoomHeadline>, SqlError> {
    let text = "SELECT room_id, change_no, concert_id FROM waiting_rooms WHERE closed_at IS NULL OR closed_at > ?";
    let rows = database.fetch_all(Statement::new(text).bind(now - SHOWN_AFTER_CLOSING)).await?;
    let headline = |row: &Row| {
        let guards = row.get::<Option<ConcertId>>(2)?.is_some();
        Ok(RoomHeadline { room: row.get(0)?, change: row.get(1)?, guards })
    };
    rows.iter().map(headline).collect()
}

/// The room in front of a concert.
pub(super) async fn guarding(database: &Database, concert: ConcertId) -> Result<Option<WaitingRoomId>, SqlError> {
    let text = "SELECT room_id FROM waiting_rooms WHERE concert_id = ? AND closed_at IS NULL";
    database.fetch_optional(Statement::new(text).bind(concert)).await?.map(|row| row.get(0)).transpose()
}

/// What has changed in a room since `change`, as of one moment.
pub(super) async fn changes(
    database: &Database,
    id: WaitingRoomId,
    change: i64,
    now: DateTime<Utc>,
) -> Result<Option<RoomChanges>, SqlError> {
    let mut transaction = database.begin_read().await?;
    let Some(record) = room::load(&mut transaction, id).await? else { return Ok(None) };
    let mut changes = RoomChanges { record, ticks: Vec::new(), visits: Vec::new(), blocks: Vec::new() };
    if change == 0 {
        read_all(&mut transaction, &mut changes, now).await?;
    } else if changes.record.progress.change > change {
        read_since(&mut transaction, &mut changes, change).await?;
    }
    transaction.rollback().await?;
    Ok(Some(changes))
}

/// Everything that still matters at `now`.
async fn read_all(
    transaction: &mut Transaction,
    changes: &mut RoomChanges,
    now: DateTime<Utc>,
) -> Result<(), SqlError> {
    let room = changes.record.room.id;
    let text = format!(
        "SELECT {} FROM room_ticks WHERE room_id = ? AND expired = 0 AND expires_at > ? ORDER BY tick_no",
        ticks::COLUMNS
    );
    let rows = transaction.fetch_all(Statement::new(text).bind(room).bind(now)).await?;
    changes.ticks = rows.iter().map(ticks::tick).collect::<Result<_, _>>()?;
    // Who ended before its turn, or was picked before it and has expired, matters until its turn has passed, too: its number
    // looks as if it waited or were let in.
    let first = first_that_matters(&changes.ticks, changes.record.progress.serving);
    let text = format!(
        "SELECT {} FROM room_visits WHERE room_id = ? AND (expires_at > ? OR number >= ?) ORDER BY number",
        visits::COLUMNS
    );
    let rows = transaction.fetch_all(Statement::new(text).bind(room).bind(now).bind(first)).await?;
    changes.visits = rows.iter().map(visits::visit).collect::<Result<_, _>>()?;
    let blocked = "SELECT visitor, blocked FROM room_blocks WHERE room_id = ? AND blocked = 1 ORDER BY visitor";
    let rows = transaction.fetch_all(Statement::new(blocked).bind(room)).await?;
    changes.blocks = rows.iter().map(block).collect::<Result<_, _>>()?;
    Ok(())
}

fn first_that_matters(ticks: &[Tick], serving: QueueNumber) -> QueueNumber {
    ticks.iter().filter(|tick| tick.to > 0).map(|tick| tick.from).min().unwrap_or(serving + 1)
}

async fn read_since(transaction: &mut Transaction, changes: &mut RoomChanges, change: i64) -> Result<(), SqlError> {
    let (room, dialect) = (changes.record.room.id, transaction.dialect());
    let since = |columns: &str, table: &str| {
        let index = dialect.by_index(&format!("{table}_by_change"));
        let text =
            format!("SELECT {columns} FROM {table}{index} WHERE room_id = ? AND change_no > ? ORDER BY change_no");
        Statement::new(text).bind(room).bind(change)
    };
    let rows = transaction.fetch_all(since(ticks::COLUMNS, "room_ticks")).await?;
    changes.ticks = rows.iter().map(ticks::tick).collect::<Result<_, _>>()?;
    let rows = transaction.fetch_all(since(visits::COLUMNS, "room_visits")).await?;
    changes.visits = rows.iter().map(visits::visit).collect::<Result<_, _>>()?;
    let rows = transaction.fetch_all(since("visitor, blocked", "room_blocks")).await?;
    changes.blocks = rows.iter().map(block).collect::<Result<_, _>>()?;
    Ok(())
}

fn block(row: &Row) -> Result<(VisitorId, bool), SqlError> {
    Ok((row.get(0)?, row.get(1)?))
}

/// The newest visit of a visitor that is alive at `now`; one that was picked and has not come in time is not.
pub(super) async fn alive_visit(
    database: &Database,
    room: WaitingRoomId,
    visitor: &VisitorId,
    now: DateTime<Utc>,
) -> Result<Option<Visit>, SqlError> {
    let columns = visits::COLUMNS.split(", ").map(|column| format!("v.{column}")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "SELECT {columns} FROM room_visits v \
         LEFT JOIN room_ticks t ON t.room_id = v.room_id AND t.tick_no = v.tick_no \
         WHERE v.room_id = ? AND v.visitor = ? AND v.tick_no > 0 AND v.ended_at IS NULL AND v.expires_at > ? \
         AND (v.claimed_at IS NOT NULL OR t.claim_until > ?) ORDER BY v.number DESC LIMIT 1"
    );
    let statement = Statement::new(text).bind(room).bind(visitor).bind(now).bind(now);
    database.fetch_optional(statement).await?.as_ref().map(visits::visit).transpose()
}

/// The visit of a pass.
pub(super) async fn visit_of_pass(
    database: &Database,
    room: WaitingRoomId,
    pass: PassId,
) -> Result<Option<Visit>, SqlError> {
    let text = format!("SELECT {} FROM room_visits WHERE room_id = ? AND pass_id = ?", visits::COLUMNS);
    database.fetch_optional(Statement::new(text).bind(room).bind(pass)).await?.as_ref().map(visits::visit).transpose()
}
