//! What a stream about a place tells.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;

use super::place_objects::{PlaceStatus, StatusName};
use crate::sse::{self, Events};

/// What a stream about a place tells.
pub(crate) struct PlaceEvents;

impl Events for PlaceEvents {
    const EVENTS: &'static str = "Server-sent events: `status` with a PlaceStatus first and whenever the place has moved, \
         at most every two seconds; `admitted` with a PlaceStatus that has the pass, as soon as the visitor is let in.";
    const ENDS: &'static str = "The stream; it ends when the visit is over, its address expires or the server stops.";

    fn data() -> Vec<MetaSchemaRef> {
        vec![PlaceStatus::schema_ref()]
    }

    fn register(registry: &mut Registry) {
        PlaceStatus::register(registry);
    }
}

/// A place as an event; `retry_ms` says after which time a browser opens the stream again once it has ended.
pub(super) fn place(status: &PlaceStatus, at: DateTime<Utc>, retry_ms: Option<u64>) -> Bytes {
    let name = if status.place.status == StatusName::Admitted { "admitted" } else { "status" };
    let event = sse::event(name, at.timestamp_millis(), status);
    match retry_ms {
        Some(retry_ms) => [format!("retry: {retry_ms}\n").as_bytes(), &event].concat().into(),
        None => event,
    }
}

#[cfg(test)]
mod tests {
    use onsale_application::waiting_room::PlaceState;
    use onsale_domain::waiting_room::Phase;

    use super::*;
    use crate::resources::waiting_rooms::place_objects::Place;

    fn told(state: PlaceState, retry_ms: Option<u64>) -> String {
        let status = PlaceStatus { queue_token: None, place: Place::over(state, Phase::Open) };
        String::from_utf8(place(&status, DateTime::UNIX_EPOCH, retry_ms).to_vec()).expect("text")
    }

    #[test]
    fn every_event_has_a_name_an_id_and_one_line_of_data() {
        let event = told(PlaceState::Left, None);
        let data = r#"{"poll_after_ms":30000,"room_state":"open","status":"left"}"#;
        assert_eq!(event, format!("event: status\nid: 0\ndata: {data}\n\n"));
        assert!(told(PlaceState::Admitted, None).starts_with("event: admitted\n"));
        assert!(told(PlaceState::Left, Some(1_500)).starts_with("retry: 1500\nevent: status\n"));
    }
}
