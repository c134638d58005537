//! Rooms as the API shows them, and as their owners describe them.

use chrono::{DateTime, Utc};
use onsale_application::waiting_room::LiveRoom;
use onsale_domain::waiting_room::{Admit, Phase, RoomOwner, WaitingRoom, estimated_wait_seconds, seed_commitment};
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use crate::callers::Manager;
use crate::input::Text;
use crate::paging::Cursor;
use crate::rendered::hexadecimal;

/// Where a room is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "WaitingRoomState", rename_all = "snake_case")]
pub(crate) enum RoomState {
    /// Visitors gather for the opening draw and have no numbers yet.
    Gathering,
    /// Visitors are let in.
    Open,
    /// Visitors may enter, nobody is let in: the owner has paused it, or the database is away.
    Paused,
    /// It is over.
    Closed,
}

impl From<Phase> for RoomState {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Gathering | Phase::Drawing => Self::Gathering,
            Phase::Open => Self::Open,
            Phase::Paused => Self::Paused,
            Phase::Closed => Self::Closed,
        }
    }
}

/// How many are let in how often.
#[derive(Clone, Copy, Debug, PartialEq, Object)]
#[oai(rename = "Admit")]
pub(crate) struct AdmitObject {
    /// How many at once.
    #[oai(validator(minimum(value = "1"), maximum(value = "20000")))]
    pub(crate) count: u32,
    /// How often, in seconds, with up to three decimals.
    #[oai(validator(minimum(value = "0.1"), maximum(value = "3600")))]
    pub(crate) every_seconds: f64,
}

impl From<Admit> for AdmitObject {
    fn from(admit: Admit) -> Self {
        Self { count: admit.count, every_seconds: f64::from(admit.every_ms) / 1_000.0 }
    }
}

/// A room to add.
#[derive(Clone, Debug, Object)]
pub(crate) struct NewWaitingRoom {
    /// What it is called.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(crate) name: Text,
    /// The concert that it stands in front of; only operators name one.
    pub(crate) concert_id: Option<Uuid>,
    /// How many are let in how often.
    pub(crate) admit: AdmitObject,
    /// How many may be inside at once; 10,000 when absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "10000000")))]
    pub(crate) capacity: Option<u32>,
    /// How many may wait; 1,000,000 when absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "10000000")))]
    pub(crate) max_waiting: Option<u32>,
    /// How long a pass is good, in seconds after it was given; 600 when absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "86400")))]
    pub(crate) pass_seconds: Option<u32>,
    /// Within which time a pass must be used for the first time, in seconds; 60 when absent, or `pass_seconds` when that
    /// is shorter.
    #[oai(validator(minimum(value = "1"), maximum(value = "86400")))]
    pub(crate) claim_seconds: Option<u32>,
    /// Where the waiting page sends those who are let in: https (http for localhost), without user information and
    /// fragment.
    #[oai(validator(max_length = 2000))]
    pub(crate) redirect_url: Option<Text>,
    /// When everybody who has gathered draws a number; opens at once when absent or past.
    pub(crate) opens_at: Option<DateTime<Utc>>,
    /// What visitors are told while they wait.
    #[oai(validator(min_length = 1, max_length = 1000))]
    pub(crate) message: Option<Text>,
}

/// What to change on a room; what is absent stays.
#[derive(Clone, Debug, Object)]
pub(crate) struct WaitingRoomPatch {
    /// What it is called.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(crate) name: MaybeUndefined<Text>,
    /// How many are let in how often, from the next time on.
    pub(crate) admit: MaybeUndefined<AdmitObject>,
    /// How many may be inside at once; nobody is sent out when it shrinks.
    #[oai(validator(minimum(value = "1"), maximum(value = "10000000")))]
    pub(crate) capacity: MaybeUndefined<u32>,
    /// How many may wait; nobody is sent away when it shrinks.
    #[oai(validator(minimum(value = "1"), maximum(value = "10000000")))]
    pub(crate) max_waiting: MaybeUndefined<u32>,
    /// How long a pass is good, in seconds, for those who are let in from now on.
    #[oai(validator(minimum(value = "1"), maximum(value = "86400")))]
    pub(crate) pass_seconds: MaybeUndefined<u32>,
    /// Within which time a pass must be used for the first time, in seconds, for those who are let in from now on.
    #[oai(validator(minimum(value = "1"), maximum(value = "86400")))]
    pub(crate) claim_seconds: MaybeUndefined<u32>,
    /// Where the waiting page sends those who are let in; `null` clears.
    #[oai(nullable, validator(max_length = 2000))]
    pub(crate) redirect_url: MaybeUndefined<Text>,
    /// What visitors are told while they wait; `null` clears.
    #[oai(nullable, validator(min_length = 1, max_length = 1000))]
    pub(crate) message: MaybeUndefined<Text>,
}

/// A line in front of a concert or of somebody else's site. The members from `tenant_id` on are shown to those who may
/// change it.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "WaitingRoom", skip_serializing_if_is_none)]
pub(crate) struct RoomObject {
    /// Names the room.
    pub(crate) waiting_room_id: Uuid,
    /// What it is called.
    pub(crate) name: String,
    /// Where it is in its life.
    pub(crate) state: RoomState,
    /// How many are let in how often.
    pub(crate) admit: AdmitObject,
    /// How many wait, a second ago at most; absent before the draw and once it is closed.
    pub(crate) waiting: Option<u64>,
    /// Seconds until somebody who enters now is let in, if the line goes on as it did; absent while nobody is let in.
    pub(crate) estimated_wait_seconds: Option<u64>,
    /// What visitors are told while they wait.
    pub(crate) message: Option<String>,
    /// When everybody who has gathered draws a number.
    pub(crate) opens_at: Option<DateTime<Utc>>,
    /// The SHA-256 of the draw's seed, in hexadecimal digits: fixed before anybody joined.
    pub(crate) seed_sha256: Option<String>,
    /// The tenant whose room it is; absent for a room of the operators'.
    pub(crate) tenant_id: Option<Uuid>,
    /// The concert that it stands in front of.
    pub(crate) concert_id: Option<Uuid>,
    /// How many may be inside at once.
    pub(crate) capacity: Option<u32>,
    /// How many may wait.
    pub(crate) max_waiting: Option<u32>,
    /// How long a pass is good, in seconds.
    pub(crate) pass_seconds: Option<u32>,
    /// Within which time a pass must be used for the first time, in seconds.
    pub(crate) claim_seconds: Option<u32>,
    /// Where the waiting page sends those who are let in.
    pub(crate) redirect_url: Option<String>,
    /// How many are inside.
    pub(crate) alive: Option<i64>,
    /// The highest number that the schedule has let in.
    pub(crate) serving: Option<i64>,
    /// Since when it is there.
    pub(crate) created_at: Option<DateTime<Utc>>,
}

/// Rooms, newest first.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct WaitingRoomPage {
    /// The rooms.
    pub(crate) items: Vec<RoomObject>,
    /// Where the list goes on; absent at its end.
    pub(crate) next_cursor: Option<Cursor>,
}

impl RoomObject {
    /// A live room as `viewer` may see it.
    pub(crate) fn live(room: &LiveRoom, viewer: Option<Manager>, now: DateTime<Utc>) -> Self {
        let record = room.record();
        let figures = room.figures(now);
        let shown = if viewer.is_some_and(|viewer| viewer.may_change(&record.room)) {
            Self { alive: Some(figures.alive), serving: Some(figures.serving), ..Self::whole(&record.room) }
        } else {
            Self::public(&record.room)
        };
        let state = RoomState::from(room.shown_phase(now));
        let goes_on = matches!(state, RoomState::Open | RoomState::Paused);
        Self {
            state,
            waiting: goes_on.then_some(figures.waiting),
            estimated_wait_seconds: match state {
                RoomState::Open => estimated_wait_seconds(figures.waiting + 1, room.per_minute()),
                _ => None,
            },
            seed_sha256: record.draw.map(|draw| hexadecimal(&seed_commitment(&draw.seed))),
            ..shown
        }
    }

    /// A room as those see it who may change it, without what only a live one tells.
    pub(crate) fn whole(room: &WaitingRoom) -> Self {
        Self {
            tenant_id: match room.owner {
                RoomOwner::Operators => None,
                RoomOwner::Tenant(tenant) => Some(tenant.0),
            },
            concert_id: room.concert.map(|concert| concert.0),
            capacity: Some(room.capacity),
            max_waiting: Some(room.max_waiting),
            pass_seconds: Some(room.pass_seconds),
            claim_seconds: Some(room.claim_seconds),
            redirect_url: room.redirect_url.clone(),
            created_at: Some(room.created_at),
            ..Self::public(room)
        }
    }

    fn public(room: &WaitingRoom) -> Self {
        Self {
            waiting_room_id: room.id.0,
            name: room.name.clone(),
            state: room.phase.into(),
            admit: room.admit.into(),
            waiting: None,
            estimated_wait_seconds: None,
            message: room.message.clone(),
            opens_at: room.opens_at,
            seed_sha256: None,
            tenant_id: None,
            concert_id: None,
            capacity: None,
            max_waiting: None,
            pass_seconds: None,
            claim_seconds: None,
            redirect_url: None,
            alive: None,
            serving: None,
            created_at: None,
        }
    }
}
