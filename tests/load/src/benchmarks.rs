//! What is measured, each benchmark in a file of its own.

pub mod availability;
pub mod best_available;
pub mod catalogue;
pub mod catalogue_l2;
pub mod catalogue_miss;
pub mod coupon;
pub mod coupon_k6;
pub mod coupon_sold_out;
pub mod expiry;
pub mod expiry_redis;
pub mod footprint;
pub mod hold;
pub mod hot_seat;
pub mod pass_check;
pub mod pay;
pub mod queue_enter;
pub mod queue_memory;
pub mod queue_poll;
pub mod queue_sse;
pub mod queue_tick;
pub mod replicas;
pub mod sign_in;
pub mod thousand;
pub mod tickets;
pub mod timer_arm;

mod crowds;
mod fleet;
mod giveaway;
mod programme;
mod reads;
mod sales;
mod site;

use std::path::PathBuf;

use crate::{Failure, load::Outcome, scale::Scale};

/// What every benchmark needs.
pub struct Bench {
    /// The binary that is measured.
    pub binary: PathBuf,
    /// How much is done.
    pub scale: Scale,
}

/// A figure counts only when every request had an answer of one of these statuses.
fn require(outcome: &Outcome, statuses: &[u16]) -> Result<(), Failure> {
    let others = outcome.statuses().into_keys().any(|status| !statuses.contains(&status));
    if others || outcome.failures > 0 || outcome.requests() == 0 {
        let (answers, failures) = (outcome.statuses(), outcome.failures);
        return Err(format!("expected answers {statuses:?}, got {answers:?} and {failures} failures").into());
    }
    Ok(())
}

/// What was measured happened: as many rows as were acknowledged.
fn require_rows(what: &str, rows: u64, acknowledged: u64) -> Result<(), Failure> {
    if rows == acknowledged { Ok(()) } else { Err(format!("{acknowledged} {what} acknowledged, {rows} rows").into()) }
}
