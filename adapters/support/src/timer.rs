//! The figures of a delayed queue, by the same names wherever it is kept.

use std::sync::Once;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

const ARMED: &str = "onsale_hold_timer_armed";
const DEAD: &str = "onsale_hold_timer_dead";
const LATENESS: &str = "onsale_hold_timer_lateness_seconds";
const LEASES_RETURNED: &str = "onsale_hold_timer_leases_returned_total";
const DIED: &str = "onsale_hold_timer_died_total";
const DROPPED: &str = "onsale_hold_timer_dropped_total";

/// Handles fetched once.
#[derive(Clone)]
pub struct TimerMetrics {
    armed: Gauge,
    dead: Gauge,
    /// The time from an alarm's moment to its ringing.
    pub lateness: Histogram,
    /// Alarms that rang and were not acknowledged in time.
    pub leases_returned: Counter,
    /// Alarms that were given up.
    pub died: Counter,
    /// Alarms that were not set.
    pub dropped: Counter,
}

impl TimerMetrics {
    /// A recorder of metrics must be installed before, or nothing is recorded.
    #[must_use]
    pub fn new() -> Self {
        static DESCRIBED: Once = Once::new();
        DESCRIBED.call_once(|| {
            describe_gauge!(ARMED, Unit::Count, "Alarms that are set or leased.");
            describe_gauge!(DEAD, Unit::Count, "Alarms that were never acknowledged and are given up for now.");
            describe_histogram!(LATENESS, Unit::Seconds, "Time from an alarm's moment to its ringing.");
            describe_counter!(LEASES_RETURNED, Unit::Count, "Alarms that rang and were not acknowledged in time.");
            describe_counter!(DIED, Unit::Count, "Alarms given up after they rang again and again.");
            describe_counter!(DROPPED, Unit::Count, "Alarms that were not set: too many, or Redis was away.");
        });
        Self {
            armed: gauge!(ARMED),
            dead: gauge!(DEAD),
            lateness: histogram!(LATENESS),
            leases_returned: counter!(LEASES_RETURNED),
            died: counter!(DIED),
            dropped: counter!(DROPPED),
        }
    }

    /// Says how many alarms there are, `dead` ones included.
    #[expect(clippy::cast_precision_loss, reason = "memory ends long before 2^52 alarms")]
    pub fn count(&self, known: usize, dead: usize) {
        self.armed.set(known.saturating_sub(dead) as f64);
        self.dead.set(dead as f64);
    }
}

impl Default for TimerMetrics {
    fn default() -> Self {
        Self::new()
    }
}
