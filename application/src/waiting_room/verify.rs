use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_domain::ids::{PassId, TenantId, WaitingRoomId};
use onsale_domain::waiting_room::{EndReason, QueueNumber, RoomOwner, Visit, VisitorId};
use thiserror::Error;

use super::guard::{AdmissionError, Admissions};
use super::{LiveRoom, RoomBoard, visits};
use crate::ports::{Context, PassKeyError, QueueSeals, Redemption, Rooms, StepError, Unavailable};

/// What a tenant's server was given by its visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// The one-time code of the redirect.
    Code(String),
    /// The pass itself.
    Pass(String),
}

/// A pass that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whether nobody presented this pass before, nor any code that stands for it.
    pub first_use: bool,
    /// The pass.
    pub pass: String,
    /// Its identity.
    pub pass_id: PassId,
    /// Whose.
    pub visitor: VisitorId,
    /// With which number it was let in.
    pub number: QueueNumber,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// Why a pass was neither found good nor bad.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// Too much is waiting.
    #[error("too much is waiting")]
    Busy,
    /// A store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<PassKeyError> for VerifyError {
    fn from(error: PassKeyError) -> Self {
        Self::Unavailable(Unavailable::because(error))
    }
}

/// Tells a tenant whether a code or a pass of one of its rooms is good; asking uses it.
pub struct VerifyPass {
    board: Arc<RoomBoard>,
    rooms: Arc<dyn Rooms>,
    admissions: Arc<Admissions>,
    seals: Arc<dyn QueueSeals>,
    context: Context,
}

impl VerifyPass {
    /// On these ports.
    #[must_use]
    pub fn new(
        board: Arc<RoomBoard>,
        rooms: Arc<dyn Rooms>,
        admissions: Arc<Admissions>,
        seals: Arc<dyn QueueSeals>,
        context: Context,
    ) -> Self {
        Self { board, rooms, admissions, seals, context }
    }

    /// What was presented, if it is good and of a room of `tenant`'s.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn execute(&self, tenant: TenantId, presented: &Presented) -> Result<Option<Verified>, VerifyError> {
        let now = self.context.now();
        let opened = match presented {
            Presented::Code(code) => self.seals.open_pass_code(code, now),
            Presented::Pass(pass) => self.seals.open_pass(pass, now),
        };
        let Ok(claims) = opened else { return Ok(None) };
        let Some(room) = self.board.room(claims.room).await?.filter(|room| owns(tenant, room)) else {
            return Ok(None);
        };
        let visit = match self.admissions.used(&room, &claims).await {
            Ok(visit) if visit.pass(room.id()) == claims.id && now < visit.expires_at => visit,
            Err(AdmissionError::Busy) => return Err(VerifyError::Busy),
            Err(AdmissionError::Unavailable(error)) => return Err(error.into()),
            Ok(_) | Err(_) => return Ok(None),
        };
        // Each status answer has another code: whoever presents a second one of the same pass is not the first.
        let digest = self.seals.digest(&claims.id.to_string());
        let redemption = Redemption { digest, room: room.id(), expires_at: visit.expires_at };
        let first_use = self.rooms.redeem(redemption).await?;
        Ok(Some(Verified {
            first_use,
            pass: self.seals.pass(&claims, now)?,
            pass_id: claims.id,
            visitor: claims.visitor,
            number: claims.number,
            expires_at: claims.expires_at,
        }))
    }
}

fn owns(tenant: TenantId, room: &LiveRoom) -> bool {
    room.terms().owner == RoomOwner::Tenant(tenant)
}

/// Ends a visit whose pass the tenant knows.
pub struct EndPass {
    board: Arc<RoomBoard>,
    rooms: Arc<dyn Rooms>,
    context: Context,
}

impl EndPass {
    /// On these ports.
    #[must_use]
    pub fn new(board: Arc<RoomBoard>, rooms: Arc<dyn Rooms>, context: Context) -> Self {
        Self { board, rooms, context }
    }

    /// Ends the visit of a pass; one that has ended stays so. False when the tenant has no such room or pass.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn execute(&self, tenant: TenantId, room: WaitingRoomId, pass: PassId) -> Result<bool, VerifyError> {
        let Some(room) = self.board.room(room).await?.filter(|room| owns(tenant, room)) else { return Ok(false) };
        let Some(visit) = self.rooms.visit_of_pass(room.id(), pass).await? else { return Ok(false) };
        let Visit { visitor, number, .. } = visit;
        match visits::end(&*self.rooms, &self.context, &room, &visitor, number, EndReason::Finished).await {
            Ok(()) => Ok(true),
            Err(StepError::Unavailable(error)) => Err(error.into()),
            Err(_) => Err(VerifyError::Busy),
        }
    }
}
