//! Rows of visits, and those of one room while it is locked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{QueueNumber, Visit, VisitorId};

use super::codes;
use crate::database::{Row, SizedText, SqlError, Statement, Transaction, Value, in_list, values_rows};

/// What [`visit`] reads.
pub(super) const COLUMNS: &str = "number, visitor, tick_no, let_in_at, claimed_at, expires_at, ended_at, ended_because";

/// The visits of a room that a step has read or made.
#[derive(Debug, Default)]
pub(super) struct Visits {
    known: BTreeMap<QueueNumber, Visit>,
    of_visitor: HashMap<VisitorId, BTreeSet<QueueNumber>>,
    changed: BTreeSet<QueueNumber>,
}

impl Visits {
    /// Takes in what was read.
    pub(super) fn keep(&mut self, visits: impl IntoIterator<Item = Visit>) {
        for visit in visits {
            self.of_visitor.entry(visit.visitor.clone()).or_default().insert(visit.number);
            self.known.insert(visit.number, visit);
        }
    }

    /// Takes in what has just been decided.
    pub(super) fn put(&mut self, visit: Visit) {
        self.changed.insert(visit.number);
        self.keep([visit]);
    }

    /// The visit of a number.
    pub(super) fn get(&self, number: QueueNumber) -> Option<&Visit> {
        self.known.get(&number)
    }

    /// The visits of a visitor that are here.
    pub(super) fn of(&self, visitor: &VisitorId) -> impl Iterator<Item = &Visit> {
        let numbers = self.of_visitor.get(visitor).into_iter().flatten();
        numbers.filter_map(|number| self.known.get(number))
    }

    /// Whether a visitor is inside with another number than this one. One that was picked and has not come yet is not.
    pub(super) fn is_inside_elsewhere(&self, visitor: &VisitorId, number: QueueNumber, now: DateTime<Utc>) -> bool {
        self.of(visitor).any(|visit| visit.number != number && visit.claimed_at.is_some() && visit.is_alive(now))
    }

    /// The ticks of those that have not ended.
    pub(super) fn ticks(&self) -> BTreeSet<i64> {
        let going_on = self.known.values().filter(|visit| visit.ended.is_none() && visit.tick > 0);
        going_on.map(|visit| visit.tick).collect()
    }

    /// Those that are new or changed.
    pub(super) fn changed(&self) -> Vec<&Visit> {
        self.changed.iter().filter_map(|number| self.known.get(number)).collect()
    }
}

pub(super) static BY_NUMBER: SizedText = SizedText::new(|dialect, size| {
    format!(
        "SELECT {COLUMNS} FROM room_visits{} WHERE room_id = ? AND number IN {}",
        dialect.by_primary_key(),
        in_list(size)
    )
});

/// The visits of these numbers.
pub(super) async fn by_numbers(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    numbers: &[QueueNumber],
) -> Result<Vec<Visit>, SqlError> {
    let rows = transaction.fetch_by_keys(&BY_NUMBER, &[Value::from(room)], numbers).await?;
    rows.iter().map(visit).collect()
}

pub(super) static OF_VISITORS: SizedText = SizedText::new(|dialect, size| {
    format!(
        "SELECT {COLUMNS} FROM room_visits{} \
         WHERE room_id = ? AND ended_at IS NULL AND expires_at > ? AND visitor IN {}",
        dialect.by_index("room_visits_of_visitor"),
        in_list(size)
    )
});

/// The visits of these visitors that have neither ended nor expired.
pub(super) async fn going_on(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    visitors: &[&VisitorId],
    now: DateTime<Utc>,
) -> Result<Vec<Visit>, SqlError> {
    let leading = [Value::from(room), Value::from(now)];
    let rows = transaction.fetch_by_keys(&OF_VISITORS, &leading, visitors).await?;
    rows.iter().map(visit).collect()
}

pub(super) static WRITE: SizedText = SizedText::new(|dialect, rows| {
    let changing =
        ["tick_no", "let_in_at", "claimed_at", "expires_at", "ended_at", "ended_because", "pass_id", "change_no"];
    let update = dialect.on_duplicate(&["room_id", "number"], &changing);
    format!("INSERT INTO room_visits ({COLUMNS}, room_id, pass_id, change_no) VALUES {}{update}", values_rows(rows, 11))
});

/// Writes visits that are new or changed.
pub(super) async fn write(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    visits: &[&Visit],
    change: i64,
) -> Result<(), SqlError> {
    let row = |statement: Statement, visit: &&Visit| {
        let statement = statement.bind(visit.number).bind(&visit.visitor).bind(visit.tick).bind(visit.let_in_at);
        let statement = statement.bind(visit.claimed_at).bind(visit.expires_at);
        codes::bind_end(statement, visit.ended).bind(room).bind(visit.pass(room)).bind(change)
    };
    transaction.write_rows(&WRITE, visits, row).await
}

/// A visit.
pub(super) fn visit(row: &Row) -> Result<Visit, SqlError> {
    Ok(Visit {
        number: row.get(0)?,
        visitor: row.get(1)?,
        tick: row.get(2)?,
        let_in_at: row.get(3)?,
        claimed_at: row.get(4)?,
        expires_at: row.get(5)?,
        ended: codes::end(row, 6)?,
    })
}
