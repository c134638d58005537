//! Removing what nobody will ask for again.
//!
//! Ticks go from the front, together with everybody up to the last number that they let in. What is left answers the same:
//! a number that was let in, and that no tick lets in, has expired.

use chrono::{DateTime, TimeDelta, Utc};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::QueueNumber;

use super::desk::{Desk, Step, in_time};
use super::locked::LockedRoom;
use crate::database::{SqlError, Statement, Transaction};
use crate::settling::attempt;

/// How long a tick is kept: twice as long as its passes can be good.
const TICKS_KEPT: TimeDelta = TimeDelta::days(2);
/// How long the visits of a closed room are kept that no tick takes with it.
const CLOSED_KEPT: TimeDelta = TimeDelta::days(30);
/// Rooms that one purge looks into.
const ROOMS: u32 = 16;

impl Desk {
    /// Deletes at most `limit` redemptions, and of each of some rooms about as many visits and ticks.
    pub(super) async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, SqlError> {
        let limit = limit.max(1);
        let mut deleted = attempt(|| in_time(self.purge_redemptions(now, limit))).await?;
        let before = now - TICKS_KEPT;
        let aged = "SELECT r.room_id FROM waiting_rooms r JOIN room_ticks t ON t.room_id = r.room_id AND t.tick_no = \
                    (SELECT MIN(o.tick_no) FROM room_ticks o WHERE o.room_id = r.room_id) WHERE t.at < ? LIMIT ?";
        for room in self.rooms(aged, before).await? {
            deleted += self.find_and_run(room, &PurgeTicks { before, limit }).await?.unwrap_or(0);
        }
        let closed = "SELECT r.room_id FROM waiting_rooms r WHERE r.closed_at < ? AND EXISTS \
                      (SELECT 1 FROM room_visits v WHERE v.room_id = r.room_id) LIMIT ?";
        for room in self.rooms(closed, now - CLOSED_KEPT).await? {
            deleted += self.find_and_run(room, &PurgeVisits { limit }).await?.unwrap_or(0);
        }
        Ok(deleted)
    }

    async fn rooms(&self, text: &'static str, before: DateTime<Utc>) -> Result<Vec<WaitingRoomId>, SqlError> {
        let rows = in_time(self.database.fetch_all(Statement::new(text).bind(before).bind(ROOMS))).await?;
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn purge_redemptions(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, SqlError> {
        let mut transaction = self.database.begin().await?;
        let text = "SELECT digest FROM room_redemptions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?";
        let rows = transaction.fetch_all(Statement::new(text).bind(now).bind(limit)).await?;
        let digests = rows.iter().map(|row| row.get::<[u8; 32]>(0)).collect::<Result<Vec<_>, _>>()?;
        transaction
            .write_rows(&super::redeeming::DELETE, &digests, |statement, digest| statement.bind(*digest))
            .await?;
        transaction.commit().await?;
        Ok(digests.len() as u64)
    }
}

/// The oldest ticks of a room, and whom they let in or passed.
struct PurgeTicks {
    before: DateTime<Utc>,
    limit: u32,
}

impl Step for PurgeTicks {
    type Outcome = u64;

    async fn apply(&self, transaction: &mut Transaction, room: &mut LockedRoom) -> Result<u64, SqlError> {
        let id = room.id();
        let Some((last, to)) = self.purgeable(transaction, id).await? else { return Ok(0) };
        room.has_purged = true;
        let deleted = delete_visits(transaction, id, to, self.limit).await?;
        if deleted >= u64::from(self.limit) {
            return Ok(deleted); // the ticks go when nobody of theirs is left
        }
        let text = "DELETE FROM room_ticks WHERE room_id = ? AND tick_no <= ?";
        Ok(deleted + transaction.execute(Statement::new(text).bind(id).bind(last)).await?)
    }
}

impl PurgeTicks {
    /// The last of the oldest ticks that can go, and the last number that they let in. One that was not counted out before
    /// this step stays until the next, and all after it.
    async fn purgeable(
        &self,
        transaction: &mut Transaction,
        room: WaitingRoomId,
    ) -> Result<Option<(i64, QueueNumber)>, SqlError> {
        let text = "SELECT tick_no FROM room_ticks WHERE room_id = ? AND (expired = 0 OR at >= ?) \
                    ORDER BY tick_no LIMIT 1";
        let stays = transaction.fetch_optional(Statement::new(text).bind(room).bind(self.before)).await?;
        let stays: i64 = stays.map(|row| row.get(0)).transpose()?.unwrap_or(i64::MAX);
        let text =
            "SELECT tick_no, to_number FROM room_ticks WHERE room_id = ? AND tick_no < ? ORDER BY tick_no LIMIT ?";
        let rows = transaction.fetch_all(Statement::new(text).bind(room).bind(stays).bind(self.limit)).await?;
        let ticks: Vec<(i64, QueueNumber)> =
            rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_, SqlError>>()?;
        let to = ticks.iter().map(|(_, to)| *to).max();
        Ok(ticks.last().map(|(no, _)| *no).zip(to))
    }
}

/// The visits of a room that was closed long ago.
struct PurgeVisits {
    limit: u32,
}

impl Step for PurgeVisits {
    type Outcome = u64;

    async fn apply(&self, transaction: &mut Transaction, room: &mut LockedRoom) -> Result<u64, SqlError> {
        room.has_purged = true;
        delete_visits(transaction, room.id(), QueueNumber::MAX, self.limit).await
    }
}

/// Deletes the first `limit` visits with numbers up to `to`.
async fn delete_visits(
    transaction: &mut Transaction,
    room: WaitingRoomId,
    to: QueueNumber,
    limit: u32,
) -> Result<u64, SqlError> {
    let text = "SELECT number FROM room_visits WHERE room_id = ? AND number <= ? ORDER BY number LIMIT 1 OFFSET ?";
    let last = transaction.fetch_optional(Statement::new(text).bind(room).bind(to).bind(limit - 1)).await?;
    let last: QueueNumber = last.map(|row| row.get(0)).transpose()?.unwrap_or(to);
    let text = "DELETE FROM room_visits WHERE room_id = ? AND number <= ?";
    transaction.execute(Statement::new(text).bind(room).bind(last)).await
}
