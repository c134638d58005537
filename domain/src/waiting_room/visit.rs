use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Builder;

use super::{Progress, QueueNumber, Tick, VisitorId, WaitingRoom};
use crate::ids::{PassId, WaitingRoomId};

/// Why a visit, or the place of somebody who still waited, has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The visitor left.
    Left,
    /// The visitor paid for what it came for.
    Paid,
    /// The tenant says that the visit is over.
    Finished,
    /// Somebody was shut out.
    Blocked,
}

/// What is known of one number: that its pass was used, that it was picked, or that it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Whose place.
    pub number: QueueNumber,
    /// Whose visit.
    pub visitor: VisitorId,
    /// The tick that let it in; 0 when it ended before any did.
    pub tick: i64,
    /// When its tick was; when it ended, for one that no tick let in.
    pub let_in_at: DateTime<Utc>,
    /// When its pass was used for the first time.
    pub claimed_at: Option<DateTime<Utc>>,
    /// Until when its pass is good.
    pub expires_at: DateTime<Utc>,
    /// When and why it ended before that.
    pub ended: Option<(DateTime<Utc>, EndReason)>,
}

/// Why a pass is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ClaimRefusal {
    /// No tick has let this number in yet.
    #[error("the number has not been let in yet")]
    NotLetIn,
    /// The pass was not used in time, or its time has passed.
    #[error("the pass has expired")]
    Expired,
    /// The visit has ended.
    #[error("the visit has ended")]
    Ended(EndReason),
    /// The visitor is shut out.
    #[error("the visitor is shut out")]
    Blocked,
    /// The visitor is inside with another number.
    #[error("the visitor is inside with another number")]
    Superseded,
    /// The visitor came back so late that others have taken the room there was; it is the next to come in.
    #[error("the room is full")]
    Full,
}

impl Visit {
    /// Whether its pass is good at `now`.
    #[must_use]
    pub fn is_alive(&self, now: DateTime<Utc>) -> bool {
        self.tick > 0 && self.ended.is_none() && now < self.expires_at
    }

    /// The identity of its pass.
    #[must_use]
    pub fn pass(&self, room: WaitingRoomId) -> PassId {
        pass_id(room, self.number, self.tick)
    }
}

/// The identity of the pass of `number` in `room`, the same whoever makes it however often: a `UUIDv8` of a digest.
#[must_use]
pub fn pass_id(room: WaitingRoomId, number: QueueNumber, tick: i64) -> PassId {
    let mut digest = Sha256::new();
    digest.update(room.0.as_bytes());
    digest.update(number.to_be_bytes());
    digest.update(tick.to_be_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    PassId(Builder::from_custom_bytes(bytes).into_uuid())
}

/// Uses the pass of `number` for the first time, or finds that it was used: the visit, with whatever it changes.
///
/// `tick` is the one that let the number in, `known` what is known of the number, and `elsewhere` whether the visitor is
/// inside with another number. What is due must be [settled](super::settle) before.
///
/// # Errors
/// [`ClaimRefusal`]; nothing has changed then.
pub fn decide_claim(
    progress: &mut Progress,
    room: &WaitingRoom,
    (visitor, number): (&VisitorId, QueueNumber),
    (tick, known, elsewhere): (Option<&mut Tick>, Option<&Visit>, bool),
    now: DateTime<Utc>,
) -> Result<Visit, ClaimRefusal> {
    match known {
        Some(visit) if let Some((_, reason)) = visit.ended => return Err(ClaimRefusal::Ended(reason)),
        Some(visit) if visit.claimed_at.is_some() && visit.is_alive(now) => return Ok(visit.clone()),
        Some(visit) if visit.claimed_at.is_some() => return Err(ClaimRefusal::Expired),
        _ => {}
    }
    let tick = tick.ok_or(ClaimRefusal::NotLetIn)?;
    if tick.settled || tick.expired || now >= tick.claim_until {
        return Err(ClaimRefusal::Expired);
    }
    if elsewhere {
        return Err(ClaimRefusal::Superseded);
    }
    if tick.unclaimed() <= 0 {
        // The line had forgotten this visitor when the tick counted who was there.
        if progress.alive >= i64::from(room.capacity) {
            return Err(ClaimRefusal::Full);
        }
        tick.present += 1;
        progress.alive += 1;
    }
    tick.claimed += 1;
    Ok(Visit {
        number,
        visitor: visitor.clone(),
        tick: tick.no,
        let_in_at: tick.at,
        claimed_at: Some(now),
        expires_at: tick.expires_at,
        ended: None,
    })
}

/// Ends the visit or the place of `number`; nothing when it has ended already.
pub fn decide_end(
    progress: &mut Progress,
    (visitor, number, reason): (&VisitorId, QueueNumber, EndReason),
    (tick, known): (Option<&mut Tick>, Option<&Visit>),
    now: DateTime<Utc>,
) -> Option<Visit> {
    if known.is_some_and(|visit| visit.ended.is_some()) {
        return None;
    }
    let claimed = known.is_some_and(|visit| visit.claimed_at.is_some());
    let (tick_no, let_in_at, expires_at) = match &tick {
        Some(tick) => (tick.no, tick.at, tick.expires_at),
        None => (0, now, now),
    };
    if let Some(tick) = tick {
        let before = tick.alive();
        if claimed {
            tick.ended += 1;
        } else if tick.unclaimed() > 0 {
            tick.ended_unclaimed += 1;
        }
        progress.alive -= before - tick.alive();
    }
    Some(Visit {
        number,
        visitor: visitor.clone(),
        tick: tick_no,
        let_in_at,
        claimed_at: known.and_then(|visit| visit.claimed_at),
        expires_at,
        ended: Some((now, reason)),
    })
}
