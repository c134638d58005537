//! Waiting rooms: lines in front of concerts and of other sites.

mod admissions;
mod changes;
mod events;
pub(crate) mod hub;
pub(crate) mod objects;
pub(crate) mod place_objects;
mod places;
pub(crate) mod problems;
pub(crate) mod stream;

use std::sync::Arc;

use onsale_application::ports::RoomChange;
use onsale_application::waiting_room::LiveRoom;
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{Phase, WaitingRoom};
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use uuid::Uuid;

pub(crate) use self::admissions::AdmissionsApi;
use self::objects::{NewWaitingRoom, RoomObject, WaitingRoomPage, WaitingRoomPatch};
pub(crate) use self::places::PlacesApi;
use self::problems::{AddRoomProblem, ChangeRoomProblem, FindRoomProblem, ListRoomsProblem, MoveRoomProblem};
pub(crate) use self::stream::PlaceStreams;
use super::Tag;
use super::catalogue::fresh::FreshAnswers;
use super::operator::Added;
use crate::callers::{Manager, Viewer};
use crate::input::JsonBody;
use crate::paging::{Cursor, Limit};
use crate::problem::{Code, Problem};
use crate::state::UseCases;

/// The rooms themselves.
pub(crate) struct WaitingRoomsApi {
    use_cases: Arc<UseCases>,
    answers: Arc<FreshAnswers>,
}

/// A room that this caller may change; another's is not found.
async fn managed(use_cases: &UseCases, manager: Manager, id: WaitingRoomId) -> Result<Option<Arc<LiveRoom>>, Problem> {
    let room = use_cases.rooms.room(id).await?;
    Ok(room.filter(|room| manager.may_change(&room.terms())))
}

impl WaitingRoomsApi {
    pub(crate) fn new(use_cases: Arc<UseCases>, answers: Arc<FreshAnswers>) -> Self {
        Self { use_cases, answers }
    }

    fn shown(&self, room: &LiveRoom, viewer: Option<Manager>) -> RoomObject {
        RoomObject::live(room, viewer, self.use_cases.context.now())
    }

    /// A room of a list: what only a live one tells is there when this process knows it.
    fn listed(&self, room: &WaitingRoom, manager: Manager) -> RoomObject {
        match self.use_cases.board.known(room.id) {
            Some(live) => self.shown(&live, Some(manager)),
            None => RoomObject::whole(room),
        }
    }

    async fn move_to(&self, manager: Manager, id: Uuid, phase: Phase) -> Result<Json<RoomObject>, MoveRoomProblem> {
        let id = WaitingRoomId(id);
        managed(&self.use_cases, manager, id).await?.ok_or(MoveRoomProblem::NotFound)?;
        let change = RoomChange { phase: Some(phase), ..RoomChange::default() };
        let room = self.use_cases.rooms.change(id, change, manager.operator()).await?;
        self.answers.changed();
        Ok(Json(self.shown(&room, Some(manager))))
    }
}

#[OpenApi(tag = "Tag::WaitingRooms")]
impl WaitingRoomsApi {
    /// Add a waiting room
    ///
    /// Operators put rooms in front of concerts: from then on what is free is shown, and seats are held, only for those
    /// who were let in. Tenants make rooms for sites of their own.
    #[oai(path = "/v1/waiting-rooms", method = "post", operation_id = "create_waiting_room")]
    async fn create_waiting_room(
        &self,
        /// A tenant's key, instead of an operator's access token.
        #[oai(name = "X-Api-Key")]
        manager: Manager,
        room: JsonBody<NewWaitingRoom>,
    ) -> Result<Added<RoomObject>, AddRoomProblem> {
        let room = room.0.into_room(self.use_cases.context.now())?;
        if room.concert.is_some() && manager.operator().is_none() {
            let detail = "only operators put a room in front of a concert";
            return Err(Problem::new(Code::Forbidden).detail(detail).into());
        }
        let room = self.use_cases.rooms.create(manager.owner(), room, manager.operator()).await?;
        self.answers.changed();
        Ok(Added::Added(Json(self.shown(&room, Some(manager)))))
    }

    /// List waiting rooms
    ///
    /// A tenant's own, or all of them for operators; newest first.
    #[oai(path = "/v1/waiting-rooms", method = "get", operation_id = "list_waiting_rooms")]
    async fn list_waiting_rooms(
        &self,
        /// A tenant's key, instead of an operator's access token.
        #[oai(name = "X-Api-Key")]
        manager: Manager,
        /// At most this many.
        limit: Query<Option<Limit>>,
        /// Where to go on, from the `next_cursor` of an earlier answer.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<WaitingRoomPage>, ListRoomsProblem> {
        let owner = match manager {
            Manager::Operator(_) => None,
            Manager::Tenant(_) => Some(manager.owner()),
        };
        let page = self.use_cases.rooms.list(owner, Cursor::id(cursor.0), Limit::of(limit.0)).await;
        let page = page.map_err(Problem::from)?;
        let items = page.items.iter().map(|room| self.listed(room, manager)).collect();
        Ok(Json(WaitingRoomPage { items, next_cursor: Cursor::after(page.next.map(|id| id.0)) }))
    }

    /// Show a waiting room
    ///
    /// How long the line is and how fast it moves; who may change the room sees all of it.
    #[oai(path = "/v1/waiting-rooms/:id", method = "get", operation_id = "get_waiting_room")]
    async fn get_waiting_room(
        &self,
        /// A tenant's key; anybody may look without one.
        #[oai(name = "X-Api-Key")]
        viewer: Viewer,
        /// Names the room.
        id: Path<Uuid>,
    ) -> Result<Json<RoomObject>, FindRoomProblem> {
        let room = self.use_cases.rooms.room(WaitingRoomId(id.0)).await.map_err(Problem::from)?;
        Ok(Json(self.shown(&*room.ok_or(FindRoomProblem::NotFound)?, viewer.0)))
    }

    /// Change a waiting room
    ///
    /// What is absent stays. The flow changes with the next letting-in, on every replica.
    #[oai(path = "/v1/waiting-rooms/:id", method = "patch", operation_id = "change_waiting_room")]
    async fn change_waiting_room(
        &self,
        /// A tenant's key, instead of an operator's access token.
        #[oai(name = "X-Api-Key")]
        manager: Manager,
        /// Names the room.
        id: Path<Uuid>,
        change: JsonBody<WaitingRoomPatch>,
    ) -> Result<Json<RoomObject>, ChangeRoomProblem> {
        let (id, change) = (WaitingRoomId(id.0), change.0.into_change()?);
        managed(&self.use_cases, manager, id).await?.ok_or(ChangeRoomProblem::NotFound)?;
        let room = self.use_cases.rooms.change(id, change, manager.operator()).await?;
        Ok(Json(self.shown(&room, Some(manager))))
    }

    /// Pause a waiting room
    ///
    /// Visitors may enter and keep their places; nobody is let in until it is resumed.
    #[oai(path = "/v1/waiting-rooms/:id/pause", method = "post", operation_id = "pause_waiting_room")]
    async fn pause_waiting_room(
        &self,
        /// A tenant's key, instead of an operator's access token.
        #[oai(name = "X-Api-Key")]
        manager: Manager,
        /// Names the room.
        id: Path<Uuid>,
    ) -> Result<Json<RoomObject>, MoveRoomProblem> {
        self.move_to(manager, id.0, Phase::Paused).await
    }

    /// Resume a waiting room
    #[oai(path = "/v1/waiting-rooms/:id/resume", method = "post", operation_id = "resume_waiting_room")]
    async fn resume_waiting_room(
        &self,
        /// A tenant's key, instead of an operator's access token.
        #[oai(name = "X-Api-Key")]
        manager: Manager,
        /// Names the room.
        id: Path<Uuid>,
    ) -> Result<Json<RoomObject>, MoveRoomProblem> {
        self.move_to(manager, id.0, Phase::Open).await
    }

    /// Close a waiting room
    ///
    /// For good: nobody waits any more, and a concert behind it is open to everybody.
    #[oai(path = "/v1/waiting-rooms/:id/close", method = "post", operation_id = "close_waiting_room")]
    async fn close_waiting_room(
        &self,
        /// A tenant's key, instead of an operator's access token.
        #[oai(name = "X-Api-Key")]
        manager: Manager,
        /// Names the room.
        id: Path<Uuid>,
    ) -> Result<Json<RoomObject>, MoveRoomProblem> {
        self.move_to(manager, id.0, Phase::Closed).await
    }
}
