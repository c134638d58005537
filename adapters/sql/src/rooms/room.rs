//! Rows of rooms: their terms, how far they have come, their draws.

use chrono::{DateTime, Utc};
use onsale_application::ports::{DrawRecord, RoomRecord};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{Admit, Healing, Phase, Progress, RoomOwner, WaitingRoom};

use crate::catalogue::parsed;
use crate::database::{Row, SqlError, Statement, Transaction, in_list};

/// What [`terms`] reads.
pub(super) const TERMS: &str = "room_id, tenant_id, concert_id, name, admit_count, admit_every_ms, capacity, \
                                max_waiting, pass_seconds, claim_seconds, redirect_url, opens_at, message, phase, \
                                created_at";
/// What [`record`] reads after [`TERMS`].
const PROGRESS: &str = "seed, entrants_digest, ceiling, serving, tick_no, next_tick_at, alive, epoch, healing_until, \
                        resumed_number, change_no";
/// How many columns [`TERMS`] and [`PROGRESS`] name.
const TERMS_COUNT: usize = 15;
const PROGRESS_COUNT: usize = 11;

/// Locks a room and reads it. Everything that changes anything of the room does this first.
pub(super) async fn lock(transaction: &mut Transaction, id: WaitingRoomId) -> Result<Option<RoomRecord>, SqlError> {
    let for_update = transaction.dialect().for_update();
    let text = format!("SELECT {TERMS}, {PROGRESS} FROM waiting_rooms WHERE room_id = ?{for_update}");
    transaction.fetch_optional(Statement::new(text).bind(id)).await?.as_ref().map(record).transpose()
}

/// Reads a room.
pub(super) async fn load(transaction: &mut Transaction, id: WaitingRoomId) -> Result<Option<RoomRecord>, SqlError> {
    let text = format!("SELECT {TERMS}, {PROGRESS} FROM waiting_rooms WHERE room_id = ?");
    transaction.fetch_optional(Statement::new(text).bind(id)).await?.as_ref().map(record).transpose()
}

/// The terms of a room.
pub(super) fn terms(row: &Row) -> Result<WaitingRoom, SqlError> {
    Ok(WaitingRoom {
        id: row.get(0)?,
        owner: row.get::<Option<_>>(1)?.map_or(RoomOwner::Operators, RoomOwner::Tenant),
        concert: row.get(2)?,
        name: row.get(3)?,
        admit: Admit { count: row.get(4)?, every_ms: row.get(5)? },
        capacity: row.get(6)?,
        max_waiting: row.get(7)?,
        pass_seconds: row.get(8)?,
        claim_seconds: row.get(9)?,
        redirect_url: row.get(10)?,
        opens_at: row.get(11)?,
        message: row.get(12)?,
        phase: parsed(row, 13, Phase::from_name)?,
        created_at: row.get(14)?,
    })
}

fn record(row: &Row) -> Result<RoomRecord, SqlError> {
    const FIRST: usize = TERMS_COUNT;
    let entrants = row.get(FIRST + 1)?;
    let resumed_at = row.get::<Option<_>>(FIRST + 9)?;
    let healing = row.get::<Option<_>>(FIRST + 8)?.zip(resumed_at);
    Ok(RoomRecord {
        room: terms(row)?,
        draw: row.get::<Option<_>>(FIRST)?.map(|seed| DrawRecord { seed, entrants }),
        progress: Progress {
            ceiling: row.get(FIRST + 2)?,
            serving: row.get(FIRST + 3)?,
            tick: row.get(FIRST + 4)?,
            next_tick_at: row.get(FIRST + 5)?,
            alive: row.get(FIRST + 6)?,
            epoch: row.get(FIRST + 7)?,
            healing: healing.map(|(until, resumed_at)| Healing { until, resumed_at }),
            change: row.get(FIRST + 10)?,
        },
    })
}

/// Adds a room.
pub(super) async fn insert(transaction: &mut Transaction, record: &RoomRecord) -> Result<(), SqlError> {
    let values = in_list(TERMS_COUNT + PROGRESS_COUNT + 1);
    let text = format!("INSERT INTO waiting_rooms ({TERMS}, {PROGRESS}, entrants) VALUES {values}");
    let RoomRecord { room, progress, draw } = record;
    let statement = Statement::new(text).bind(room.id).bind(tenant(room)).bind(room.concert);
    let statement = bind_terms(statement, room).bind(room.created_at);
    let statement = statement.bind(draw.map(|draw| draw.seed)).bind(draw.and_then(|draw| draw.entrants));
    transaction.execute(bind_progress(statement, progress).bind(0)).await?;
    Ok(())
}

/// Writes the terms and the draw of a room; `now` is when it was closed, if it is.
pub(super) async fn write_terms(
    transaction: &mut Transaction,
    record: &RoomRecord,
    now: DateTime<Utc>,
) -> Result<(), SqlError> {
    let text = "UPDATE waiting_rooms SET name = ?, admit_count = ?, admit_every_ms = ?, capacity = ?, max_waiting = ?, \
                pass_seconds = ?, claim_seconds = ?, redirect_url = ?, opens_at = ?, message = ?, phase = ?, \
                closed_at = ?, entrants_digest = ? WHERE room_id = ?";
    let room = &record.room;
    let statement = bind_terms(Statement::new(text), room)
        .bind((room.phase == Phase::Closed).then_some(now))
        .bind(record.draw.and_then(|draw| draw.entrants))
        .bind(room.id);
    transaction.execute(statement).await?;
    Ok(())
}

/// Writes how far a room has come.
pub(super) async fn write_progress(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    progress: &Progress,
) -> Result<(), SqlError> {
    let text = "UPDATE waiting_rooms SET ceiling = ?, serving = ?, tick_no = ?, next_tick_at = ?, alive = ?, epoch = ?, \
                healing_until = ?, resumed_number = ?, change_no = ? WHERE room_id = ?";
    transaction.execute(bind_progress(Statement::new(text), progress).bind(room)).await?;
    Ok(())
}

fn tenant(room: &WaitingRoom) -> Option<onsale_domain::ids::TenantId> {
    match room.owner {
        RoomOwner::Operators => None,
        RoomOwner::Tenant(tenant) => Some(tenant),
    }
}

/// Binds `name` to `phase`.
fn bind_terms(statement: Statement, room: &WaitingRoom) -> Statement {
    statement
        .bind(room.name.as_str())
        .bind(room.admit.count)
        .bind(room.admit.every_ms)
        .bind(room.capacity)
        .bind(room.max_waiting)
        .bind(room.pass_seconds)
        .bind(room.claim_seconds)
        .bind(room.redirect_url.as_deref())
        .bind(room.opens_at)
        .bind(room.message.as_deref())
        .bind(room.phase.as_str())
}

/// Binds `ceiling` to `change_no`.
fn bind_progress(statement: Statement, progress: &Progress) -> Statement {
    statement
        .bind(progress.ceiling)
        .bind(progress.serving)
        .bind(progress.tick)
        .bind(progress.next_tick_at)
        .bind(progress.alive)
        .bind(progress.epoch)
        .bind(progress.healing.map(|healing| healing.until))
        .bind(progress.healing.map(|healing| healing.resumed_at))
        .bind(progress.change)
}
