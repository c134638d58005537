//! What the lanes of one kind tell operators.

use std::sync::Once;
use std::time::Instant;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

const GROUP_SIZE: &str = "onsale_lane_group_size";
const WAIT: &str = "onsale_lane_wait_seconds";
const SETTLE: &str = "onsale_lane_settle_seconds";
const FULL: &str = "onsale_lane_full_total";
const FAILED: &str = "onsale_lane_failed_groups_total";
const LIVE: &str = "onsale_lanes_live";

/// The monotonic clock, for durations in metrics only: nothing is decided by it.
#[expect(clippy::disallowed_methods, reason = "a measuring instrument")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Handles fetched once: looking one up costs more than recording.
pub(super) struct LaneMetrics {
    pub(super) group_size: Histogram,
    pub(super) wait: Histogram,
    pub(super) settle: Histogram,
    pub(super) full: Counter,
    pub(super) failed: Counter,
    pub(super) live: Gauge,
}

impl LaneMetrics {
    pub(super) fn new(lane: &'static str) -> Self {
        static DESCRIBED: Once = Once::new();
        DESCRIBED.call_once(describe);
        Self {
            group_size: histogram!(GROUP_SIZE, "lane" => lane),
            wait: histogram!(WAIT, "lane" => lane),
            settle: histogram!(SETTLE, "lane" => lane),
            full: counter!(FULL, "lane" => lane),
            failed: counter!(FAILED, "lane" => lane),
            live: gauge!(LIVE, "lane" => lane),
        }
    }
}

fn describe() {
    describe_histogram!(GROUP_SIZE, Unit::Count, "Commands settled together in one transaction.");
    describe_histogram!(WAIT, Unit::Seconds, "Time a command waited before its group was settled.");
    describe_histogram!(SETTLE, Unit::Seconds, "Time it took to settle one group, retries and commit included.");
    describe_counter!(FULL, Unit::Count, "Commands refused because a lane, or the number of lanes, was at its limit.");
    describe_counter!(FAILED, Unit::Count, "Groups lost to a panic or to a wrong number of outcomes.");
    describe_gauge!(LIVE, Unit::Count, "Lanes that have work now.");
}
