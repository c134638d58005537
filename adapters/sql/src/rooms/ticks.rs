//! Rows of ticks, and those of one room while it is locked.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{QueueNumber, Tick};

use super::codes;
use crate::database::{Row, SizedText, SqlError, Statement, Transaction, Value, in_list, values_rows};

/// What [`tick`] reads.
pub(super) const COLUMNS: &str = "tick_no, kind, from_number, to_number, at, claim_until, expires_at, present, claimed, \
                                  ended, ended_unclaimed, settled, expired";
/// Ticks that one step counts out at most. After a long silence the next steps count out the rest; until then too many
/// count as inside, never too few.
const DUE: u32 = 4_096;
/// Ticks that are read at once to find out which of them let some numbers in.
const COVERING: u32 = 32;

/// The ticks of a room that a step has read or made.
#[derive(Debug, Default)]
pub(super) struct Ticks {
    known: BTreeMap<i64, Tick>,
    before: BTreeMap<i64, Tick>,
}

impl Ticks {
    /// Takes in what was read; a tick that is here already stays as it is.
    pub(super) fn keep(&mut self, ticks: impl IntoIterator<Item = Tick>) {
        for tick in ticks {
            self.before.entry(tick.no).or_insert_with(|| tick.clone());
            self.known.entry(tick.no).or_insert(tick);
        }
    }

    /// Adds one that has just been decided.
    pub(super) fn add(&mut self, tick: Tick) {
        self.known.insert(tick.no, tick);
    }

    /// The tick of that number.
    pub(super) fn get_mut(&mut self, no: i64) -> Option<&mut Tick> {
        self.known.get_mut(&no)
    }

    /// All of them.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Tick> {
        self.known.values_mut()
    }

    /// Whether the tick of that number is here.
    pub(super) fn has(&self, no: i64) -> bool {
        self.known.contains_key(&no)
    }

    /// The number of the tick that let `number` in, if it is here.
    pub(super) fn covering(&self, number: QueueNumber) -> Option<i64> {
        self.known.values().rev().find(|tick| tick.covers(number)).map(|tick| tick.no)
    }

    /// Those that are new or not as they were read.
    pub(super) fn changed(&self) -> Vec<&Tick> {
        self.known.values().filter(|tick| self.before.get(&tick.no) != Some(tick)).collect()
    }
}

/// Ticks with somebody to count out at `now`.
pub(super) async fn due(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    now: DateTime<Utc>,
) -> Result<Vec<Tick>, SqlError> {
    let dialect = transaction.dialect();
    let text = format!(
        "SELECT {COLUMNS} FROM room_ticks{} WHERE room_id = ? AND settled = 0 AND claim_until <= ? \
         UNION ALL SELECT {COLUMNS} FROM room_ticks{} WHERE room_id = ? AND expired = 0 AND expires_at <= ? LIMIT ?",
        dialect.by_index("room_ticks_by_claim"),
        dialect.by_index("room_ticks_by_end"),
    );
    let statement = Statement::new(text).bind(room).bind(now).bind(room).bind(now).bind(DUE);
    transaction.fetch_all(statement).await?.iter().map(tick).collect()
}

/// The ticks that let `numbers` in, among others: those of numbers that were purged are missing. `numbers` are in ascending
/// order. As a rule everybody who comes at once was let in by the same few ticks, so one statement finds them.
pub(super) async fn covering(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    numbers: &[QueueNumber],
) -> Result<Vec<Tick>, SqlError> {
    let Some(last) = numbers.last() else { return Ok(Vec::new()) };
    let text = format!(
        "SELECT {COLUMNS} FROM room_ticks{} WHERE room_id = ? AND to_number >= ? AND from_number <= ? \
         ORDER BY to_number LIMIT ?",
        transaction.dialect().by_index("room_ticks_by_number")
    );
    let mut found: Vec<Tick> = Vec::new();
    let mut numbers = numbers.iter().peekable();
    while let Some(first) = numbers.peek() {
        let statement = Statement::new(text.clone()).bind(room).bind(**first).bind(*last).bind(COVERING);
        let rows = transaction.fetch_all(statement).await?;
        let ticks = rows.iter().map(tick).collect::<Result<Vec<_>, _>>()?;
        let Some(read) = ticks.last().map(|tick| tick.to) else { break };
        found.extend(ticks);
        while numbers.next_if(|number| **number <= read).is_some() {}
    }
    Ok(found)
}

pub(super) static BY_NO: SizedText = SizedText::new(|dialect, size| {
    format!(
        "SELECT {COLUMNS} FROM room_ticks{} WHERE room_id = ? AND tick_no IN {}",
        dialect.by_primary_key(),
        in_list(size)
    )
});

/// The ticks of these numbers of theirs.
pub(super) async fn by_nos(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    nos: &[i64],
) -> Result<Vec<Tick>, SqlError> {
    let rows = transaction.fetch_by_keys(&BY_NO, &[Value::from(room)], nos).await?;
    rows.iter().map(tick).collect()
}

pub(super) static WRITE: SizedText = SizedText::new(|dialect, rows| {
    let changing = ["present", "claimed", "ended", "ended_unclaimed", "settled", "expired", "change_no"];
    let update = dialect.on_duplicate(&["room_id", "tick_no"], &changing);
    format!("INSERT INTO room_ticks ({COLUMNS}, room_id, change_no) VALUES {}{update}", values_rows(rows, 15))
});

/// Writes ticks that are new or changed.
pub(super) async fn write(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    ticks: &[&Tick],
    change: i64,
) -> Result<(), SqlError> {
    let row = |statement: Statement, tick: &&Tick| {
        let statement = statement.bind(tick.no).bind(codes::kind_code(tick.kind)).bind(tick.from).bind(tick.to);
        let statement = statement.bind(tick.at).bind(tick.claim_until).bind(tick.expires_at).bind(tick.present);
        let statement = statement.bind(tick.claimed).bind(tick.ended).bind(tick.ended_unclaimed);
        statement.bind(tick.settled).bind(tick.expired).bind(room).bind(change)
    };
    transaction.write_rows(&WRITE, ticks, row).await
}

/// A tick.
pub(super) fn tick(row: &Row) -> Result<Tick, SqlError> {
    Ok(Tick {
        no: row.get(0)?,
        kind: codes::kind(row, 1)?,
        from: row.get(2)?,
        to: row.get(3)?,
        at: row.get(4)?,
        claim_until: row.get(5)?,
        expires_at: row.get(6)?,
        present: row.get(7)?,
        claimed: row.get(8)?,
        ended: row.get(9)?,
        ended_unclaimed: row.get(10)?,
        settled: row.get(11)?,
        expired: row.get(12)?,
    })
}
