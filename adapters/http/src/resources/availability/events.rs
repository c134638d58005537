//! Changes of what is free, as server-sent events, encoded once for everybody who follows them.

use bytes::Bytes;
use onsale_application::availability::AvailabilitySnapshot;
use poem_openapi::types::ToJSON;

use super::objects::{AvailabilityDeltaEvent, AvailabilitySnapshotEvent};
use crate::sse;

/// What is free at this moment.
pub(super) fn snapshot(snapshot: &AvailabilitySnapshot) -> Bytes {
    encoded("snapshot", snapshot, &AvailabilitySnapshotEvent::new(snapshot))
}

/// What leads from one snapshot to the next; nothing when they show the same. Snapshots that cannot be compared begin
/// anew.
pub(super) fn change(before: &AvailabilitySnapshot, after: &AvailabilitySnapshot) -> Option<Bytes> {
    let Some(difference) = after.difference(before) else { return Some(snapshot(after)) };
    let no_seat = difference.taken.is_empty() && difference.freed.is_empty();
    if no_seat && before.version == after.version && before.categories == after.categories {
        return None;
    }
    Some(encoded("delta", after, &AvailabilityDeltaEvent::new(before, after, difference)))
}

fn encoded(event: &str, shown: &AvailabilitySnapshot, data: &impl ToJSON) -> Bytes {
    sse::event(event, format_args!("{}:{}", shown.epoch, shown.version), data)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use onsale_application::availability::CategoryAvailability;
    use onsale_domain::ids::{CategoryId, PerformanceId};
    use uuid::Uuid;

    use super::*;

    fn shown(epoch: i64, version: i64, free: u8) -> AvailabilitySnapshot {
        let category = CategoryId(Uuid::nil());
        AvailabilitySnapshot {
            performance: PerformanceId(Uuid::nil()),
            epoch,
            version,
            at: DateTime::UNIX_EPOCH,
            categories: vec![CategoryAvailability { category, available: free.count_ones() }],
            seats: 8,
            free: vec![free],
        }
    }

    fn text(event: &Bytes) -> String {
        String::from_utf8(event.to_vec()).expect("text")
    }

    #[test]
    fn a_snapshot_is_one_event() {
        let categories = r#"[{"available":2,"category_id":"00000000-0000-0000-0000-000000000000"}]"#;
        let data = format!(r#"{{"categories":{categories},"epoch":"5","seats":"Aw==","version":7}}"#);
        assert_eq!(text(&snapshot(&shown(5, 7, 3))), format!("event: snapshot\nid: 5:7\ndata: {data}\n\n"));
    }

    #[test]
    fn a_change_names_the_seats_and_both_versions() {
        let event = text(&change(&shown(5, 7, 0b11), &shown(5, 9, 0b101)).expect("a change"));
        assert!(event.starts_with("event: delta\nid: 5:9\n"));
        let data = event.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
        let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
        assert_eq!((&data["previous_version"], &data["version"]), (&7.into(), &9.into()));
        assert_eq!((&data["taken"], &data["freed"]), (&serde_json::json!([1]), &serde_json::json!([2])));
    }

    #[test]
    fn nothing_new_is_no_event_and_another_epoch_begins_anew() {
        assert_eq!(change(&shown(5, 7, 3), &shown(5, 7, 3)), None);
        assert!(change(&shown(5, 7, 3), &shown(5, 8, 3)).is_some(), "a version without seats");
        assert!(change(&shown(5, 7, 3), &shown(5, 7, 7)).is_some(), "a hold that ended by itself");
        assert!(text(&change(&shown(5, 7, 3), &shown(6, 1, 3)).expect("anew")).starts_with("event: snapshot\n"));
    }
}
