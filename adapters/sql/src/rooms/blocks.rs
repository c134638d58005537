//! Rows of visitors that are shut out.

use std::collections::BTreeMap;

use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::VisitorId;

use crate::database::{SizedText, SqlError, Statement, Transaction, Value, in_list, values_rows};

/// Who is shut out, as far as a step has read or decided it.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    known: BTreeMap<VisitorId, bool>,
    changed: BTreeMap<VisitorId, bool>,
}

impl Blocks {
    /// Takes in what was read.
    pub(super) fn keep(&mut self, blocked: impl IntoIterator<Item = VisitorId>) {
        self.known.extend(blocked.into_iter().map(|visitor| (visitor, true)));
    }

    /// Whether a visitor is shut out.
    pub(super) fn has(&self, visitor: &VisitorId) -> bool {
        self.known.get(visitor).copied().unwrap_or(false)
    }

    /// Shuts a visitor out or lets it back.
    pub(super) fn set(&mut self, visitor: &VisitorId, blocked: bool) {
        if self.has(visitor) != blocked {
            self.known.insert(visitor.clone(), blocked);
            self.changed.insert(visitor.clone(), blocked);
        }
    }

    /// What has changed.
    pub(super) fn changed(&self) -> Vec<(&VisitorId, bool)> {
        self.changed.iter().map(|(visitor, blocked)| (visitor, *blocked)).collect()
    }
}

pub(super) static BLOCKED: SizedText = SizedText::new(|dialect, size| {
    format!(
        "SELECT visitor FROM room_blocks{} WHERE room_id = ? AND blocked = 1 AND visitor IN {}",
        dialect.by_primary_key(),
        in_list(size)
    )
});

/// Those of `visitors` that are shut out.
pub(super) async fn blocked(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    visitors: &[&VisitorId],
) -> Result<Vec<VisitorId>, SqlError> {
    let rows = transaction.fetch_by_keys(&BLOCKED, &[Value::from(room)], visitors).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

pub(super) static WRITE: SizedText = SizedText::new(|dialect, rows| {
    let update = dialect.on_duplicate(&["room_id", "visitor"], &["blocked", "change_no"]);
    format!("INSERT INTO room_blocks (room_id, visitor, blocked, change_no) VALUES {}{update}", values_rows(rows, 4))
});

/// Writes who was shut out or let back.
pub(super) async fn write(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    blocks: &[(&VisitorId, bool)],
    change: i64,
) -> Result<(), SqlError> {
    let row = |statement: Statement, (visitor, blocked): &(&VisitorId, bool)| {
        statement.bind(room).bind(*visitor).bind(*blocked).bind(change)
    };
    transaction.write_rows(&WRITE, blocks, row).await
}
