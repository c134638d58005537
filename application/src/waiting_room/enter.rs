use std::sync::Arc;

use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{EndReason, Phase, QueueNumber, VisitorId};
use thiserror::Error;
use tracing::warn;

use super::state::Standing;
use super::status::{ReadStatus, StatusError, StatusReport};
use super::{Lines, LiveRoom, RoomBoard, visits};
use crate::ports::{
    Context, Draws, Entry, JoinRefusal, PlacesError, QueueClaims, QueueSeals, Rooms, StepError, Unavailable,
};

/// How often a visitor whose place turns out to be worth nothing is given another.
const TRIES: usize = 3;

/// A place that was taken, or the same again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// The proof of the place.
    pub queue_token: String,
    /// The opaque part of the address of the place's event stream.
    pub ticket: String,
    /// Whether the place is new.
    pub new: bool,
    /// Where it is.
    pub status: StatusReport,
}

/// Why nobody entered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EnterError {
    /// There is no such room.
    #[error("there is no such waiting room")]
    UnknownRoom,
    /// The room is closed.
    #[error("the waiting room is closed")]
    Closed,
    /// The visitor is shut out.
    #[error("the visitor is shut out")]
    Blocked,
    /// As many wait as may.
    #[error("the line is full")]
    Full,
    /// The draw is being made; numbers are handed out in a moment.
    #[error("the draw is being made")]
    Drawing,
    /// Too much is waiting.
    #[error("too much is waiting")]
    Busy,
    /// A store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<PlacesError> for EnterError {
    fn from(error: PlacesError) -> Self {
        match error {
            PlacesError::Full => Self::Full,
            PlacesError::Busy => Self::Busy,
            PlacesError::Unavailable(error) => Self::Unavailable(error),
            PlacesError::Lost | PlacesError::CeilingReached { .. } => Self::Unavailable(Unavailable::because(error)),
        }
    }
}

impl From<StatusError> for EnterError {
    fn from(error: StatusError) -> Self {
        match error {
            StatusError::UnknownRoom => Self::UnknownRoom,
            StatusError::Busy => Self::Busy,
            StatusError::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

/// Gives visitors their places: once each, however often they ask.
pub struct EnterLine {
    board: Arc<RoomBoard>,
    lines: Arc<Lines>,
    draws: Arc<dyn Draws>,
    status: Arc<ReadStatus>,
    seals: Arc<dyn QueueSeals>,
    context: Context,
}

impl EnterLine {
    /// On these ports.
    #[must_use]
    pub fn new(
        board: Arc<RoomBoard>,
        lines: Arc<Lines>,
        draws: Arc<dyn Draws>,
        status: Arc<ReadStatus>,
        seals: Arc<dyn QueueSeals>,
        context: Context,
    ) -> Self {
        Self { board, lines, draws, status, seals, context }
    }

    /// Takes a place in `room`, or finds the one that the visitor has. `held` is the number of a queue token that the
    /// visitor still has: after the line was lost, only that token knows of the place.
    ///
    /// # Errors
    /// [`EnterError`].
    pub async fn execute(
        &self,
        room: WaitingRoomId,
        visitor: &VisitorId,
        held: Option<QueueNumber>,
    ) -> Result<Entrance, EnterError> {
        let room = self.board.room(room).await?.ok_or(EnterError::UnknownRoom)?;
        if room.state.read().is_blocked(visitor) {
            return Err(EnterError::Blocked);
        }
        match room.phase() {
            Phase::Closed => Err(EnterError::Closed),
            Phase::Gathering => self.join_draw(&room, visitor).await,
            Phase::Drawing => Err(EnterError::Drawing),
            Phase::Open | Phase::Paused => match self.still_held(&room, visitor, held).await? {
                Some(number) => self.entrance(&room, visitor, number, false).await,
                None => self.join_line(&room, visitor).await,
            },
        }
    }

    async fn join_draw(&self, room: &LiveRoom, visitor: &VisitorId) -> Result<Entrance, EnterError> {
        let limit = room.terms().max_waiting;
        let pseudonym = self.seals.pseudonym(room.id(), visitor);
        match self.draws.join(room.id(), visitor, pseudonym, limit).await {
            Ok(()) => self.entrance(room, visitor, 0, true).await,
            Err(StepError::Refused(JoinRefusal::Full)) => Err(EnterError::Full),
            Err(StepError::Refused(JoinRefusal::Closed)) => Err(EnterError::Drawing),
            Err(StepError::Unavailable(error)) => Err(error.into()),
            Err(_) => Err(EnterError::Busy),
        }
    }

    /// The number of a token, if it is still worth something; who waits is put back into a line that has lost it.
    async fn still_held(
        &self,
        room: &LiveRoom,
        visitor: &VisitorId,
        held: Option<QueueNumber>,
    ) -> Result<Option<QueueNumber>, EnterError> {
        let Some(number) = held.filter(|number| *number > 0) else { return Ok(None) };
        match room.standing(visitor, number, self.context.now()) {
            Standing::Waiting => {
                self.lines.put_back(room, &[(visitor.clone(), number)]).await?;
                Ok(Some(number))
            }
            Standing::LetIn | Standing::Inside(_) => Ok(Some(number)),
            _ => Ok(None),
        }
    }

    async fn join_line(&self, room: &LiveRoom, visitor: &VisitorId) -> Result<Entrance, EnterError> {
        let inside = room.state.read().number_inside(visitor, self.context.now());
        if let Some(number) = inside {
            return self.entrance(room, visitor, number, false).await;
        }
        let mut entry = Entry { visitor: visitor.clone(), instead_of: None };
        for _ in 0..TRIES {
            let entered = self.lines.enter(room, &entry).await?;
            if entered.new {
                room.arrived.notify_one();
            }
            let entrance = self.entrance(room, visitor, entered.number, entered.new).await?;
            if !entrance.status.state.is_over() || entered.new {
                return Ok(entrance);
            }
            entry.instead_of = Some(entered.number);
        }
        Err(EnterError::Busy)
    }

    async fn entrance(
        &self,
        room: &LiveRoom,
        visitor: &VisitorId,
        number: QueueNumber,
        new: bool,
    ) -> Result<Entrance, EnterError> {
        let claims = self.status.claims(room, visitor, number);
        let status = self.status.of(room, visitor, number).await?;
        Ok(Entrance {
            queue_token: self.seals.queue_token(&claims),
            ticket: self.seals.queue_ticket(&claims),
            new,
            status,
        })
    }
}

/// Gives a place or a visit up.
pub struct LeaveLine {
    board: Arc<RoomBoard>,
    lines: Arc<Lines>,
    rooms: Arc<dyn Rooms>,
    draws: Arc<dyn Draws>,
    context: Context,
}

impl LeaveLine {
    /// On these ports.
    #[must_use]
    pub fn new(
        board: Arc<RoomBoard>,
        lines: Arc<Lines>,
        rooms: Arc<dyn Rooms>,
        draws: Arc<dyn Draws>,
        context: Context,
    ) -> Self {
        Self { board, lines, rooms, draws, context }
    }

    /// Leaves; having left, nothing changes.
    ///
    /// # Errors
    /// [`StatusError`]; [`StatusError::Busy`] while the draw is being made and the visitor has no number to give up yet.
    pub async fn execute(&self, claims: &QueueClaims) -> Result<(), StatusError> {
        let room = self.board.room(claims.room).await?.ok_or(StatusError::UnknownRoom)?;
        let visitor = &claims.visitor;
        let number = match claims.number {
            0 => self.drawn_or_withdrawn(&room, visitor).await?,
            number => Some(number),
        };
        let Some(number) = number else { return Ok(()) };
        match visits::end(&*self.rooms, &self.context, &room, visitor, number, EndReason::Left).await {
            Ok(()) => {}
            Err(StepError::Unavailable(error)) => return Err(error.into()),
            Err(_) => return Err(StatusError::Busy),
        }
        if room.phase().has_line()
            && let Err(error) = self.lines.leave(&room, visitor, number).await
        {
            warn!(waiting_room_id = %room.id(), %error, "who left stays in the line until it is passed");
        }
        Ok(())
    }

    /// The number that was drawn for a visitor who gathered; nothing for one who is not in the draw any more.
    async fn drawn_or_withdrawn(
        &self,
        room: &LiveRoom,
        visitor: &VisitorId,
    ) -> Result<Option<QueueNumber>, StatusError> {
        let phase = self.draws.withdraw(room.id(), visitor).await?;
        if phase == Phase::Gathering {
            return Ok(None);
        }
        match self.draws.number_of(room.id(), visitor).await? {
            None if phase == Phase::Drawing => Err(StatusError::Busy),
            number => Ok(number),
        }
    }
}
