//! Waiting rooms in SQL: everything that was decided about admissions, and the opening draws.
//!
//! A room's row is the lock of everything that belongs to it. Every step is one transaction: lock the row, count out whose
//! time has passed, let the domain decide, give what changed the room's next number of changes, commit, announce. Using
//! and ending passes goes through the room's lane, so that thousands at once commit as a few groups; so do joining a draw
//! and presenting passes.

mod admissions;
mod blocks;
mod codes;
mod desk;
mod draws;
mod editing;
mod entrants;
mod joining;
mod locked;
mod ports;
mod purge;
mod reads;
mod redeeming;
mod room;
mod steps;
mod ticks;
mod using;
mod visits;

use std::sync::Arc;

use onsale_application::ports::{Bus, Context};
use onsale_domain::ids::WaitingRoomId;
use onsale_support::lanes::{LaneLimits, Lanes};

pub(crate) use self::admissions::Admissions;
use self::desk::Desk;
use self::joining::JoinSettler;
use self::redeeming::RedemptionSettler;
use self::using::UseSettler;
use crate::database::Database;

/// Waiting rooms and their draws in SQL. Clones share their lanes.
#[derive(Clone)]
pub struct SqlRooms {
    desk: Desk,
    uses: Lanes<WaitingRoomId, UseSettler>,
    joins: Lanes<WaitingRoomId, JoinSettler>,
    redemptions: Lanes<u8, RedemptionSettler>,
}

impl SqlRooms {
    /// The rooms of `database`; what changes in them is announced on `bus`. `lanes` limits the lanes of each kind.
    #[must_use]
    pub fn new(database: Database, context: Context, bus: Arc<dyn Bus>, lanes: LaneLimits) -> Self {
        let desk = Desk { database, context, bus };
        Self {
            uses: Lanes::new("room_use", lanes, UseSettler { desk: desk.clone() }),
            joins: Lanes::new("room_join", lanes, JoinSettler { database: desk.database.clone() }),
            redemptions: Lanes::new("redemption", lanes, RedemptionSettler { database: desk.database.clone() }),
            desk,
        }
    }

    /// Accepts no more commands and waits until every accepted one is answered.
    pub async fn drain(&self) {
        tokio::join!(self.uses.drain(), self.joins.drain(), self.redemptions.drain());
    }
}

/// Every statement of rooms that exists in sizes.
#[cfg(test)]
pub(crate) fn sized_texts() -> Vec<crate::snapshots::NamedText> {
    crate::snapshots::named![
        "rooms::",
        blocks::BLOCKED,
        blocks::WRITE,
        entrants::JOINED,
        entrants::INSERT,
        entrants::NUMBER,
        redeeming::PRESENTED,
        redeeming::INSERT,
        redeeming::DELETE,
        ticks::BY_NO,
        ticks::WRITE,
        visits::BY_NUMBER,
        visits::OF_VISITORS,
        visits::WRITE,
    ]
}
