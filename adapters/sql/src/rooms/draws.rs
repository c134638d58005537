//! Opening draws.

use async_trait::async_trait;
use onsale_application::ports::{Draws, JoinRefusal, Page, StepError, Unavailable};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{EntrantsDigest, Phase, Pseudonym, QueueNumber, VisitorId};

use super::desk::{Desk, Step, in_time, unknown_room};
use super::joining::JoinCommand;
use super::locked::LockedRoom;
use super::{SqlRooms, entrants};
use crate::database::{Row, SqlError, Statement, Transaction};
use crate::page::page;
use crate::settling::{attempt, lane_error};

/// Entrants that one statement reads.
const ENTRANTS_READ: u32 = 10_000;
/// Numbers that one transaction writes.
const NUMBERS_WRITTEN: usize = 4_096;

#[async_trait]
impl Draws for SqlRooms {
    async fn join(
        &self,
        room: WaitingRoomId,
        visitor: &VisitorId,
        pseudonym: Pseudonym,
        limit: u32,
    ) -> Result<(), StepError<JoinRefusal>> {
        let command = JoinCommand { visitor: visitor.clone(), pseudonym, limit };
        self.joins.submit(room, command).await.unwrap_or_else(|error| Err(lane_error(error)))
    }

    async fn withdraw(&self, room: WaitingRoomId, visitor: &VisitorId) -> Result<Phase, Unavailable> {
        attempt(|| in_time(self.desk.try_withdraw(room, visitor))).await?.ok_or_else(|| unknown_room(room))
    }

    async fn close(&self, room: WaitingRoomId) -> Result<(), Unavailable> {
        self.desk.run(room, &CloseList).await
    }

    async fn entrants(&self, room: WaitingRoomId) -> Result<Vec<(VisitorId, Pseudonym)>, Unavailable> {
        Ok(self.desk.entrants(room).await?)
    }

    async fn number(&self, room: WaitingRoomId, numbers: &[(VisitorId, QueueNumber)]) -> Result<(), Unavailable> {
        for numbers in numbers.chunks(NUMBERS_WRITTEN) {
            attempt(|| in_time(self.desk.try_number(room, numbers))).await??;
        }
        Ok(())
    }

    async fn open(
        &self,
        room: WaitingRoomId,
        entrants: EntrantsDigest,
        count: QueueNumber,
    ) -> Result<bool, Unavailable> {
        self.desk.run(room, &Open { entrants, count }).await?
    }

    async fn number_of(&self, room: WaitingRoomId, visitor: &VisitorId) -> Result<Option<QueueNumber>, Unavailable> {
        let statement = Statement::new("SELECT number FROM room_entrants WHERE room_id = ? AND visitor = ?");
        let row = in_time(self.desk.database.fetch_optional(statement.bind(room).bind(visitor))).await?;
        Ok(row.map(|row| row.get(0)).transpose()?.flatten())
    }

    async fn drawn(
        &self,
        room: WaitingRoomId,
        after: QueueNumber,
        limit: u32,
    ) -> Result<Page<(QueueNumber, Pseudonym), QueueNumber>, Unavailable> {
        let text = "SELECT number, pseudonym FROM room_entrants WHERE room_id = ? AND number > ? \
                    ORDER BY number LIMIT ?";
        let statement = Statement::new(text).bind(room).bind(after).bind(i64::from(limit) + 1);
        let rows = in_time(self.desk.database.fetch_all(statement)).await?;
        let drawn = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<Vec<_>, SqlError>>()?;
        Ok(page(drawn, limit, |(number, _)| *number))
    }
}

impl Desk {
    async fn try_withdraw(&self, room: WaitingRoomId, visitor: &VisitorId) -> Result<Option<Phase>, SqlError> {
        let mut transaction = self.database.begin().await?;
        let Some((phase, count)) = entrants::lock(&mut transaction, room).await? else { return Ok(None) };
        if phase == Phase::Gathering && entrants::delete(&mut transaction, room, visitor).await? {
            entrants::write_count(&mut transaction, room, count.saturating_sub(1)).await?;
            transaction.commit().await?;
        }
        Ok(Some(phase))
    }

    /// A piece at a time, by name, so that no answer is longer than that.
    async fn entrants(&self, room: WaitingRoomId) -> Result<Vec<(VisitorId, Pseudonym)>, SqlError> {
        let text = "SELECT visitor, pseudonym FROM room_entrants WHERE room_id = ? AND visitor > ? \
                    ORDER BY visitor LIMIT ?";
        let entrant = |row: &Row| Ok((row.get::<VisitorId>(0)?, row.get::<Pseudonym>(1)?));
        let mut entrants: Vec<(VisitorId, Pseudonym)> = Vec::new();
        loop {
            let after = entrants.last().map_or("", |(visitor, _)| visitor.as_str());
            let statement = Statement::new(text).bind(room).bind(after).bind(ENTRANTS_READ);
            let rows = in_time(self.database.fetch_all(statement)).await?;
            entrants.extend(rows.iter().map(entrant).collect::<Result<Vec<_>, SqlError>>()?);
            if rows.len() < ENTRANTS_READ as usize {
                return Ok(entrants);
            }
        }
    }

    /// Writes numbers unless the room has opened with them already.
    async fn try_number(
        &self,
        room: WaitingRoomId,
        numbers: &[(VisitorId, QueueNumber)],
    ) -> Result<Result<(), Unavailable>, SqlError> {
        let mut transaction = self.database.begin().await?;
        let phase = entrants::lock(&mut transaction, room).await?.map(|(phase, _)| phase);
        match phase {
            Some(Phase::Drawing) => {
                entrants::number(&mut transaction, room, numbers).await?;
                transaction.commit().await?;
                Ok(Ok(()))
            }
            Some(Phase::Open | Phase::Paused | Phase::Closed) => Ok(Ok(())),
            Some(Phase::Gathering) => Ok(Err(Unavailable::because("the list of entrants is not closed"))),
            None => Ok(Err(unknown_room(room))),
        }
    }
}

/// From now on nobody joins.
struct CloseList;

impl Step for CloseList {
    type Outcome = ();

    async fn apply(&self, _transaction: &mut Transaction, room: &mut LockedRoom) -> Result<(), SqlError> {
        if room.record.room.phase == Phase::Gathering {
            room.record.room.phase = Phase::Drawing;
        }
        Ok(())
    }
}

/// The room opens with the numbers that were drawn.
struct Open {
    entrants: EntrantsDigest,
    count: QueueNumber,
}

impl Step for Open {
    type Outcome = Result<bool, Unavailable>;

    async fn apply(&self, transaction: &mut Transaction, room: &mut LockedRoom) -> Result<Self::Outcome, SqlError> {
        if room.record.room.phase != Phase::Drawing {
            return Ok(Ok(false));
        }
        if !entrants::is_complete(transaction, room.id(), self.count).await? {
            let count = self.count;
            return Ok(Err(Unavailable::because(format!("not all of {count} entrants have their numbers"))));
        }
        let (record, now) = (&mut room.record, room.now);
        record.room.phase = Phase::Open;
        record.progress.ceiling = record.progress.ceiling.max(self.count);
        record.progress.next_tick_at = now;
        if let Some(draw) = &mut record.draw {
            draw.entrants = Some(self.entrants);
        }
        Ok(Ok(true))
    }
}
