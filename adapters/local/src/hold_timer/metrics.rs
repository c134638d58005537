use std::sync::Once;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

const ARMED: &str = "onsale_hold_timer_armed";
const LATENESS: &str = "onsale_hold_timer_lateness_seconds";
const LEASES_RETURNED: &str = "onsale_hold_timer_leases_returned_total";
const DROPPED: &str = "onsale_hold_timer_dropped_total";

/// Handles fetched once.
pub(super) struct TimerMetrics {
    pub(super) armed: Gauge,
    pub(super) lateness: Histogram,
    pub(super) leases_returned: Counter,
    pub(super) dropped: Counter,
}

impl TimerMetrics {
    pub(super) fn new() -> Self {
        static DESCRIBED: Once = Once::new();
        DESCRIBED.call_once(|| {
            describe_gauge!(ARMED, Unit::Count, "Alarms that are set or leased.");
            describe_histogram!(LATENESS, Unit::Seconds, "Time from an alarm's moment to its ringing.");
            describe_counter!(LEASES_RETURNED, Unit::Count, "Alarms that rang and were not acknowledged in time.");
            describe_counter!(DROPPED, Unit::Count, "Alarms dropped because too many were set.");
        });
        Self {
            armed: gauge!(ARMED),
            lateness: histogram!(LATENESS),
            leases_returned: counter!(LEASES_RETURNED),
            dropped: counter!(DROPPED),
        }
    }
}
