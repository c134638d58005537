//! Why something about a room was not done.

use std::time::Duration;

use onsale_application::ports::RoomEditError;
use onsale_application::waiting_room::{ByHandError, EnterError, ManageRoomError, ReadDrawError, StatusError};
use onsale_domain::waiting_room::RoomError;

use crate::problem::{BODY, Code, MANAGER, Problem, QUEUE};
use crate::refusals::busy;

/// When somebody should try again who found the line full: places become free as visitors are let in.
const FULL_RETRY: Duration = Duration::from_secs(10);

/// What a look at a room may answer: who shows something must show something good.
const VIEWER: &[Code] = &[Code::SignInRequired, Code::AccessTokenExpired, Code::ApiKeyInvalid];
/// What entering may answer beside what is the caller's fault.
const FULL: &[Code] = &[Code::LineFull];
/// What adding a room may answer when there are enough.
const ROOMS: &[Code] = &[Code::TooManyWaitingRooms];

crate::problems! {
    /// Why a room was not added.
    pub(crate) enum AddRoomProblem includes [MANAGER, BODY, ROOMS] { ConcertGuarded }
}

crate::problems! {
    /// Why rooms are not listed.
    pub(crate) enum ListRoomsProblem includes [MANAGER] {}
}

crate::problems! {
    /// Why a room is not shown.
    pub(crate) enum FindRoomProblem includes [VIEWER] { NotFound }
}

crate::problems! {
    /// Why a room was not changed.
    pub(crate) enum ChangeRoomProblem includes [MANAGER, BODY] { NotFound, WaitingRoomClosed }
}

crate::problems! {
    /// Why a room was not paused, resumed or closed.
    pub(crate) enum MoveRoomProblem includes [MANAGER] { NotFound, WaitingRoomClosed, WaitingRoomNotOpen }
}

crate::problems! {
    /// Why nobody was let in by hand.
    pub(crate) enum AdmitProblem includes [MANAGER, BODY] { NotFound, WaitingRoomClosed, WaitingRoomNotOpen }
}

crate::problems! {
    /// Why a visitor was not shut out or let back.
    pub(crate) enum BlockProblem includes [MANAGER] { NotFound }
}

crate::problems! {
    /// Why nothing is shown about a draw.
    pub(crate) enum DrawProblem includes [] { NotFound }
}

crate::problems! {
    /// Why nobody entered.
    pub(crate) enum EnterProblem includes [MANAGER, BODY, FULL] { NotFound, WaitingRoomClosed, VisitorBlocked }
}

crate::problems! {
    /// Why a place is not shown or given up.
    pub(crate) enum PlaceProblem includes [QUEUE] { NotFound }
}

crate::problems! {
    /// Why a place is not followed.
    pub(crate) enum FollowProblem includes [] { NotFound, StreamTicketInvalid }
}

fn invalid(error: &RoomError) -> Problem {
    Problem::invalid(error.field(), error.to_string())
}

impl From<ManageRoomError> for Problem {
    fn from(error: ManageRoomError) -> Self {
        match error {
            ManageRoomError::Invalid(error) => invalid(&error),
            ManageRoomError::UnknownConcert => Self::invalid("concert_id", "there is no such concert"),
            ManageRoomError::Store(error) => error.into(),
            ManageRoomError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl From<RoomEditError> for Problem {
    fn from(error: RoomEditError) -> Self {
        match error {
            RoomEditError::UnknownRoom => Self::new(Code::NotFound),
            RoomEditError::UnknownConcert => Self::invalid("concert_id", "there is no such concert"),
            RoomEditError::ConcertGuarded => Self::new(Code::ConcertGuarded),
            RoomEditError::TooMany { limit } => {
                let detail = format!("a tenant has at most {limit}, those included that were closed within a day");
                Self::new(Code::TooManyWaitingRooms).detail(detail)
            }
            RoomEditError::Closed => Self::new(Code::WaitingRoomClosed),
            RoomEditError::NotOpened => Self::new(Code::WaitingRoomNotOpen),
            RoomEditError::Invalid(error) => invalid(&error),
            RoomEditError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl From<ManageRoomError> for AddRoomProblem {
    fn from(error: ManageRoomError) -> Self {
        match error {
            ManageRoomError::Store(RoomEditError::ConcertGuarded) => Self::ConcertGuarded,
            error => Problem::from(error).into(),
        }
    }
}

impl From<ManageRoomError> for ChangeRoomProblem {
    fn from(error: ManageRoomError) -> Self {
        match error {
            ManageRoomError::Store(RoomEditError::UnknownRoom) => Self::NotFound,
            ManageRoomError::Store(RoomEditError::Closed) => Self::WaitingRoomClosed,
            error => Problem::from(error).into(),
        }
    }
}

impl From<ManageRoomError> for MoveRoomProblem {
    fn from(error: ManageRoomError) -> Self {
        match error {
            ManageRoomError::Store(RoomEditError::UnknownRoom) => Self::NotFound,
            ManageRoomError::Store(RoomEditError::Closed) => Self::WaitingRoomClosed,
            ManageRoomError::Store(RoomEditError::NotOpened) => Self::WaitingRoomNotOpen,
            error => Problem::from(error).into(),
        }
    }
}

impl From<ByHandError> for AdmitProblem {
    fn from(error: ByHandError) -> Self {
        match error {
            ByHandError::UnknownRoom => Self::NotFound,
            ByHandError::NotOpen => Self::WaitingRoomNotOpen,
            ByHandError::Busy => busy().into(),
            ByHandError::Unavailable(unavailable) => Problem::from(unavailable).into(),
        }
    }
}

impl From<ByHandError> for BlockProblem {
    fn from(error: ByHandError) -> Self {
        match error {
            ByHandError::UnknownRoom => Self::NotFound,
            ByHandError::Unavailable(unavailable) => Problem::from(unavailable).into(),
            ByHandError::NotOpen | ByHandError::Busy => busy().into(),
        }
    }
}

impl From<ReadDrawError> for DrawProblem {
    fn from(error: ReadDrawError) -> Self {
        match error {
            ReadDrawError::Unknown => Self::NotFound,
            ReadDrawError::Unavailable(unavailable) => Problem::from(unavailable).into(),
        }
    }
}

impl From<EnterError> for EnterProblem {
    fn from(error: EnterError) -> Self {
        match error {
            EnterError::UnknownRoom => Self::NotFound,
            EnterError::Closed => Self::WaitingRoomClosed,
            EnterError::Blocked => Self::VisitorBlocked,
            EnterError::Full => Problem::new(Code::LineFull).retry_after(FULL_RETRY).into(),
            EnterError::Drawing => busy().detail("numbers are being drawn, and are there in a moment").into(),
            EnterError::Busy => busy().into(),
            EnterError::Unavailable(unavailable) => Problem::from(unavailable).into(),
        }
    }
}

impl From<StatusError> for PlaceProblem {
    fn from(error: StatusError) -> Self {
        match error {
            StatusError::UnknownRoom => Self::NotFound,
            StatusError::Busy => busy().into(),
            StatusError::Unavailable(unavailable) => Problem::from(unavailable).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use onsale_application::ports::Unavailable;

    use super::*;

    fn down() -> Unavailable {
        Unavailable::because("down")
    }

    #[test]
    fn every_refused_change_has_its_code() {
        let code = |error| {
            let error = ManageRoomError::Store(error);
            Problem::from(MoveRoomProblem::from(error)).code()
        };
        assert_eq!(code(RoomEditError::UnknownRoom), Code::NotFound);
        assert_eq!(code(RoomEditError::Closed), Code::WaitingRoomClosed);
        assert_eq!(code(RoomEditError::NotOpened), Code::WaitingRoomNotOpen);
        assert_eq!(code(RoomEditError::ConcertGuarded), Code::ConcertGuarded);
        assert_eq!(code(RoomEditError::TooMany { limit: 9 }), Code::TooManyWaitingRooms);
        assert_eq!(code(RoomEditError::Invalid(RoomError::RedirectUrl)), Code::InvalidRequest);
        assert_eq!(code(RoomEditError::Unavailable(down())), Code::Unavailable);
        let unknown = Problem::from(AddRoomProblem::from(ManageRoomError::UnknownConcert));
        assert_eq!(unknown.code(), Code::InvalidRequest);
    }

    #[tokio::test]
    async fn a_room_that_is_not_valid_names_the_member() {
        let error = ManageRoomError::Invalid(RoomError::ClaimOutlastsPass);
        let document = Problem::from(AddRoomProblem::from(error)).to_response(None).into_body();
        let document: serde_json::Value = document.into_json().await.expect("a document");
        assert_eq!(document["field"], "claim_seconds");
    }

    #[test]
    fn every_refused_entry_has_its_code() {
        let code = |error| Problem::from(EnterProblem::from(error)).code();
        let expected = [
            (EnterError::UnknownRoom, Code::NotFound),
            (EnterError::Closed, Code::WaitingRoomClosed),
            (EnterError::Blocked, Code::VisitorBlocked),
            (EnterError::Full, Code::LineFull),
            (EnterError::Drawing, Code::Busy),
            (EnterError::Busy, Code::Busy),
            (EnterError::Unavailable(down()), Code::Unavailable),
        ];
        for (error, expected) in expected {
            assert_eq!(code(error), expected);
        }
    }

    #[test]
    fn every_other_refusal_has_its_code() {
        let by_hand = |error| Problem::from(AdmitProblem::from(error)).code();
        assert_eq!(by_hand(ByHandError::UnknownRoom), Code::NotFound);
        assert_eq!(by_hand(ByHandError::NotOpen), Code::WaitingRoomNotOpen);
        assert_eq!(by_hand(ByHandError::Busy), Code::Busy);
        assert_eq!(by_hand(ByHandError::Unavailable(down())), Code::Unavailable);
        assert_eq!(Problem::from(BlockProblem::from(ByHandError::UnknownRoom)).code(), Code::NotFound);
        assert_eq!(Problem::from(DrawProblem::from(ReadDrawError::Unknown)).code(), Code::NotFound);
        let place = |error| Problem::from(PlaceProblem::from(error)).code();
        assert_eq!(place(StatusError::UnknownRoom), Code::NotFound);
        assert_eq!(place(StatusError::Busy), Code::Busy);
    }
}
