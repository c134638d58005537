//! Places in line as the API shows them.

use chrono::{DateTime, Utc};
use onsale_application::waiting_room::{Entrance, PlaceState, StatusReport};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{POLL_FARTHEST_MS, Phase, QueueNumber, VisitorId};
use poem_openapi::{Enum, Object};

use super::objects::RoomState;
use crate::input::Text;

/// Where a visitor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "PlaceStatusName", rename_all = "snake_case")]
pub(crate) enum StatusName {
    /// Waits for the opening draw.
    Gathering,
    /// Waits in line.
    Waiting,
    /// Was let in; the pass is there.
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

impl From<PlaceState> for StatusName {
    fn from(state: PlaceState) -> Self {
        match state {
            PlaceState::Gathering => Self::Gathering,
            PlaceState::Waiting => Self::Waiting,
            PlaceState::Admitted => Self::Admitted,
            PlaceState::Expired => Self::Expired,
            PlaceState::Left => Self::Left,
            PlaceState::Finished => Self::Finished,
            PlaceState::Blocked => Self::Blocked,
        }
    }
}

/// A visitor's place.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct Place {
    /// Where the visitor is.
    pub(crate) status: StatusName,
    /// Where the room is in its life.
    pub(crate) room_state: RoomState,
    /// The visitor's number.
    pub(crate) number: Option<QueueNumber>,
    /// The place in line, 1 for the first: exact near the front, within a hundredth of the line further back, and never
    /// larger than it was shown before.
    pub(crate) position: Option<u64>,
    /// How many stand before it.
    pub(crate) ahead: Option<u64>,
    /// Seconds until the visitor is let in, if the line goes on as it did; absent while nobody is let in.
    pub(crate) estimated_wait_seconds: Option<u64>,
    /// Milliseconds after which to ask again.
    pub(crate) poll_after_ms: u64,
    /// The pass, for `X-Queue-Pass`.
    pub(crate) pass: Option<String>,
    /// Until when the pass is good.
    pub(crate) pass_expires_at: Option<DateTime<Utc>>,
    /// Where the visitor goes, with a one-time code that is good for a minute.
    pub(crate) redirect_url: Option<String>,
}

/// A visitor's place, as of now.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct PlaceStatus {
    /// A new queue token, instead of one that was given before the draw.
    pub(crate) queue_token: Option<String>,
    /// The place.
    #[oai(flatten)]
    pub(crate) place: Place,
}

/// Who enters.
#[derive(Debug, Object)]
pub(crate) struct NewPlace {
    /// What the tenant calls its visitor: 1 to 64 visible ASCII characters. A new name is made when it is absent;
    /// customers must not send one, as their account is the visitor.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub(crate) visitor_id: Option<Text>,
}

/// A place that was taken, or the same again.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "EnteredPlace", skip_serializing_if_is_none)]
pub(crate) struct Entered {
    /// Who has the place: the account in front of a concert, else the tenant's name for its visitor.
    pub(crate) visitor_id: String,
    /// The proof of the place, for `X-Queue-Token`.
    pub(crate) queue_token: String,
    /// The waiting page of this place, for a browser; relative to this server.
    pub(crate) page_url: String,
    /// Where the place can be followed as server-sent events: opaque, good for this one stream, as long as the token.
    pub(crate) events_url: String,
    /// The place.
    #[oai(flatten)]
    pub(crate) place: Place,
}

impl Place {
    /// A place from which nothing more is to be expected.
    pub(crate) fn over(state: PlaceState, phase: Phase) -> Self {
        Self {
            status: state.into(),
            room_state: phase.into(),
            number: None,
            position: None,
            ahead: None,
            estimated_wait_seconds: None,
            poll_after_ms: POLL_FARTHEST_MS,
            pass: None,
            pass_expires_at: None,
            redirect_url: None,
        }
    }

    fn new(report: StatusReport) -> Self {
        Self {
            number: report.number,
            position: report.position,
            ahead: report.position.map(|position| position.saturating_sub(1)),
            estimated_wait_seconds: report.estimated_wait_seconds,
            poll_after_ms: report.poll_after_ms.unwrap_or(POLL_FARTHEST_MS),
            pass: report.pass,
            pass_expires_at: report.pass_expires_at,
            redirect_url: report.redirect_url,
            ..Self::over(report.state, report.phase)
        }
    }
}

impl From<StatusReport> for PlaceStatus {
    fn from(mut report: StatusReport) -> Self {
        Self { queue_token: report.queue_token.take(), place: Place::new(report) }
    }
}

impl Entered {
    pub(crate) fn new(room: WaitingRoomId, visitor: &VisitorId, entrance: Entrance) -> Self {
        let Entrance { queue_token, ticket, status, .. } = entrance;
        Self {
            visitor_id: visitor.to_string(),
            page_url: format!("/waiting-rooms/{room}?token={queue_token}"),
            events_url: format!("/v1/waiting-rooms/{room}/events?ticket={ticket}"),
            queue_token,
            place: Place::new(status),
        }
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::ToJSON;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn waiting() -> StatusReport {
        StatusReport {
            state: PlaceState::Waiting,
            phase: Phase::Open,
            number: Some(9),
            position: Some(4),
            estimated_wait_seconds: Some(12),
            poll_after_ms: Some(1_000),
            pass: None,
            pass_expires_at: None,
            redirect_url: None,
            queue_token: None,
        }
    }

    #[test]
    fn a_place_is_shown_with_how_many_are_ahead() {
        let shown = PlaceStatus::from(waiting()).to_json().expect("an object");
        let expected = json!({"status": "waiting", "room_state": "open", "number": 9, "position": 4, "ahead": 3,
            "estimated_wait_seconds": 12, "poll_after_ms": 1_000});
        assert_eq!(shown, expected);
    }

    #[test]
    fn whoever_is_in_or_over_need_not_ask_often() {
        let admitted = StatusReport { state: PlaceState::Admitted, poll_after_ms: None, ..waiting() };
        assert_eq!(PlaceStatus::from(admitted).place.poll_after_ms, POLL_FARTHEST_MS);
    }

    #[test]
    fn whoever_enters_gets_both_addresses() {
        let room = WaitingRoomId(Uuid::nil());
        let visitor = VisitorId::new("min").expect("a name");
        let entrance = Entrance { queue_token: "t".to_owned(), ticket: "k".to_owned(), new: true, status: waiting() };
        let shown = Entered::new(room, &visitor, entrance).to_json().expect("an object");
        assert_eq!(shown["page_url"], format!("/waiting-rooms/{room}?token=t"));
        assert_eq!(shown["events_url"], format!("/v1/waiting-rooms/{room}/events?ticket=k"));
        assert_eq!((&shown["visitor_id"], &shown["position"]), (&json!("min"), &json!(4)));
    }
}
