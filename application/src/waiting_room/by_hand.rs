use std::sync::Arc;

use futures_util::future::try_join_all;
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{PickRefusal, TickKind, TickRefusal, Visit, VisitorId};
use thiserror::Error;
use tracing::warn;

use super::{KeepTicking, Lines, LiveRoom, RoomBoard};
use crate::ports::{PlacesError, Rooms, StepError, Unavailable};

/// Chosen visitors who are taken out of the line at the same time.
const LEAVING_AT_ONCE: usize = 64;

/// How many came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmittedByHand {
    /// How many were asked for.
    pub requested: u32,
    /// How many were let in: there may be fewer in line, or less room.
    pub admitted: u32,
}

/// Why nobody was let in or shut out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ByHandError {
    /// There is no such room.
    #[error("there is no such waiting room")]
    UnknownRoom,
    /// The room is closed or has no numbers yet.
    #[error("the waiting room is not open")]
    NotOpen,
    /// Too much is waiting.
    #[error("too much is waiting")]
    Busy,
    /// A store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<PlacesError> for ByHandError {
    fn from(error: PlacesError) -> Self {
        match error {
            PlacesError::Busy => Self::Busy,
            PlacesError::Unavailable(error) => Self::Unavailable(error),
            other => Self::Unavailable(Unavailable::because(other)),
        }
    }
}

/// Lets visitors in beside the schedule, and shuts visitors out.
pub struct AdmitByHand {
    board: Arc<RoomBoard>,
    lines: Arc<Lines>,
    rooms: Arc<dyn Rooms>,
    ticking: Arc<KeepTicking>,
}

impl AdmitByHand {
    /// On these ports.
    #[must_use]
    pub fn new(board: Arc<RoomBoard>, lines: Arc<Lines>, rooms: Arc<dyn Rooms>, ticking: Arc<KeepTicking>) -> Self {
        Self { board, lines, rooms, ticking }
    }

    /// Lets the next `count` visitors in.
    ///
    /// # Errors
    /// [`ByHandError`].
    pub async fn next(&self, room: WaitingRoomId, count: u32) -> Result<AdmittedByHand, ByHandError> {
        let room = self.open_room(room).await?;
        let admitted = match self.ticking.tick(&room, TickKind::ByHand, count).await {
            Ok(tick) => tick.present,
            Err(StepError::Refused(TickRefusal::NotOpen)) => return Err(ByHandError::NotOpen),
            Err(StepError::Refused(TickRefusal::Moved) | StepError::Busy) => return Err(ByHandError::Busy),
            Err(StepError::Refused(_)) => 0,
            Err(error) => return Err(Unavailable::because(error).into()),
        };
        Ok(AdmittedByHand { requested: count, admitted: u32::try_from(admitted).unwrap_or(u32::MAX) })
    }

    /// Lets chosen visitors in, who stand in the line.
    ///
    /// # Errors
    /// [`ByHandError`].
    pub async fn chosen(&self, room: WaitingRoomId, visitors: &[VisitorId]) -> Result<AdmittedByHand, ByHandError> {
        let room = self.open_room(room).await?;
        let numbers = self.lines.numbers_of(&room, visitors).await?;
        let chosen: Vec<_> = visitors.iter().cloned().zip(numbers).filter_map(|(who, no)| Some((who, no?))).collect();
        let visits = match self.rooms.pick(room.id(), &chosen).await {
            Ok(visits) => visits,
            Err(StepError::Refused(PickRefusal::NotOpen)) => return Err(ByHandError::NotOpen),
            Err(StepError::Unavailable(error)) => return Err(error.into()),
            Err(_) => return Err(ByHandError::Busy),
        };
        if let Err(error) = self.board.refresh(&room).await {
            warn!(waiting_room_id = %room.id(), %error, "chosen visitors are read again within half a second");
        }
        self.take_out(&room, &visits).await;
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        Ok(AdmittedByHand { requested: count(visitors.len()), admitted: count(visits.len()) })
    }

    /// Takes chosen visitors out of the line, as long as it answers.
    async fn take_out(&self, room: &LiveRoom, visits: &[Visit]) {
        for some in visits.chunks(LEAVING_AT_ONCE) {
            let leaving = some.iter().map(|visit| self.lines.leave(room, &visit.visitor, visit.number));
            if let Err(error) = try_join_all(leaving).await {
                warn!(waiting_room_id = %room.id(), %error, "chosen visitors stay in the line until it passes them");
                return;
            }
        }
    }

    /// Shuts a visitor out, or lets it back.
    ///
    /// # Errors
    /// [`ByHandError`].
    pub async fn block(&self, room: WaitingRoomId, visitor: &VisitorId, blocked: bool) -> Result<(), ByHandError> {
        let room = self.room(room).await?;
        self.rooms.block(room.id(), visitor, blocked).await?;
        Ok(self.board.refresh(&room).await?)
    }

    /// A room that has its numbers: before the draw it has no line.
    async fn open_room(&self, id: WaitingRoomId) -> Result<Arc<LiveRoom>, ByHandError> {
        let room = self.room(id).await?;
        if room.phase().has_line() { Ok(room) } else { Err(ByHandError::NotOpen) }
    }

    async fn room(&self, id: WaitingRoomId) -> Result<Arc<LiveRoom>, ByHandError> {
        self.board.room(id).await?.ok_or(ByHandError::UnknownRoom)
    }
}
