use std::sync::Once;
use std::time::Instant;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

const WAITING: &str = "onsale_passwords_waiting";
const SECONDS: &str = "onsale_password_seconds";
const REFUSED: &str = "onsale_passwords_refused_total";

/// The monotonic clock, for durations in metrics only: nothing is decided by it.
#[expect(clippy::disallowed_methods, reason = "a measuring instrument")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Handles fetched once.
#[derive(Clone)]
pub(super) struct PasswordMetrics {
    pub(super) waiting: Gauge,
    pub(super) seconds: Histogram,
    pub(super) refused: Counter,
}

impl PasswordMetrics {
    pub(super) fn new() -> Self {
        static DESCRIBED: Once = Once::new();
        DESCRIBED.call_once(|| {
            describe_gauge!(WAITING, Unit::Count, "Passwords that wait to be hashed or compared.");
            describe_histogram!(SECONDS, Unit::Seconds, "Time a thread spent on one password.");
            describe_counter!(REFUSED, Unit::Count, "Passwords refused because too many waited.");
        });
        Self { waiting: gauge!(WAITING), seconds: histogram!(SECONDS), refused: counter!(REFUSED) }
    }
}
