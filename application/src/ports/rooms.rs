mod change;
mod draws;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_domain::ids::{AccountId, ConcertId, PassId, WaitingRoomId};
use onsale_domain::waiting_room::{
    ClaimRefusal, EndReason, EntrantsDigest, PickRefusal, Progress, QueueNumber, RoomError, RoomOwner, Tick, TickPlan,
    TickRefusal, Visit, VisitorId, WaitingRoom,
};
use thiserror::Error;

pub use self::change::RoomChange;
pub use self::draws::{Draws, JoinRefusal};
use super::{Page, StepError, Unavailable};

/// A room, how far it has come, and its opening draw if it has one.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomRecord {
    /// The room.
    pub room: WaitingRoom,
    /// How far it has come.
    pub progress: Progress,
    /// Its draw.
    pub draw: Option<DrawRecord>,
}

/// What is known of a room's opening draw.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DrawRecord {
    /// The secret seed; nobody may see it before the room has opened.
    pub seed: [u8; 32],
    /// The digest of the list of entrants, once that is closed and drawn.
    pub entrants: Option<EntrantsDigest>,
}

impl std::fmt::Debug for DrawRecord {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DrawRecord").field("entrants", &self.entrants).finish_non_exhaustive()
    }
}

/// A live room in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoomHeadline {
    /// Which room.
    pub room: WaitingRoomId,
    /// Its [`Progress::change`].
    pub change: i64,
    /// Whether it stands in front of a concert.
    pub guards: bool,
}

/// What has changed in a room since a number of its [`Progress::change`].
#[derive(Clone, Debug, PartialEq)]
pub struct RoomChanges {
    /// The room as it is now.
    pub record: RoomRecord,
    /// Ticks that are new or changed; from the beginning, those with a visit that may be alive.
    pub ticks: Vec<Tick>,
    /// Visits that are new or changed; from the beginning, those that are alive, and those of numbers whose turn has not
    /// passed.
    pub visits: Vec<Visit>,
    /// Visitors that were shut out (true) or let back (false).
    pub blocks: Vec<(VisitorId, bool)>,
}

/// Who begins a new epoch of a line that was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochStart {
    /// The caller, and nobody else: it alone may make the line anew, once, counting on from `resumed_at`.
    Won {
        /// The new epoch.
        epoch: i64,
        /// No number above it was handed out.
        resumed_at: QueueNumber,
    },
    /// Somebody else has, or is about to.
    Taken {
        /// The epoch by now.
        epoch: i64,
    },
    /// The room has no line: its numbers are not drawn yet, or it is closed.
    NoLine,
}

/// Why a ceiling was not raised.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CeilingError {
    /// The line is not of that epoch any more: whoever asks must not hand out numbers from it.
    #[error("the line has another epoch")]
    Moved,
    /// The store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why a room was not stored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RoomEditError {
    /// There is no such room.
    #[error("there is no such waiting room")]
    UnknownRoom,
    /// There is no such concert to guard.
    #[error("there is no such concert")]
    UnknownConcert,
    /// The concert has a waiting room that is not closed.
    #[error("the concert has a waiting room already")]
    ConcertGuarded,
    /// The tenant has as many live rooms as it may.
    #[error("the tenant has {limit} live waiting rooms already")]
    TooMany {
        /// How many it may have.
        limit: u32,
    },
    /// The room is closed, and stays so.
    #[error("the waiting room is closed")]
    Closed,
    /// The room has not opened yet: until its draw is made it can only be closed.
    #[error("the waiting room has not opened yet")]
    NotOpened,
    /// The room is not valid.
    #[error(transparent)]
    Invalid(#[from] RoomError),
    /// The store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A pass that a tenant was shown, itself or by one of its codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redemption {
    /// The digest of the pass's identity.
    pub digest: [u8; 32],
    /// Of which room.
    pub room: WaitingRoomId,
    /// When it may be forgotten.
    pub expires_at: DateTime<Utc>,
}

/// Rooms and everything that was decided about admissions: the only truth there is about them.
///
/// Each step runs under its room's lock, counts out first whose time has passed, and gives what it changed the room's next
/// [`Progress::change`].
#[async_trait]
pub trait Rooms: Send + Sync {
    /// Adds a room; `seed` for one that opens with a draw. A tenant has at most [`onsale_domain::waiting_room::TENANT_ROOMS_LIMIT`] live ones. Writes the
    /// operators' journal for `operator`.
    ///
    /// # Errors
    /// [`RoomEditError`].
    async fn create(
        &self,
        room: &WaitingRoom,
        seed: Option<[u8; 32]>,
        operator: Option<AccountId>,
    ) -> Result<(), RoomEditError>;

    /// Changes a room under its lock by `change`, which may refuse; a closed room stays closed. Writes the operators'
    /// journal for `operator`.
    ///
    /// # Errors
    /// [`RoomEditError`].
    async fn change(
        &self,
        room: WaitingRoomId,
        change: RoomChange,
        operator: Option<AccountId>,
    ) -> Result<WaitingRoom, RoomEditError>;

    /// Rooms of `owner`, or of everybody, newest first, those before `before`.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn list(
        &self,
        owner: Option<RoomOwner>,
        before: Option<WaitingRoomId>,
        limit: u32,
    ) -> Result<Page<WaitingRoom, WaitingRoomId>, Unavailable>;

    /// Every live room: one that is not closed, or was closed less than a day ago.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn live(&self) -> Result<Vec<RoomHeadline>, Unavailable>;

    /// What has changed since `change`; everything that matters for 0; nothing when there is no such room.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn changes(&self, room: WaitingRoomId, change: i64) -> Result<Option<RoomChanges>, Unavailable>;

    /// The room in front of a concert that is not closed.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn guarding(&self, concert: ConcertId) -> Result<Option<WaitingRoomId>, Unavailable>;

    /// Allows numbers up to `to` in the line of `epoch`; says what the ceiling is then, which may be higher.
    ///
    /// # Errors
    /// [`CeilingError`].
    async fn raise_ceiling(
        &self,
        room: WaitingRoomId,
        epoch: i64,
        to: QueueNumber,
    ) -> Result<QueueNumber, CeilingError>;

    /// Begins the epoch after `seen`, unless somebody else has or the room has no line. Healing lasts until `healing_until`, unless no number was
    /// ever handed out.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn begin_epoch(
        &self,
        room: WaitingRoomId,
        seen: i64,
        healing_until: DateTime<Utc>,
    ) -> Result<EpochStart, Unavailable>;

    /// Lets the next visitors in. Whose time has passed is counted out even when nobody is let in.
    ///
    /// # Errors
    /// [`StepError::Refused`] with a [`TickRefusal`].
    async fn tick(&self, room: WaitingRoomId, plan: TickPlan) -> Result<Tick, StepError<TickRefusal>>;

    /// Lets chosen visitors in, as many as there is room for, in the order given; numbers that are let in or ended
    /// already are passed over. Their visits.
    ///
    /// # Errors
    /// [`StepError::Refused`] with a [`PickRefusal`].
    async fn pick(
        &self,
        room: WaitingRoomId,
        chosen: &[(VisitorId, QueueNumber)],
    ) -> Result<Vec<Visit>, StepError<PickRefusal>>;

    /// Uses a pass for the first time, or finds that it was.
    ///
    /// # Errors
    /// [`StepError::Refused`] with a [`ClaimRefusal`].
    async fn claim(
        &self,
        room: WaitingRoomId,
        visitor: &VisitorId,
        number: QueueNumber,
    ) -> Result<Visit, StepError<ClaimRefusal>>;

    /// Ends the visit or the place of a number; nothing when it has ended already.
    ///
    /// # Errors
    /// [`StepError`], never refused.
    async fn end(
        &self,
        room: WaitingRoomId,
        visitor: &VisitorId,
        number: QueueNumber,
        reason: EndReason,
    ) -> Result<Option<Visit>, StepError<ClaimRefusal>>;

    /// The newest visit of a visitor that is alive now.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn alive_visit(&self, room: WaitingRoomId, visitor: &VisitorId) -> Result<Option<Visit>, Unavailable>;

    /// The visit whose pass has that id, alive or not.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn visit_of_pass(&self, room: WaitingRoomId, pass: PassId) -> Result<Option<Visit>, Unavailable>;

    /// Shuts a visitor out (true), which ends a visit that is alive, or lets it back (false).
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn block(&self, room: WaitingRoomId, visitor: &VisitorId, blocked: bool) -> Result<(), Unavailable>;

    /// Records that a pass was presented; true the first time.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn redeem(&self, redemption: Redemption) -> Result<bool, Unavailable>;

    /// Deletes up to `limit` redemptions that may be forgotten, and of visits and ticks those that no longer matter.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, Unavailable>;
}
