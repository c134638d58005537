use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_domain::box_office::Admission;
use onsale_domain::ids::{AccountId, ConcertId, WaitingRoomId};
use onsale_domain::waiting_room::{EndReason, Visit, VisitorId};
use thiserror::Error;
use tracing::warn;

use super::{LiveRoom, RoomBoard, visits};
use crate::ports::{Context, PassClaims, QueueSeals, Rooms, SealError, StepError, Unavailable};

/// Why a guarded call is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AdmissionError {
    /// The concert has a waiting room, and no pass of it was shown.
    #[error("the concert has a waiting room; its pass is required")]
    PassRequired {
        /// Which room.
        room: WaitingRoomId,
    },
    /// The pass has expired or its visit has ended.
    #[error("the pass has expired")]
    PassExpired,
    /// The pass is somebody else's.
    #[error("the pass is somebody else's")]
    PassNotYours,
    /// Too much is waiting.
    #[error("too much is waiting")]
    Busy,
    /// A store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Lets nobody see or take seats of a guarded concert without a pass of its room, and ends visits that have paid.
///
/// A pass is checked without I/O; only its first use is written down.
pub struct Admissions {
    board: Arc<RoomBoard>,
    rooms: Arc<dyn Rooms>,
    seals: Arc<dyn QueueSeals>,
    context: Context,
}

/// What memory knows of a pass.
enum Known {
    Over,
    Inside(Visit),
    Unused,
}

/// Whether the visit of a pass is known to go on; the answer of nearly every call.
fn is_inside(room: &LiveRoom, pass: &PassClaims, now: DateTime<Utc>) -> bool {
    let state = room.state.read();
    let is_in_use = |visit: &Visit| visit.claimed_at.is_some() && visit.is_alive(now);
    let visit = state.visit(pass.number).filter(|visit| visit.visitor == pass.visitor);
    visit.is_some_and(is_in_use) && !state.is_blocked(&pass.visitor)
}

fn known(room: &LiveRoom, pass: &PassClaims, now: DateTime<Utc>) -> Known {
    let state = room.state.read();
    match state.visit(pass.number) {
        _ if state.is_blocked(&pass.visitor) => Known::Over,
        Some(visit) if visit.ended.is_some() || visit.visitor != pass.visitor => Known::Over,
        Some(visit) if visit.claimed_at.is_some() && visit.is_alive(now) => Known::Inside(visit.clone()),
        _ => Known::Unused,
    }
}

impl Admissions {
    /// On these ports.
    #[must_use]
    pub fn new(board: Arc<RoomBoard>, rooms: Arc<dyn Rooms>, seals: Arc<dyn QueueSeals>, context: Context) -> Self {
        Self { board, rooms, seals, context }
    }

    /// The admission of `caller` to a concert; nothing for one without a waiting room.
    ///
    /// # Errors
    /// [`AdmissionError`].
    pub async fn require(
        &self,
        concert: ConcertId,
        pass: Option<&str>,
        caller: Option<AccountId>,
    ) -> Result<Option<Admission>, AdmissionError> {
        let Some(room) = self.board.guarding(concert)? else { return Ok(None) };
        let pass = self.admitted(&room, pass, caller).await?;
        Ok(Some(Admission { room: pass.room, number: pass.number }))
    }

    /// What the pass of `room` states on which `caller` is admitted.
    ///
    /// # Errors
    /// [`AdmissionError`].
    pub async fn admitted(
        &self,
        room: &LiveRoom,
        pass: Option<&str>,
        caller: Option<AccountId>,
    ) -> Result<PassClaims, AdmissionError> {
        let required = || AdmissionError::PassRequired { room: room.id() };
        let now = self.context.now();
        let pass = match self.seals.open_pass(pass.ok_or_else(required)?, now) {
            Ok(pass) if pass.room == room.id() => pass,
            Ok(_) | Err(SealError::Invalid) => return Err(required()),
            Err(SealError::Expired) => return Err(AdmissionError::PassExpired),
        };
        if caller.is_none_or(|caller| !pass.visitor.is_account(caller)) {
            return Err(AdmissionError::PassNotYours);
        }
        if !is_inside(room, &pass, now) {
            self.used(room, &pass).await?;
        }
        Ok(pass)
    }

    /// The visit of a pass, which is used now at the latest.
    ///
    /// # Errors
    /// [`AdmissionError::PassExpired`] when it has ended or was never let in.
    pub(super) async fn used(&self, room: &LiveRoom, pass: &PassClaims) -> Result<Visit, AdmissionError> {
        let now = self.context.now();
        match known(room, pass, now) {
            Known::Over => return Err(AdmissionError::PassExpired),
            Known::Inside(visit) => return Ok(visit),
            Known::Unused => {}
        }
        match visits::claim(&*self.rooms, &self.context, room, &pass.visitor, pass.number).await {
            Ok(visit) => Ok(visit),
            Err(StepError::Refused(_)) => Err(AdmissionError::PassExpired),
            Err(StepError::Unavailable(error)) => Err(error.into()),
            Err(_) => Err(AdmissionError::Busy),
        }
    }

    /// Whether somebody may go on watching a concert on this admission, as far as is known here: a visit of which nothing is
    /// known has not ended.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn goes_on(&self, concert: ConcertId, admission: Option<Admission>) -> Result<bool, Unavailable> {
        let Some(room) = self.board.guarding(concert)? else { return Ok(true) };
        let admission = admission.filter(|admission| admission.room == room.id());
        Ok(admission.is_some_and(|admission| !room.has_ended(admission.number)))
    }

    /// Ends the visit of a customer who has paid. Should that fail, the pass ends by itself.
    pub async fn paid(&self, concert: ConcertId, customer: AccountId) {
        let Ok(Some(room)) = self.board.guarding(concert) else { return };
        if let Err(error) = self.end_paid(&room, &customer.into()).await {
            warn!(waiting_room_id = %room.id(), %error, "the visit of somebody who paid goes on until its pass expires");
        }
    }

    async fn end_paid(&self, room: &LiveRoom, visitor: &VisitorId) -> Result<(), Unavailable> {
        let now = self.context.now();
        let known = room.state.read().number_inside(visitor, now);
        let number = match known {
            Some(number) => Some(number),
            None => self.rooms.alive_visit(room.id(), visitor).await?.map(|visit| visit.number),
        };
        let Some(number) = number else { return Ok(()) };
        let ended = visits::end(&*self.rooms, &self.context, room, visitor, number, EndReason::Paid).await;
        ended.map_err(Unavailable::because)
    }
}
