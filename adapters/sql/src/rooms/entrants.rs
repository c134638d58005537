//! Rows of entrants of an opening draw.

use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{Phase, Pseudonym, QueueNumber, VisitorId};

use crate::catalogue::{only, parsed};
use crate::database::{SizedText, SqlError, Statement, Transaction, Value, in_list, values_rows};

/// Locks a room for the sake of its draw: its phase, and how many have joined.
pub(super) async fn lock(transaction: &mut Transaction, room: WaitingRoomId) -> Result<Option<(Phase, u32)>, SqlError> {
    let for_update = transaction.dialect().for_update();
    let text = format!("SELECT phase, entrants FROM waiting_rooms WHERE room_id = ?{for_update}");
    let row = transaction.fetch_optional(Statement::new(text).bind(room)).await?;
    row.map(|row| Ok((parsed(&row, 0, Phase::from_name)?, row.get(1)?))).transpose()
}

/// Writes how many have joined a draw whose room is locked.
pub(super) async fn write_count(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    count: u32,
) -> Result<(), SqlError> {
    let statement = Statement::new("UPDATE waiting_rooms SET entrants = ? WHERE room_id = ?");
    transaction.execute(statement.bind(count).bind(room)).await?;
    Ok(())
}

pub(super) static JOINED: SizedText = SizedText::new(|dialect, size| {
    format!(
        "SELECT visitor FROM room_entrants{} WHERE room_id = ? AND visitor IN {}",
        dialect.by_primary_key(),
        in_list(size)
    )
});

/// Those of `visitors` who have joined.
pub(super) async fn joined(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    visitors: &[&VisitorId],
) -> Result<Vec<VisitorId>, SqlError> {
    let rows = transaction.fetch_by_keys(&JOINED, &[Value::from(room)], visitors).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

pub(super) static INSERT: SizedText = SizedText::new(|_, rows| {
    format!("INSERT INTO room_entrants (room_id, visitor, pseudonym) VALUES {}", values_rows(rows, 3))
});

/// Adds entrants who have not joined yet.
pub(super) async fn insert(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    entrants: &[(&VisitorId, Pseudonym)],
) -> Result<(), SqlError> {
    let row = |statement: Statement, (visitor, pseudonym): &(&VisitorId, Pseudonym)| {
        statement.bind(room).bind(*visitor).bind(*pseudonym)
    };
    transaction.write_rows(&INSERT, entrants, row).await
}

/// Removes an entrant; whether there was one.
pub(super) async fn delete(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    visitor: &VisitorId,
) -> Result<bool, SqlError> {
    let statement = Statement::new("DELETE FROM room_entrants WHERE room_id = ? AND visitor = ?");
    Ok(transaction.execute(statement.bind(room).bind(visitor)).await? > 0)
}

/// Every entrant is there already, so that these pseudonyms are written nowhere; [`is_complete`] makes sure of it.
const NO_PSEUDONYM: Pseudonym = [0; 32];

pub(super) static NUMBER: SizedText = SizedText::new(|dialect, rows| {
    let update = dialect.on_duplicate(&["room_id", "visitor"], &["number"]);
    format!("INSERT INTO room_entrants (room_id, visitor, pseudonym, number) VALUES {}{update}", values_rows(rows, 4))
});

/// Writes drawn numbers of visitors who have joined.
pub(super) async fn number(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    numbers: &[(VisitorId, QueueNumber)],
) -> Result<(), SqlError> {
    let row = |statement: Statement, (visitor, number): &(VisitorId, QueueNumber)| {
        statement.bind(room).bind(visitor).bind(NO_PSEUDONYM).bind(*number)
    };
    transaction.write_rows(&NUMBER, numbers, row).await
}

/// Whether `count` entrants, those who joined and no others, have the numbers from 1 to `count`.
pub(super) async fn is_complete(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    count: QueueNumber,
) -> Result<bool, SqlError> {
    let text = "SELECT (SELECT r.entrants FROM waiting_rooms r WHERE r.room_id = ?), COUNT(*), \
                COUNT(DISTINCT e.number), COALESCE(MIN(e.number), 1), COALESCE(MAX(e.number), 0) \
                FROM room_entrants e WHERE e.room_id = ?";
    let row = only(transaction.fetch_optional(Statement::new(text).bind(room).bind(room)).await?)?;
    let found: [QueueNumber; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(4)?];
    Ok(found == [count; 4] && row.get::<QueueNumber>(3)? == 1)
}
