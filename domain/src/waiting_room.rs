//! Waiting rooms: N visitors let in every M seconds, in the order of their numbers.
//!
//! SQL keeps a room's [`Progress`], one [`Tick`] for each letting-in, and one [`Visit`] for each number that was claimed,
//! picked or ended. Everything here decides on those; where the line itself is kept does not matter.

mod draw;
mod line;
mod progress;
mod room;
#[cfg(test)]
mod tests;
mod visit;
mod visitor;

pub use draw::{DrawEntry, EntrantsDigest, Pseudonym, draw_order, entrants_digest, final_seed, seed_commitment};
pub use line::{LineView, POLL_FARTHEST_MS, POLL_NEAREST_MS, estimated_wait_seconds, poll_after_ms};
pub use progress::{
    Healing, PickRefusal, Progress, Tick, TickKind, TickPlan, TickRefusal, decide_pick, decide_tick, settle,
};
pub use room::{
    ADMIT_COUNT_LIMIT, Admit, CAPACITY_LIMIT, Phase, RoomError, RoomOwner, SECONDS_LIMIT, TENANT_ROOMS_LIMIT,
    WaitingRoom, redirect_target,
};
pub use visit::{ClaimRefusal, EndReason, Visit, decide_claim, decide_end, pass_id};
pub use visitor::{VisitorId, VisitorIdError};

/// A visitor's place: handed out 1, 2, 3 …; 0 stands for none yet.
pub type QueueNumber = i64;
