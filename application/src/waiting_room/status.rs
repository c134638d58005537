use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use onsale_domain::waiting_room::{
    ClaimRefusal, EndReason, Phase, QueueNumber, Visit, VisitorId, estimated_wait_seconds, pass_id, poll_after_ms,
    redirect_target,
};
use thiserror::Error;

use super::state::Standing;
use super::{LiveRoom, RoomBoard, visits};
use crate::ports::{Context, Draws, PassClaims, PassKeyError, QueueClaims, QueueSeals, Rooms, StepError, Unavailable};

/// How long a queue token is good; it is renewed by entering again.
pub(super) const TOKEN_LIFETIME: TimeDelta = TimeDelta::days(7);
/// How long the one-time code of a redirect is good.
const CODE_LIFETIME: TimeDelta = TimeDelta::seconds(60);
/// When somebody asks again whose turn is about to come, in milliseconds.
const SOON_MS: u64 = 1_000;

/// Where somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceState {
    /// Waits for the draw.
    Gathering,
    /// Waits in line.
    Waiting,
    /// Was let in.
    Admitted,
    /// Came too late, or the pass's time has passed.
    Expired,
    /// Has left.
    Left,
    /// Has paid, or the visit was ended.
    Finished,
    /// Is shut out.
    Blocked,
}

impl PlaceState {
    /// Whether the place is worth nothing any more: entering again gives another.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Expired | Self::Left | Self::Finished)
    }
}

/// A visitor's place, as of now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// Where the visitor is.
    pub state: PlaceState,
    /// The room's phase, as it is shown.
    pub phase: Phase,
    /// The number.
    pub number: Option<QueueNumber>,
    /// The place in line, 1 for the first; never larger than it was shown before.
    pub position: Option<u64>,
    /// Seconds until it is let in, if the line goes on as it did.
    pub estimated_wait_seconds: Option<u64>,
    /// Milliseconds after which to ask again.
    pub poll_after_ms: Option<u64>,
    /// The pass.
    pub pass: Option<String>,
    /// Until when it is good.
    pub pass_expires_at: Option<DateTime<Utc>>,
    /// Where to go, with a one-time code.
    pub redirect_url: Option<String>,
    /// A new queue token instead of one that was given before the draw.
    pub queue_token: Option<String>,
}

/// What can be seen of a place at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Where the visitor is.
    pub state: PlaceState,
    /// The room's phase, as it is shown.
    pub phase: Phase,
    /// The place in line of one who waits.
    pub position: Option<u64>,
}

/// Why there is no status.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StatusError {
    /// There is no such room any more.
    #[error("there is no such waiting room")]
    UnknownRoom,
    /// Too much is waiting.
    #[error("too much is waiting")]
    Busy,
    /// A store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<PassKeyError> for StatusError {
    fn from(error: PassKeyError) -> Self {
        Self::Unavailable(Unavailable::because(error))
    }
}

/// Tells visitors their places. Asking costs no call while they wait; the first answer after being let in uses the pass.
pub struct ReadStatus {
    board: Arc<RoomBoard>,
    rooms: Arc<dyn Rooms>,
    draws: Arc<dyn Draws>,
    seals: Arc<dyn QueueSeals>,
    context: Context,
}

impl ReadStatus {
    /// On these ports.
    #[must_use]
    pub fn new(
        board: Arc<RoomBoard>,
        rooms: Arc<dyn Rooms>,
        draws: Arc<dyn Draws>,
        seals: Arc<dyn QueueSeals>,
        context: Context,
    ) -> Self {
        Self { board, rooms, draws, seals, context }
    }

    /// The place of whoever holds a queue token with `claims`.
    ///
    /// # Errors
    /// [`StatusError`].
    pub async fn execute(&self, claims: &QueueClaims) -> Result<StatusReport, StatusError> {
        let room = self.board.room(claims.room).await?.ok_or(StatusError::UnknownRoom)?;
        if let Standing::Undrawn = room.standing(&claims.visitor, claims.number, self.context.now()) {
            return self.exchange(&room, claims).await;
        }
        self.of(&room, &claims.visitor, claims.number).await
    }

    /// The same without using the pass, from memory alone: for streams, whose other end may be gone. Nothing for a token
    /// that must be exchanged first.
    #[must_use]
    pub fn peek(&self, room: &LiveRoom, claims: &QueueClaims, random: u64) -> Option<StatusReport> {
        let now = self.context.now();
        let standing = room.notice(&claims.visitor, claims.number, now);
        match standing {
            Standing::Undrawn => None,
            Standing::LetIn => self.let_in(room, claims, now).or_else(|| Some(report(room, PlaceState::Waiting, now))),
            Standing::Inside(visit) => self.inside(room, &visit, now).ok(),
            other => Some(report_of(room, &other, claims.number, random, now)),
        }
    }

    /// Where somebody is, without signing anything: for looking at many at once. Nothing for a token that must be exchanged
    /// first.
    #[must_use]
    pub fn glance(&self, room: &LiveRoom, claims: &QueueClaims) -> Option<Glance> {
        let now = self.context.now();
        let standing = room.notice(&claims.visitor, claims.number, now);
        if standing == Standing::Undrawn {
            return None;
        }
        let state = state_of(&standing);
        let position = (state == PlaceState::Waiting).then(|| room.position(claims.number, now));
        Some(Glance { state, phase: room.shown_phase(now), position })
    }

    /// What the place that a visitor drew states; nothing for one who was not in the draw.
    ///
    /// # Errors
    /// [`StatusError`].
    pub async fn drawn(&self, room: &LiveRoom, claims: &QueueClaims) -> Result<Option<QueueClaims>, StatusError> {
        let number = self.draws.number_of(room.id(), &claims.visitor).await?;
        Ok(number.map(|number| self.claims(room, &claims.visitor, number)))
    }

    /// The place of a visitor with a number.
    pub(super) async fn of(
        &self,
        room: &LiveRoom,
        visitor: &VisitorId,
        number: QueueNumber,
    ) -> Result<StatusReport, StatusError> {
        let now = self.context.now();
        match room.notice(visitor, number, now) {
            Standing::LetIn => self.claimed(room, visitor, number).await,
            Standing::Inside(visit) => Ok(self.inside(room, &visit, now)?),
            other => Ok(report_of(room, &other, number, self.context.random(), now)),
        }
    }

    async fn claimed(
        &self,
        room: &LiveRoom,
        visitor: &VisitorId,
        number: QueueNumber,
    ) -> Result<StatusReport, StatusError> {
        let refusal = match visits::claim(&*self.rooms, &self.context, room, visitor, number).await {
            Ok(visit) => return Ok(self.inside(room, &visit, self.context.now())?),
            Err(StepError::Refused(refusal)) => refusal,
            Err(StepError::Unavailable(error)) => return Err(error.into()),
            Err(_) => return Err(StatusError::Busy),
        };
        let standing = match refusal {
            ClaimRefusal::NotLetIn | ClaimRefusal::Full => {
                let soon = StatusReport {
                    number: Some(number),
                    position: Some(1),
                    poll_after_ms: Some(SOON_MS),
                    ..report(room, PlaceState::Waiting, self.context.now())
                };
                return Ok(soon);
            }
            ClaimRefusal::Expired => Standing::Expired,
            ClaimRefusal::Ended(reason) => Standing::Ended(reason),
            ClaimRefusal::Superseded => Standing::Ended(EndReason::Finished),
            ClaimRefusal::Blocked => Standing::Blocked,
        };
        Ok(report_of(room, &standing, number, self.context.random(), self.context.now()))
    }

    /// A token from before the draw becomes one with the number that was drawn.
    async fn exchange(&self, room: &LiveRoom, claims: &QueueClaims) -> Result<StatusReport, StatusError> {
        let Some(number) = self.draws.number_of(room.id(), &claims.visitor).await? else {
            return Ok(report(room, Self::without_number(room), self.context.now()));
        };
        let status = self.of(room, &claims.visitor, number).await?;
        Ok(StatusReport { queue_token: Some(self.token(room, &claims.visitor, number)), ..status })
    }

    /// Where somebody is who gathered and has drawn no number: it left before the draw, unless the room was closed before.
    #[must_use]
    pub fn without_number(room: &LiveRoom) -> PlaceState {
        let is_drawn = room.record().draw.is_some_and(|draw| draw.entrants.is_some());
        if is_drawn { PlaceState::Left } else { PlaceState::Expired }
    }

    /// A queue token for a place.
    pub(super) fn token(&self, room: &LiveRoom, visitor: &VisitorId, number: QueueNumber) -> String {
        self.seals.queue_token(&self.claims(room, visitor, number))
    }

    /// What a queue token for a place states.
    pub(super) fn claims(&self, room: &LiveRoom, visitor: &VisitorId, number: QueueNumber) -> QueueClaims {
        let opens_at = room.terms().opens_at.unwrap_or_default();
        let expires_at = self.context.now().max(opens_at) + TOKEN_LIFETIME;
        QueueClaims { room: room.id(), visitor: visitor.clone(), number, expires_at }
    }

    fn inside(&self, room: &LiveRoom, visit: &Visit, now: DateTime<Utc>) -> Result<StatusReport, PassKeyError> {
        self.admitted(room, &pass_claims(room, visit), now)
    }

    /// What somebody is told who was let in and has not used the pass.
    fn let_in(&self, room: &LiveRoom, claims: &QueueClaims, now: DateTime<Utc>) -> Option<StatusReport> {
        let tick = room.state.read().tick_of(claims.number)?;
        let pass = PassClaims {
            id: pass_id(room.id(), claims.number, tick.no),
            room: room.id(),
            visitor: claims.visitor.clone(),
            number: claims.number,
            issued_at: tick.at,
            expires_at: tick.expires_at,
        };
        self.admitted(room, &pass, now).ok()
    }

    fn admitted(&self, room: &LiveRoom, pass: &PassClaims, now: DateTime<Utc>) -> Result<StatusReport, PassKeyError> {
        let redirect_url = room.terms().redirect_url.as_deref().and_then(|url| {
            let code = self.seals.pass_code(pass, now + CODE_LIFETIME);
            redirect_target(url, &code)
        });
        Ok(StatusReport {
            number: Some(pass.number),
            pass: Some(self.seals.pass(pass, now)?),
            pass_expires_at: Some(pass.expires_at),
            redirect_url,
            ..report(room, PlaceState::Admitted, now)
        })
    }
}

/// What the pass of a visit states: the same whoever asks, however often.
pub(super) fn pass_claims(room: &LiveRoom, visit: &Visit) -> PassClaims {
    PassClaims {
        id: visit.pass(room.id()),
        room: room.id(),
        visitor: visit.visitor.clone(),
        number: visit.number,
        issued_at: visit.let_in_at,
        expires_at: visit.expires_at,
    }
}

fn report(room: &LiveRoom, state: PlaceState, now: DateTime<Utc>) -> StatusReport {
    StatusReport {
        state,
        phase: room.shown_phase(now),
        number: None,
        position: None,
        estimated_wait_seconds: None,
        poll_after_ms: None,
        pass: None,
        pass_expires_at: None,
        redirect_url: None,
        queue_token: None,
    }
}

fn state_of(standing: &Standing) -> PlaceState {
    match standing {
        Standing::Gathering | Standing::Undrawn => PlaceState::Gathering,
        Standing::Waiting => PlaceState::Waiting,
        Standing::LetIn | Standing::Inside(_) => PlaceState::Admitted,
        Standing::Expired => PlaceState::Expired,
        Standing::Ended(EndReason::Left) => PlaceState::Left,
        Standing::Ended(EndReason::Paid | EndReason::Finished) => PlaceState::Finished,
        Standing::Ended(EndReason::Blocked) | Standing::Blocked => PlaceState::Blocked,
    }
}

fn report_of(
    room: &LiveRoom,
    standing: &Standing,
    number: QueueNumber,
    random: u64,
    now: DateTime<Utc>,
) -> StatusReport {
    let state = state_of(standing);
    let plain = StatusReport { number: (number > 0).then_some(number), ..report(room, state, now) };
    match state {
        PlaceState::Waiting => {
            let position = room.position(number, now);
            let goes_on = plain.phase == Phase::Open;
            let wait = estimated_wait_seconds(position, room.per_minute()).filter(|_| goes_on);
            StatusReport {
                position: Some(position),
                estimated_wait_seconds: wait,
                poll_after_ms: Some(poll_after_ms(wait.or_else(|| room.planned_wait_seconds(position)), random)),
                ..plain
            }
        }
        PlaceState::Gathering | PlaceState::Blocked => {
            StatusReport { poll_after_ms: Some(poll_after_ms(None, random)), ..plain }
        }
        _ => plain,
    }
}
