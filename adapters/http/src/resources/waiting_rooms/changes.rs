//! What owners of rooms send, in the words of the application.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use onsale_application::ports::RoomChange;
use onsale_application::waiting_room::NewRoom;
use onsale_domain::ids::ConcertId;
use onsale_domain::waiting_room::Admit;

use super::objects::{AdmitObject, NewWaitingRoom, WaitingRoomPatch};
use crate::input::{clearable, given, text};
use crate::problem::Problem;

const DEFAULT_CAPACITY: u32 = 10_000;
const DEFAULT_MAX_WAITING: u32 = 1_000_000;
const DEFAULT_PASS_SECONDS: u32 = 600;
const DEFAULT_CLAIM_SECONDS: u32 = 60;
/// How far away an opening may be: tokens of those who gather are good until a week after it.
const OPENING_AHEAD: TimeDelta = TimeDelta::days(366);
/// Digits of a second that every store keeps.
const SECOND_DIGITS: u16 = 6;
/// How far a number of milliseconds may be from a whole one: decimals are not exact in binary.
const ROUNDING: f64 = 1e-6;

impl NewWaitingRoom {
    /// The room, at `now`.
    ///
    /// # Errors
    /// `invalid_request` names the member.
    pub(super) fn into_room(self, now: DateTime<Utc>) -> Result<NewRoom, Problem> {
        if self.opens_at.is_some_and(|opens_at| opens_at > now + OPENING_AHEAD) {
            return Err(Problem::invalid("opens_at", "`opens_at` must be within a year"));
        }
        let pass_seconds = self.pass_seconds.unwrap_or(DEFAULT_PASS_SECONDS);
        Ok(NewRoom {
            concert: self.concert_id.map(ConcertId),
            name: self.name.0,
            admit: admit(self.admit)?,
            capacity: self.capacity.unwrap_or(DEFAULT_CAPACITY),
            max_waiting: self.max_waiting.unwrap_or(DEFAULT_MAX_WAITING),
            pass_seconds,
            claim_seconds: self.claim_seconds.unwrap_or(DEFAULT_CLAIM_SECONDS.min(pass_seconds)),
            redirect_url: text(self.redirect_url),
            opens_at: self.opens_at.map(|opens_at| opens_at.trunc_subsecs(SECOND_DIGITS)),
            message: text(self.message),
        })
    }
}

impl WaitingRoomPatch {
    /// The change.
    ///
    /// # Errors
    /// `invalid_request` names the member.
    pub(super) fn into_change(self) -> Result<RoomChange, Problem> {
        Ok(RoomChange {
            name: text(given("name", self.name)?),
            admit: given("admit", self.admit)?.map(admit).transpose()?,
            capacity: given("capacity", self.capacity)?,
            max_waiting: given("max_waiting", self.max_waiting)?,
            pass_seconds: given("pass_seconds", self.pass_seconds)?,
            claim_seconds: given("claim_seconds", self.claim_seconds)?,
            redirect_url: clearable(self.redirect_url),
            message: clearable(self.message),
            phase: None,
        })
    }
}

/// Whole milliseconds; their range is the domain's to check.
fn admit(sent: AdmitObject) -> Result<Admit, Problem> {
    let milliseconds = sent.every_seconds * 1_000.0;
    let whole = milliseconds.round();
    if (milliseconds - whole).abs() > ROUNDING || !(0.0..=f64::from(u32::MAX)).contains(&whole) {
        let field = "admit.every_seconds";
        return Err(Problem::invalid(field, format!("`{field}` must be whole milliseconds")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and in range")]
    let every_ms = whole as u32;
    Ok(Admit { count: sent.count, every_ms })
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::ParseFromJSON;
    use serde_json::{Value, json};

    use super::*;

    fn room(body: Value) -> Result<NewRoom, Problem> {
        NewWaitingRoom::parse_from_json(Some(body)).expect("a room").into_room(DateTime::UNIX_EPOCH)
    }

    fn every(seconds: f64) -> Option<u32> {
        let body = json!({"name": "Line", "admit": {"count": 1, "every_seconds": seconds}});
        room(body).ok().map(|room| room.admit.every_ms)
    }

    #[test]
    fn what_is_absent_has_its_default() {
        let made = room(json!({"name": "Line", "admit": {"count": 6_000, "every_seconds": 10}})).expect("a room");
        assert_eq!((made.capacity, made.max_waiting), (10_000, 1_000_000));
        assert_eq!((made.pass_seconds, made.claim_seconds), (600, 60));
        let short = json!({"name": "Line", "admit": {"count": 1, "every_seconds": 1}, "pass_seconds": 5});
        assert_eq!(room(short).ok().map(|room| room.claim_seconds), Some(5));
    }

    #[test]
    fn seconds_have_up_to_three_decimals() {
        assert_eq!([0.1, 0.3, 2.5, 1.001, 3_600.0].map(every), [100, 300, 2_500, 1_001, 3_600_000].map(Some));
        assert_eq!(every(0.100_5), None);
    }

    #[test]
    fn an_opening_is_within_a_year() {
        let opens = |at: &str| {
            let body = json!({"name": "Line", "admit": {"count": 1, "every_seconds": 1}, "opens_at": at});
            room(body).map(|room| room.opens_at).map_err(|problem| problem.to_string())
        };
        assert!(opens("1970-06-01T00:00:00.123456789Z").is_ok_and(|at| at.is_some()));
        assert!(opens("9999-12-31T00:00:00Z").is_err_and(|told| told.contains("opens_at")));
    }

    #[test]
    fn null_clears_what_can_be_absent_and_nothing_else() {
        let change = |body| WaitingRoomPatch::parse_from_json(Some(body)).expect("a patch").into_change();
        let cleared = change(json!({"message": null, "redirect_url": "https://a.example/"})).expect("a change");
        assert_eq!((cleared.message, cleared.redirect_url), (Some(None), Some(Some("https://a.example/".to_owned()))));
        assert!(change(json!({"name": null})).is_err());
        assert_eq!(change(json!({})).ok(), Some(RoomChange::default()));
    }
}
