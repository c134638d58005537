//! Steps on one room, each in a transaction of its own.

use std::sync::Arc;
use std::time::Duration;

use onsale_application::ports::{Bus, BusMessage, Context, Unavailable};
use onsale_domain::ids::WaitingRoomId;
use tokio::time::timeout;

use super::locked::LockedRoom;
use crate::database::{Database, SqlError, Transaction};
use crate::settling::attempt;

/// How long one run of a step, or one reading, may take: longer than it waits for a connection and then for a lock, and
/// above all not for ever when the database falls silent with the connection open.
const RUN_LIMIT: Duration = Duration::from_secs(10);

/// Where the rooms are, and who hears of their changes.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) database: Database,
    pub(super) context: Context,
    pub(super) bus: Arc<dyn Bus>,
}

/// The work of a step, once its room is locked. What it changes on the room is written afterwards, whatever it returns.
pub(super) trait Step: Sync {
    /// What the caller gets back, a refusal included.
    type Outcome: Send;

    /// Does the work.
    fn apply(
        &self,
        transaction: &mut Transaction,
        room: &mut LockedRoom,
    ) -> impl Future<Output = Result<Self::Outcome, SqlError>> + Send;
}

impl Desk {
    /// Does `step` on a room; nothing when there is no such room.
    pub(super) async fn find_and_run<S: Step>(
        &self,
        room: WaitingRoomId,
        step: &S,
    ) -> Result<Option<S::Outcome>, SqlError> {
        attempt(|| in_time(self.try_run(room, step))).await
    }

    /// Does `step` on a room that must be there.
    pub(super) async fn run<S: Step>(&self, room: WaitingRoomId, step: &S) -> Result<S::Outcome, Unavailable> {
        self.find_and_run(room, step).await?.ok_or_else(|| unknown_room(room))
    }

    async fn try_run<S: Step>(&self, id: WaitingRoomId, step: &S) -> Result<Option<S::Outcome>, SqlError> {
        let mut transaction = self.database.begin().await?;
        let Some(mut room) = LockedRoom::open(&mut transaction, &self.context, id).await? else { return Ok(None) };
        let outcome = step.apply(&mut transaction, &mut room).await?;
        if let Some(change) = room.save(transaction).await.map_err(|failure| failure.error)? {
            self.announce(id, change);
        }
        Ok(Some(outcome))
    }

    /// Tells everybody who keeps a copy of a room.
    pub(super) fn announce(&self, room: WaitingRoomId, change: i64) {
        self.bus.publish(BusMessage::Room { room, change });
    }
}

/// What a run or a reading comes to. One that has no end in time is given up; what it did last may have happened.
pub(super) async fn in_time<T>(run: impl Future<Output = Result<T, SqlError>>) -> Result<T, SqlError> {
    timeout(RUN_LIMIT, run).await.unwrap_or(Err(SqlError::TimedOut { limit: RUN_LIMIT }))
}

/// Callers know their rooms from the store, which never deletes one.
pub(super) fn unknown_room(room: WaitingRoomId) -> Unavailable {
    Unavailable::because(format!("there is no waiting room {room}"))
}
