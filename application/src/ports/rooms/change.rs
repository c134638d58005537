use onsale_domain::waiting_room::{Admit, Phase, WaitingRoom};

use super::RoomEditError;

/// What to change on a room; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomChange {
    /// A new name.
    pub name: Option<String>,
    /// A new rate; it holds from the next tick on.
    pub admit: Option<Admit>,
    /// A new capacity; nobody is sent out when it shrinks.
    pub capacity: Option<u32>,
    /// A new length of the line; nobody is sent away when it shrinks.
    pub max_waiting: Option<u32>,
    /// A new length of passes, from the next tick on.
    pub pass_seconds: Option<u32>,
    /// A new time to claim, from the next tick on.
    pub claim_seconds: Option<u32>,
    /// A new address, or none.
    pub redirect_url: Option<Option<String>>,
    /// A new message, or none.
    pub message: Option<Option<String>>,
    /// Pause, resume or close; an open draw can only be closed.
    pub phase: Option<Phase>,
}

impl RoomChange {
    /// The room with this change.
    ///
    /// # Errors
    /// [`RoomEditError::Closed`], [`RoomEditError::NotOpened`] and [`RoomEditError::Invalid`].
    pub fn applied_to(self, room: WaitingRoom) -> Result<WaitingRoom, RoomEditError> {
        let before = room.clone();
        let phase = moved(room.phase, self.phase.unwrap_or(room.phase))?;
        let changed = WaitingRoom {
            name: self.name.unwrap_or(room.name),
            admit: self.admit.unwrap_or(room.admit),
            capacity: self.capacity.unwrap_or(room.capacity),
            max_waiting: self.max_waiting.unwrap_or(room.max_waiting),
            pass_seconds: self.pass_seconds.unwrap_or(room.pass_seconds),
            claim_seconds: self.claim_seconds.unwrap_or(room.claim_seconds),
            redirect_url: self.redirect_url.unwrap_or(room.redirect_url),
            message: self.message.unwrap_or(room.message),
            phase,
            ..room
        };
        let changed = changed.checked()?;
        if before.phase == Phase::Closed && changed != before {
            return Err(RoomEditError::Closed);
        }
        Ok(changed)
    }
}

/// The phase after somebody asks for `to`: pause, resume and close; only its draw opens a room that has one.
fn moved(from: Phase, to: Phase) -> Result<Phase, RoomEditError> {
    match (from, to) {
        (from, to) if from == to => Ok(to),
        (Phase::Closed, _) => Err(RoomEditError::Closed),
        (Phase::Open, Phase::Paused) | (Phase::Paused, Phase::Open) | (_, Phase::Closed) => Ok(to),
        _ => Err(RoomEditError::NotOpened),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use onsale_domain::ids::WaitingRoomId;
    use onsale_domain::waiting_room::{RoomError, RoomOwner};

    use super::*;

    fn room(phase: Phase) -> WaitingRoom {
        WaitingRoom {
            id: WaitingRoomId(uuid::Uuid::nil()),
            owner: RoomOwner::Operators,
            concert: None,
            name: "Line".to_owned(),
            admit: Admit { count: 100, every_ms: 10_000 },
            capacity: 1_000,
            max_waiting: 1_000_000,
            pass_seconds: 600,
            claim_seconds: 60,
            redirect_url: None,
            opens_at: None,
            message: Some("Soon".to_owned()),
            phase,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_room_is_paused_resumed_and_closed_and_only_its_draw_opens_it() {
        let to = |from, to| {
            let change = RoomChange { phase: Some(to), ..RoomChange::default() };
            change.applied_to(room(from)).map(|room| room.phase)
        };
        for (from, into, expected) in [
            (Phase::Open, Phase::Paused, Ok(Phase::Paused)),
            (Phase::Paused, Phase::Open, Ok(Phase::Open)),
            (Phase::Drawing, Phase::Closed, Ok(Phase::Closed)),
            (Phase::Gathering, Phase::Open, Err(RoomEditError::NotOpened)),
            (Phase::Drawing, Phase::Paused, Err(RoomEditError::NotOpened)),
            (Phase::Closed, Phase::Open, Err(RoomEditError::Closed)),
        ] {
            assert_eq!(to(from, into), expected, "{from:?} to {into:?}");
        }
        assert!(Phase::ALL.into_iter().all(|phase| to(phase, phase) == Ok(phase)));
    }

    #[test]
    fn what_is_absent_stays_and_what_is_changed_is_checked() {
        let change = RoomChange { name: Some(" Queue ".to_owned()), message: Some(None), ..RoomChange::default() };
        let changed = change.clone().applied_to(room(Phase::Open)).unwrap();
        assert_eq!(changed, WaitingRoom { name: "Queue".to_owned(), message: None, ..room(Phase::Open) });
        assert_eq!(change.applied_to(room(Phase::Closed)), Err(RoomEditError::Closed));
        let too_short = RoomChange { pass_seconds: Some(59), ..RoomChange::default() };
        assert_eq!(too_short.applied_to(room(Phase::Open)), Err(RoomError::ClaimOutlastsPass.into()));
    }
}
