//! Places in line: entering, asking after a place, following it, leaving.

use std::sync::Arc;

use onsale_application::ports::QueueClaims;
use onsale_application::waiting_room::LiveRoom;
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{QueueNumber, RoomOwner, VisitorId};
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::{Json, Response};
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use super::events::PlaceEvents;
use super::place_objects::{Entered, NewPlace, PlaceStatus};
use super::problems::{EnterProblem, FollowProblem, PlaceProblem};
use super::stream::PlaceStreams;
use crate::callers::Usher;
use crate::context::RequestContext;
use crate::entry_limit::EntryLimit;
use crate::headers::{HeldToken, QueueToken};
use crate::input::{JsonBody, Text};
use crate::problem::{Code, Problem};
use crate::resources::Tag;
use crate::settings::HttpLimits;
use crate::sse::EventStream;
use crate::state::UseCases;

/// Nobody else is to know of a place.
const NOBODY_KEEPS: &str = "no-store";

/// A place was taken, or is there already.
#[derive(ApiResponse)]
pub(crate) enum Place {
    /// A new place.
    #[oai(status = 201)]
    New(
        Json<Entered>,
        /// Nobody keeps it: it has tokens.
        #[oai(header = "Cache-Control")]
        String,
    ),
    /// The place that the visitor has already.
    #[oai(status = 200)]
    Same(
        Json<Entered>,
        /// Nobody keeps it: it has tokens.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

#[derive(ApiResponse)]
enum Left {
    /// The place or the visit is given up.
    #[oai(status = 204)]
    Left,
}

/// The places of visitors.
pub(crate) struct PlacesApi {
    use_cases: Arc<UseCases>,
    limit: EntryLimit,
    streams: PlaceStreams,
}

/// Who would enter `room` when `usher` asks for somebody called `named`; nothing for a visitor that the usher names.
fn visitor(room: &LiveRoom, usher: Usher, named: Option<Text>) -> Result<Option<VisitorId>, EnterProblem> {
    match (usher, room.terms().owner) {
        (Usher::Tenant(tenant), RoomOwner::Tenant(owner)) if tenant == owner => {
            let refused = |error| Problem::invalid("visitor_id", format!("{error}"));
            Ok(named.map(|name| VisitorId::new(&name.0).map_err(refused)).transpose()?)
        }
        (Usher::Tenant(_), _) => Err(EnterProblem::NotFound),
        (Usher::Customer(_), RoomOwner::Tenant(_)) => {
            let detail = "visitors of this room are entered by the site that it stands in front of";
            Err(Problem::new(Code::Forbidden).detail(detail).into())
        }
        (Usher::Customer(_), RoomOwner::Operators) if named.is_some() => {
            Err(Problem::invalid("visitor_id", "customers enter as themselves").into())
        }
        (Usher::Customer(account), RoomOwner::Operators) => Ok(Some(account.into())),
    }
}

impl PlacesApi {
    pub(crate) fn new(use_cases: Arc<UseCases>, limits: &HttpLimits, streams: PlaceStreams) -> Self {
        Self { use_cases, limit: EntryLimit::new(limits), streams }
    }

    async fn visitor(&self, room: WaitingRoomId, usher: Usher, named: Option<Text>) -> Result<VisitorId, EnterProblem> {
        let room = self.use_cases.rooms.room(room).await.map_err(Problem::from)?;
        let visitor = visitor(&*room.ok_or(EnterProblem::NotFound)?, usher, named)?;
        let made = || VisitorId::new(&self.use_cases.context.new_id::<Uuid>().to_string());
        visitor.map_or_else(made, Ok).map_err(|error| Problem::internal(error).into())
    }

    /// The number of a token of this visitor's, if that is what it is.
    fn held(&self, room: WaitingRoomId, visitor: &VisitorId, token: &HeldToken) -> Option<QueueNumber> {
        let opened = self.use_cases.queue_seals.open_queue_token(token.0.as_deref()?, self.use_cases.context.now());
        opened.ok().filter(|claims| claims.room == room && claims.visitor == *visitor).map(|claims| claims.number)
    }

    /// What a queue token of this room states.
    fn opened(&self, room: WaitingRoomId, token: &QueueToken) -> Result<QueueClaims, Problem> {
        let claims = self.use_cases.queue_seals.open_queue_token(&token.0, self.use_cases.context.now());
        claims.ok().filter(|claims| claims.room == room).ok_or_else(|| Problem::new(Code::QueueTokenInvalid))
    }
}

#[OpenApi(tag = "Tag::WaitingRooms")]
impl PlacesApi {
    /// Enter
    ///
    /// Takes a place in line, or finds the one that the visitor has: however often, and on however many devices it asks.
    /// Whose place has expired, was left or is over gets a new one at the end. In front of a concert customers enter as
    /// themselves; in front of another site its tenant enters its visitors.
    #[oai(path = "/v1/waiting-rooms/:id/tokens", method = "post", operation_id = "enter_waiting_room")]
    async fn enter_waiting_room(
        &self,
        /// A tenant's key, instead of a customer's access token.
        #[oai(name = "X-Api-Key")]
        usher: Usher,
        /// Names the room.
        id: Path<Uuid>,
        /// The token of the place that the visitor has, if it was kept. It keeps the place even when the line itself was
        /// lost a moment ago; one that is worth nothing any more is ignored.
        #[oai(name = "X-Queue-Token")]
        held: HeldToken,
        place: JsonBody<NewPlace>,
        request: RequestContext,
    ) -> Result<Place, EnterProblem> {
        let room = WaitingRoomId(id.0);
        let visitor = self.visitor(room, usher, place.0.visitor_id).await?;
        let client = matches!(usher, Usher::Customer(_)).then_some(request.client);
        self.limit.enter(room, &visitor, client)?;
        let held = self.held(room, &visitor, &held);
        let entrance = self.use_cases.enter.execute(room, &visitor, held).await?;
        let is_new = entrance.new;
        let entered = Json(Entered::new(room, &visitor, entrance));
        let answer = if is_new { Place::New } else { Place::Same };
        Ok(answer(entered, NOBODY_KEEPS.to_owned()))
    }

    /// Ask after a place
    ///
    /// The first answer after being let in uses the pass, which must happen within the room's `claim_seconds`.
    #[oai(path = "/v1/waiting-rooms/:id/status", method = "get", operation_id = "get_place")]
    async fn get_place(
        &self,
        /// Names the room.
        id: Path<Uuid>,
        /// The proof of the place.
        #[oai(name = "X-Queue-Token")]
        token: QueueToken,
    ) -> Result<Response<Json<PlaceStatus>>, PlaceProblem> {
        let claims = self.opened(WaitingRoomId(id.0), &token)?;
        self.limit.poll(claims.room, &claims.visitor)?;
        let report = self.use_cases.place.execute(&claims).await?;
        Ok(Response::new(Json(report.into())).header("Cache-Control", NOBODY_KEEPS))
    }

    /// Follow a place
    ///
    /// Server-sent events: `status` at first and as the place moves, `admitted` with the pass at the moment of being let
    /// in. Whoever misses an event learns the truth from the next, or by asking. A comment every 15 seconds keeps the
    /// connection.
    #[oai(path = "/v1/waiting-rooms/:id/events", method = "get", operation_id = "follow_place")]
    async fn follow_place(
        &self,
        /// Names the room.
        id: Path<Uuid>,
        /// From the `events_url` of the answer to entering.
        #[oai(validator(max_length = 1024))]
        ticket: Query<String>,
        request: RequestContext,
    ) -> Result<EventStream<PlaceEvents>, FollowProblem> {
        let claims = self.use_cases.queue_seals.open_queue_ticket(&ticket.0, self.use_cases.context.now());
        let claims = claims.ok().filter(|claims| claims.room.0 == id.0).ok_or(FollowProblem::StreamTicketInvalid)?;
        let room = self.use_cases.rooms.room(claims.room).await.map_err(Problem::from)?;
        Ok(self.streams.open(&room.ok_or(FollowProblem::NotFound)?, claims, &request)?)
    }

    /// Leave
    ///
    /// Gives the place or the visit up. Having left, nothing changes.
    #[oai(path = "/v1/waiting-rooms/:id/tokens/current", method = "delete", operation_id = "leave_waiting_room")]
    async fn leave_waiting_room(
        &self,
        /// Names the room.
        id: Path<Uuid>,
        /// The proof of the place.
        #[oai(name = "X-Queue-Token")]
        token: QueueToken,
    ) -> Result<Left, PlaceProblem> {
        let claims = self.opened(WaitingRoomId(id.0), &token)?;
        self.use_cases.leave.execute(&claims).await?;
        Ok(Left::Left)
    }
}
