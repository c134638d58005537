use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_application::ports::{
    CeilingError, EpochStart, Page, PassClaims, PassKey, PassKeyError, PublicPassKey, QueueClaims, QueueSeals,
    Redemption, RoomChange, RoomChanges, RoomEditError, RoomHeadline, RoomRecord, Rooms, SealError, StepError,
    Unavailable,
};
use onsale_domain::ids::{AccountId, ConcertId, PassId, WaitingRoomId};
use onsale_domain::waiting_room::{
    Admit, ClaimRefusal, EndReason, Phase, PickRefusal, QueueNumber, RoomOwner, Tick, TickPlan, TickRefusal, Visit,
    VisitorId, WaitingRoom,
};
use parking_lot::Mutex;
use uuid::Uuid;

use super::{Gate, out_of_order};

pub(crate) const ROOM: WaitingRoomId = WaitingRoomId(Uuid::from_u128(7));
/// What it stands in front of.
pub(crate) const CONCERT: ConcertId = ConcertId(Uuid::from_u128(8));

/// The room, which lets one in every second.
pub(crate) fn waiting_room(phase: Phase, created_at: DateTime<Utc>) -> WaitingRoom {
    WaitingRoom {
        id: ROOM,
        owner: RoomOwner::Operators,
        concert: Some(CONCERT),
        name: "Line".to_owned(),
        admit: Admit { count: 1, every_ms: 1_000 },
        capacity: 10,
        max_waiting: 10,
        pass_seconds: 600,
        claim_seconds: 60,
        redirect_url: None,
        opens_at: None,
        message: None,
        phase,
        created_at,
    }
}

/// At most one room, whose passes can be used or not; everything else is out of order.
#[derive(Default)]
pub(crate) struct RoomsDouble {
    pub(crate) room: Mutex<Option<RoomChanges>>,
    pub(crate) claim: Mutex<Option<Result<Visit, ClaimRefusal>>>,
    pub(crate) claims: Mutex<Vec<QueueNumber>>,
    pub(crate) ends: Mutex<Vec<(QueueNumber, EndReason)>>,
    /// What a tick comes to; then the store is out of order.
    pub(crate) tick: Mutex<Option<Tick>>,
    /// Whether rooms cannot be read.
    pub(crate) unreadable: AtomicBool,
    /// Whoever lists the rooms passes it with the list in hand.
    pub(crate) listed: Gate,
    /// Whoever uses a pass passes it first.
    pub(crate) used: Gate,
}

#[async_trait]
impl Rooms for RoomsDouble {
    async fn create(&self, _: &WaitingRoom, _: Option<[u8; 32]>, _: Option<AccountId>) -> Result<(), RoomEditError> {
        Err(out_of_order().into())
    }

    async fn change(
        &self,
        _: WaitingRoomId,
        _: RoomChange,
        _: Option<AccountId>,
    ) -> Result<WaitingRoom, RoomEditError> {
        Err(out_of_order().into())
    }

    async fn list(
        &self,
        _: Option<RoomOwner>,
        _: Option<WaitingRoomId>,
        _: u32,
    ) -> Result<Page<WaitingRoom, WaitingRoomId>, Unavailable> {
        Err(out_of_order())
    }

    async fn live(&self) -> Result<Vec<RoomHeadline>, Unavailable> {
        let live = {
            let room = self.room.lock();
            room.iter().map(headline).collect()
        };
        self.listed.pass().await;
        Ok(live)
    }

    async fn changes(&self, id: WaitingRoomId, _: i64) -> Result<Option<RoomChanges>, Unavailable> {
        if self.unreadable.load(Ordering::Relaxed) {
            return Err(out_of_order());
        }
        Ok(self.room.lock().clone().filter(|room| room.record.room.id == id))
    }

    async fn guarding(&self, concert: ConcertId) -> Result<Option<WaitingRoomId>, Unavailable> {
        let room = self.room.lock();
        Ok(room.as_ref().map(|room| &room.record.room).filter(|room| room.concert == Some(concert)).map(|room| room.id))
    }

    async fn raise_ceiling(&self, _: WaitingRoomId, _: i64, _: QueueNumber) -> Result<QueueNumber, CeilingError> {
        Err(out_of_order().into())
    }

    async fn begin_epoch(&self, _: WaitingRoomId, _: i64, _: DateTime<Utc>) -> Result<EpochStart, Unavailable> {
        Err(out_of_order())
    }

    async fn tick(&self, _: WaitingRoomId, _: TickPlan) -> Result<Tick, StepError<TickRefusal>> {
        Ok(self.tick.lock().take().ok_or_else(out_of_order)?)
    }

    async fn pick(
        &self,
        _: WaitingRoomId,
        _: &[(VisitorId, QueueNumber)],
    ) -> Result<Vec<Visit>, StepError<PickRefusal>> {
        Err(out_of_order().into())
    }

    async fn claim(
        &self,
        _: WaitingRoomId,
        _: &VisitorId,
        number: QueueNumber,
    ) -> Result<Visit, StepError<ClaimRefusal>> {
        self.used.pass().await;
        self.claims.lock().push(number);
        match self.claim.lock().clone() {
            Some(claim) => claim.map_err(StepError::Refused),
            None => Err(out_of_order().into()),
        }
    }

    async fn end(
        &self,
        _: WaitingRoomId,
        _: &VisitorId,
        number: QueueNumber,
        reason: EndReason,
    ) -> Result<Option<Visit>, StepError<ClaimRefusal>> {
        self.ends.lock().push((number, reason));
        Ok(None)
    }

    async fn alive_visit(&self, _: WaitingRoomId, _: &VisitorId) -> Result<Option<Visit>, Unavailable> {
        Ok(None)
    }

    async fn visit_of_pass(&self, _: WaitingRoomId, _: PassId) -> Result<Option<Visit>, Unavailable> {
        Err(out_of_order())
    }

    async fn block(&self, _: WaitingRoomId, _: &VisitorId, _: bool) -> Result<(), Unavailable> {
        Err(out_of_order())
    }

    async fn redeem(&self, _: Redemption) -> Result<bool, Unavailable> {
        Err(out_of_order())
    }

    async fn purge(&self, _: DateTime<Utc>, _: u32) -> Result<u64, Unavailable> {
        Err(out_of_order())
    }
}

fn headline(changes: &RoomChanges) -> RoomHeadline {
    let RoomRecord { room, progress, .. } = &changes.record;
    RoomHeadline { room: room.id, change: progress.change, guards: room.concert.is_some() }
}

/// Seals that write statements down as numbers of [`QueueSealsDouble::passes`].
#[derive(Default)]
pub(crate) struct QueueSealsDouble {
    pub(crate) passes: Mutex<Vec<PassClaims>>,
}

impl QueueSeals for QueueSealsDouble {
    fn queue_token(&self, claims: &QueueClaims) -> String {
        format!("{}:{}", claims.visitor, claims.number)
    }

    fn open_queue_token(&self, _: &str, _: DateTime<Utc>) -> Result<QueueClaims, SealError> {
        Err(SealError::Invalid)
    }

    fn queue_ticket(&self, claims: &QueueClaims) -> String {
        self.queue_token(claims)
    }

    fn open_queue_ticket(&self, _: &str, _: DateTime<Utc>) -> Result<QueueClaims, SealError> {
        Err(SealError::Invalid)
    }

    fn pass_code(&self, pass: &PassClaims, _: DateTime<Utc>) -> String {
        pass.id.to_string()
    }

    fn open_pass_code(&self, _: &str, _: DateTime<Utc>) -> Result<PassClaims, SealError> {
        Err(SealError::Invalid)
    }

    fn digest(&self, _: &str) -> [u8; 32] {
        [0; 32]
    }

    fn new_api_key(&self) -> String {
        "osk_".to_owned()
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
        let mut passes = self.passes.lock();
        passes.push(claims.clone());
        Ok((passes.len() - 1).to_string())
    }

    fn open_pass(&self, pass: &str, now: DateTime<Utc>) -> Result<PassClaims, SealError> {
        let passes = self.passes.lock();
        let claims = pass.parse().ok().and_then(|index: usize| passes.get(index).cloned()).ok_or(SealError::Invalid)?;
        if now < claims.expires_at { Ok(claims) } else { Err(SealError::Expired) }
    }
}
