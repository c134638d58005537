//! The port that the rooms stand behind; that of their draws is beside it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_application::ports::{
    CeilingError, EpochStart, Page, Redemption, RoomChange, RoomChanges, RoomEditError, RoomHeadline, Rooms, StepError,
    Unavailable,
};
use onsale_domain::ids::{AccountId, ConcertId, PassId, WaitingRoomId};
use onsale_domain::waiting_room::{
    ClaimRefusal, EndReason, PickRefusal, QueueNumber, RoomOwner, Tick, TickPlan, TickRefusal, Visit, VisitorId,
    WaitingRoom,
};

use super::desk::in_time;
use super::editing::Change;
use super::steps::{BeginEpoch, Block, Pick, RaiseCeiling};
use super::using::{Use, UseAnswer, UseCommand};
use super::{SqlRooms, reads, redeeming};
use crate::settling::lane_error;

#[async_trait]
impl Rooms for SqlRooms {
    async fn create(
        &self,
        room: &WaitingRoom,
        seed: Option<[u8; 32]>,
        operator: Option<AccountId>,
    ) -> Result<(), RoomEditError> {
        self.desk.create(room, seed, operator).await
    }

    async fn change(
        &self,
        room: WaitingRoomId,
        change: RoomChange,
        operator: Option<AccountId>,
    ) -> Result<WaitingRoom, RoomEditError> {
        let change = Change { what: change, operator, context: &self.desk.context };
        let changed = self.desk.find_and_run(room, &change).await.map_err(Unavailable::from)?;
        changed.unwrap_or(Err(RoomEditError::UnknownRoom))
    }

    async fn list(
        &self,
        owner: Option<RoomOwner>,
        before: Option<WaitingRoomId>,
        limit: u32,
    ) -> Result<Page<WaitingRoom, WaitingRoomId>, Unavailable> {
        Ok(in_time(reads::list(&self.desk.database, owner, before, limit)).await?)
    }

    async fn live(&self) -> Result<Vec<RoomHeadline>, Unavailable> {
        Ok(in_time(reads::live(&self.desk.database, self.desk.context.now())).await?)
    }

    async fn changes(&self, room: WaitingRoomId, change: i64) -> Result<Option<RoomChanges>, Unavailable> {
        Ok(in_time(reads::changes(&self.desk.database, room, change, self.desk.context.now())).await?)
    }

    async fn guarding(&self, concert: ConcertId) -> Result<Option<WaitingRoomId>, Unavailable> {
        Ok(in_time(reads::guarding(&self.desk.database, concert)).await?)
    }

    async fn raise_ceiling(
        &self,
        room: WaitingRoomId,
        epoch: i64,
        to: QueueNumber,
    ) -> Result<QueueNumber, CeilingError> {
        self.desk.run(room, &RaiseCeiling { epoch, to }).await?
    }

    async fn begin_epoch(
        &self,
        room: WaitingRoomId,
        seen: i64,
        healing_until: DateTime<Utc>,
    ) -> Result<EpochStart, Unavailable> {
        self.desk.run(room, &BeginEpoch { seen, healing_until }).await
    }

    async fn tick(&self, room: WaitingRoomId, plan: TickPlan) -> Result<Tick, StepError<TickRefusal>> {
        self.desk.run(room, &plan).await?.map_err(StepError::Refused)
    }

    async fn pick(
        &self,
        room: WaitingRoomId,
        chosen: &[(VisitorId, QueueNumber)],
    ) -> Result<Vec<Visit>, StepError<PickRefusal>> {
        self.desk.run(room, &Pick { chosen }).await?.map_err(StepError::Refused)
    }

    async fn claim(
        &self,
        room: WaitingRoomId,
        visitor: &VisitorId,
        number: QueueNumber,
    ) -> Result<Visit, StepError<ClaimRefusal>> {
        let visit = self.use_number(room, visitor, number, Use::Claim).await?;
        visit.ok_or_else(|| Unavailable::because("a pass was used without a visit").into())
    }

    async fn end(
        &self,
        room: WaitingRoomId,
        visitor: &VisitorId,
        number: QueueNumber,
        reason: EndReason,
    ) -> Result<Option<Visit>, StepError<ClaimRefusal>> {
        self.use_number(room, visitor, number, Use::End(reason)).await
    }

    async fn alive_visit(&self, room: WaitingRoomId, visitor: &VisitorId) -> Result<Option<Visit>, Unavailable> {
        Ok(in_time(reads::alive_visit(&self.desk.database, room, visitor, self.desk.context.now())).await?)
    }

    async fn visit_of_pass(&self, room: WaitingRoomId, pass: PassId) -> Result<Option<Visit>, Unavailable> {
        Ok(in_time(reads::visit_of_pass(&self.desk.database, room, pass)).await?)
    }

    async fn block(&self, room: WaitingRoomId, visitor: &VisitorId, blocked: bool) -> Result<(), Unavailable> {
        self.desk.run(room, &Block { visitor, blocked }).await
    }

    async fn redeem(&self, redemption: Redemption) -> Result<bool, Unavailable> {
        let answer = self.redemptions.submit(redeeming::lane(&redemption), redemption).await;
        answer.unwrap_or_else(|error| Err(Unavailable::because(error)))
    }

    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, Unavailable> {
        Ok(self.desk.purge(now, limit).await?)
    }
}

impl SqlRooms {
    /// Does something with a number, in the room's lane.
    async fn use_number(&self, room: WaitingRoomId, visitor: &VisitorId, number: QueueNumber, what: Use) -> UseAnswer {
        let command = UseCommand { visitor: visitor.clone(), number, what };
        self.uses.submit(room, command).await.unwrap_or_else(|error| Err(lane_error(error)))
    }
}
