//! Selling in SQL: the box office and the cashier.
//!
//! Everything that changes a performance's seats or allotments goes through the performance's lane, charges through lanes of their
//! own. One transaction settles a group: lock, load the facts, let the domain decide each command in its order, write
//! the changes in multi-row statements, commit, announce. The locks in the database make it right, also between
//! replicas; the lanes only make it fast.

mod accounts;
mod allotments;
mod announcement;
mod changes;
mod charges;
mod codes;
mod command;
mod commit;
mod facts;
mod free_seats;
mod group;
mod idempotency;
mod ledger;
mod payments;
mod performance;
mod ports;
mod reads;
mod reservations;
mod seats;
mod standings;

use std::sync::Arc;

use onsale_application::ports::{Bus, Context};
use onsale_domain::box_office::Limits;
use onsale_domain::ids::PerformanceId;
use onsale_support::lanes::{LaneLimits, Lanes};

use self::charges::ChargeSettler;
pub(crate) use self::command::failed;
use self::command::{SaleAnswer, SaleCommand};
pub(crate) use self::commit::commit;
use self::free_seats::FreeSeatsMemory;
use self::group::SaleSettler;
pub(crate) use self::idempotency::{Recall, RequestName, Requests, Step};
use self::performance::PlacesMemory;
use crate::database::Database;
use crate::settling::lane_error;

/// The box office and the cashier in SQL. Clones share their lanes.
#[derive(Clone)]
pub struct SqlSales {
    database: Database,
    context: Context,
    sales: Lanes<PerformanceId, SaleSettler>,
    charges: Lanes<u8, ChargeSettler>,
}

impl SqlSales {
    /// Sells on `database`; changes of seats and allotments are announced on `bus`.
    ///
    /// A [`SeatDelta`](onsale_application::ports::SeatDelta) of epoch 0 belongs to no sequence of versions: it says that
    /// seats may have changed without anybody knowing which, and that copies must be read anew.
    ///
    /// `lanes` limits the lanes of performances and those of charges. With groups of one and several in flight, as for
    /// measuring, everything stays right: the locks are in the database.
    #[must_use]
    pub fn new(database: Database, context: Context, bus: Arc<dyn Bus>, limits: Limits, lanes: LaneLimits) -> Self {
        let settler = SaleSettler {
            database: database.clone(),
            context: context.clone(),
            bus,
            limits,
            places: PlacesMemory::default(),
            free_seats: FreeSeatsMemory::default(),
        };
        let charges = ChargeSettler { database: database.clone(), context: context.clone() };
        Self {
            database,
            context,
            sales: Lanes::new("sale", lanes, settler),
            charges: Lanes::new("charge", lanes, charges),
        }
    }

    /// Accepts no more commands and waits until every accepted one is answered.
    pub async fn drain(&self) {
        tokio::join!(self.sales.drain(), self.charges.drain());
    }

    async fn settle(&self, performance: PerformanceId, command: SaleCommand) -> SaleAnswer {
        self.sales.submit(performance, command).await.unwrap_or_else(|error| Err(lane_error(error)))
    }
}

/// Every statement of sales that exists in sizes.
#[cfg(test)]
pub(crate) fn sized_texts() -> Vec<crate::snapshots::NamedText> {
    crate::snapshots::named![
        "sales::",
        accounts::LOCK,
        accounts::UPDATE,
        allotments::LOCK,
        allotments::UPDATE,
        changes::INSERT,
        changes::UPDATE,
        changes::INSERT_ITEMS,
        charges::BY_ID,
        charges::INSERT,
        idempotency::INSERT,
        idempotency::SELECT,
        ledger::INSERT,
        payments::PAYMENTS_OF,
        payments::REFUNDS_OF,
        payments::INSERT_PAYMENTS,
        payments::INSERT_REFUNDS,
        reservations::BY_ID,
        seats::LOCK,
        seats::UPDATE,
        standings::OF_CUSTOMERS,
    ]
}
