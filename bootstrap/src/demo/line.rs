//! The demo's waiting room.

use onsale_application::waiting_room::NewRoom;
use onsale_domain::ids::{AccountId, ConcertId, WaitingRoomId};
use onsale_domain::waiting_room::{Admit, RoomOwner};

use crate::failure::Failure;
use crate::wiring::Wired;

/// A hundred every ten seconds: slow enough to be watched.
const ADMIT: Admit = Admit { count: 100, every_ms: 10_000 };
const CAPACITY: u32 = 2_000;
const MAX_WAITING: u32 = 1_000_000;
const PASS_SECONDS: u32 = 900;
const CLAIM_SECONDS: u32 = 120;

/// Puts a waiting room in front of `concert`, unless there is one.
///
/// # Errors
/// [`Failure`] when it cannot be stored.
pub(super) async fn guard(wired: &Wired, concert: ConcertId, operator: AccountId) -> Result<WaitingRoomId, Failure> {
    if let Some(room) = wired.rooms.rooms.guarding(concert).await? {
        return Ok(room);
    }
    let room = NewRoom {
        concert: Some(concert),
        name: "Aurora: the line".to_owned(),
        admit: ADMIT,
        capacity: CAPACITY,
        max_waiting: MAX_WAITING,
        pass_seconds: PASS_SECONDS,
        claim_seconds: CLAIM_SECONDS,
        redirect_url: None,
        opens_at: None,
        message: Some("A hundred are let in every ten seconds.".to_owned()),
    };
    let room = wired.use_cases.rooms.create(RoomOwner::Operators, room, Some(operator)).await;
    Ok(room.map_err(Failure::because)?.id())
}
