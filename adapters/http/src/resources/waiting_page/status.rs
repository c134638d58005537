//! A place as the page shows it.

use onsale_application::waiting_room::StatusReport;
use poem_openapi::Object;

use crate::resources::waiting_rooms::place_objects::{Place, PlaceStatus};

/// A place, and what the room says.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(super) struct PageStatus {
    /// The room's message; empty when there is none, so that the page notices when it is taken back.
    message: String,
    /// The place, without the pass: the code in `redirect_url` stands for it, and no script needs more.
    #[oai(flatten)]
    place: Place,
}

impl PageStatus {
    pub(super) fn new(report: StatusReport, message: Option<String>) -> Self {
        let PlaceStatus { place, .. } = report.into();
        Self { message: message.unwrap_or_default(), place: Place { pass: None, ..place } }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use onsale_application::waiting_room::PlaceState;
    use onsale_domain::waiting_room::Phase;
    use poem_openapi::types::ToJSON;

    use super::*;

    #[test]
    fn no_token_and_no_pass_reaches_a_script() {
        let report = StatusReport {
            state: PlaceState::Admitted,
            phase: Phase::Paused,
            number: Some(9),
            position: None,
            estimated_wait_seconds: None,
            poll_after_ms: None,
            pass: Some("the pass".to_owned()),
            pass_expires_at: Some(DateTime::UNIX_EPOCH),
            redirect_url: Some("https://shop.example/?onsale_code=c".to_owned()),
            queue_token: Some("the token".to_owned()),
        };
        let shown = PageStatus::new(report, Some("Soon".to_owned())).to_json().expect("an object");
        let text = shown.to_string();
        assert!(!text.contains("the pass") && !text.contains("the token"), "{text}");
        assert_eq!((&shown["status"], &shown["room_state"]), (&"admitted".into(), &"paused".into()));
        assert_eq!((&shown["message"], &shown["number"]), (&"Soon".into(), &9.into()));
        assert_eq!(shown["redirect_url"], "https://shop.example/?onsale_code=c");
        assert!(shown["pass_expires_at"].is_string());
    }
}
