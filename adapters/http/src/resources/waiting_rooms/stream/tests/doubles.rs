//! The ports as a test's world has them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_application::ports::{
    CeilingError, Draws, EpochStart, JoinRefusal, Page, PassClaims, PassKey, PassKeyError, PublicPassKey, QueueClaims,
    QueueSeals, Redemption, RoomChange, RoomChanges, RoomEditError, RoomHeadline, Rooms, SealError, StepError,
    Unavailable,
};
use onsale_domain::ids::{AccountId, ConcertId, PassId, WaitingRoomId};
use onsale_domain::waiting_room::{
    ClaimRefusal, EndReason, EntrantsDigest, Phase, PickRefusal, Pseudonym, QueueNumber, RoomOwner, Tick, TickPlan,
    TickRefusal, Visit, VisitorId, WaitingRoom,
};

use super::{ROOM, World};
use crate::doubles::nobody_asks;

#[async_trait]
impl Rooms for World {
    async fn create(&self, _: &WaitingRoom, _: Option<[u8; 32]>, _: Option<AccountId>) -> Result<(), RoomEditError> {
        Ok(nobody_asks()?)
    }

    async fn change(
        &self,
        _: WaitingRoomId,
        _: RoomChange,
        _: Option<AccountId>,
    ) -> Result<WaitingRoom, RoomEditError> {
        Ok(nobody_asks()?)
    }

    async fn list(
        &self,
        _: Option<RoomOwner>,
        _: Option<WaitingRoomId>,
        _: u32,
    ) -> Result<Page<WaitingRoom, WaitingRoomId>, Unavailable> {
        nobody_asks()
    }

    async fn live(&self) -> Result<Vec<RoomHeadline>, Unavailable> {
        let change = self.changes.lock().record.progress.change;
        Ok(vec![RoomHeadline { room: ROOM, change, guards: false }])
    }

    async fn changes(&self, _: WaitingRoomId, _: i64) -> Result<Option<RoomChanges>, Unavailable> {
        Ok(Some(self.changes.lock().clone()))
    }

    async fn guarding(&self, _: ConcertId) -> Result<Option<WaitingRoomId>, Unavailable> {
        nobody_asks()
    }

    async fn raise_ceiling(&self, _: WaitingRoomId, _: i64, _: QueueNumber) -> Result<QueueNumber, CeilingError> {
        Ok(nobody_asks()?)
    }

    async fn begin_epoch(&self, _: WaitingRoomId, _: i64, _: DateTime<Utc>) -> Result<EpochStart, Unavailable> {
        nobody_asks()
    }

    async fn tick(&self, _: WaitingRoomId, _: TickPlan) -> Result<Tick, StepError<TickRefusal>> {
        Ok(nobody_asks()?)
    }

    async fn pick(
        &self,
        _: WaitingRoomId,
        _: &[(VisitorId, QueueNumber)],
    ) -> Result<Vec<Visit>, StepError<PickRefusal>> {
        Ok(nobody_asks()?)
    }

    async fn claim(&self, _: WaitingRoomId, _: &VisitorId, _: QueueNumber) -> Result<Visit, StepError<ClaimRefusal>> {
        Ok(nobody_asks()?)
    }

    async fn end(
        &self,
        _: WaitingRoomId,
        _: &VisitorId,
        _: QueueNumber,
        _: EndReason,
    ) -> Result<Option<Visit>, StepError<ClaimRefusal>> {
        Ok(nobody_asks()?)
    }

    async fn alive_visit(&self, _: WaitingRoomId, _: &VisitorId) -> Result<Option<Visit>, Unavailable> {
        nobody_asks()
    }

    async fn visit_of_pass(&self, _: WaitingRoomId, _: PassId) -> Result<Option<Visit>, Unavailable> {
        nobody_asks()
    }

    async fn block(&self, _: WaitingRoomId, _: &VisitorId, _: bool) -> Result<(), Unavailable> {
        nobody_asks()
    }

    async fn redeem(&self, _: Redemption) -> Result<bool, Unavailable> {
        nobody_asks()
    }

    async fn purge(&self, _: DateTime<Utc>, _: u32) -> Result<u64, Unavailable> {
        nobody_asks()
    }
}

#[async_trait]
impl Draws for World {
    async fn join(&self, _: WaitingRoomId, _: &VisitorId, _: Pseudonym, _: u32) -> Result<(), StepError<JoinRefusal>> {
        Ok(nobody_asks()?)
    }

    async fn withdraw(&self, _: WaitingRoomId, _: &VisitorId) -> Result<Phase, Unavailable> {
        nobody_asks()
    }

    async fn close(&self, _: WaitingRoomId) -> Result<(), Unavailable> {
        nobody_asks()
    }

    async fn entrants(&self, _: WaitingRoomId) -> Result<Vec<(VisitorId, Pseudonym)>, Unavailable> {
        nobody_asks()
    }

    async fn number(&self, _: WaitingRoomId, _: &[(VisitorId, QueueNumber)]) -> Result<(), Unavailable> {
        nobody_asks()
    }

    async fn open(&self, _: WaitingRoomId, _: EntrantsDigest, _: QueueNumber) -> Result<bool, Unavailable> {
        nobody_asks()
    }

    async fn number_of(&self, _: WaitingRoomId, _: &VisitorId) -> Result<Option<QueueNumber>, Unavailable> {
        Ok(*self.drawn.lock())
    }

    async fn drawn(
        &self,
        _: WaitingRoomId,
        _: QueueNumber,
        _: u32,
    ) -> Result<Page<(QueueNumber, Pseudonym), QueueNumber>, Unavailable> {
        nobody_asks()
    }
}

impl QueueSeals for World {
    fn queue_token(&self, claims: &QueueClaims) -> String {
        format!("token-{}", claims.number)
    }

    fn open_queue_token(&self, _: &str, _: DateTime<Utc>) -> Result<QueueClaims, SealError> {
        Err(SealError::Invalid)
    }

    fn queue_ticket(&self, claims: &QueueClaims) -> String {
        format!("ticket-{}", claims.number)
    }

    fn open_queue_ticket(&self, _: &str, _: DateTime<Utc>) -> Result<QueueClaims, SealError> {
        Err(SealError::Invalid)
    }

    fn pass_code(&self, pass: &PassClaims, _: DateTime<Utc>) -> String {
        format!("code-{}", pass.number)
    }

    fn open_pass_code(&self, _: &str, _: DateTime<Utc>) -> Result<PassClaims, SealError> {
        Err(SealError::Invalid)
    }

    fn digest(&self, _: &str) -> [u8; 32] {
        [0; 32]
    }

    fn new_api_key(&self) -> String {
        String::new()
    }

    fn new_seed(&self) -> [u8; 32] {
        [0; 32]
    }

    fn pseudonym(&self, _: WaitingRoomId, _: &VisitorId) -> [u8; 32] {
        [0; 32]
    }

    fn new_pass_key(&self, sequence: i64, created_at: DateTime<Utc>, active_from: DateTime<Utc>) -> PassKey {
        PassKey { sequence, public: [0; 32], sealed: Vec::new(), created_at, active_from }
    }

    fn install_pass_keys(&self, _: &[PassKey]) -> Result<(), PassKeyError> {
        Ok(())
    }

    fn public_pass_keys(&self) -> Vec<PublicPassKey> {
        Vec::new()
    }

    fn pass(&self, claims: &PassClaims, _: DateTime<Utc>) -> Result<String, PassKeyError> {
        Ok(format!("pass-{}", claims.number))
    }

    fn open_pass(&self, _: &str, _: DateTime<Utc>) -> Result<PassClaims, SealError> {
        Err(SealError::Invalid)
    }
}
