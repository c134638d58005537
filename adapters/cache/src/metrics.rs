use std::sync::Once;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

const HITS: &str = "onsale_cache_hits_total";
const MISSES: &str = "onsale_cache_misses_total";
const STALE: &str = "onsale_cache_stale_total";
const LOADS: &str = "onsale_cache_load_seconds";
const INVALIDATIONS: &str = "onsale_cache_invalidations_total";
const BREAKER_OPEN: &str = "onsale_cache_breaker_open";
const BREAKER_OPENED: &str = "onsale_cache_breaker_opened_total";

/// This process's memory.
const L1: &str = "l1";
/// What replicas share.
const L2: &str = "l2";

/// Handles of one kind of value, fetched once.
pub(crate) struct ShelfMetrics {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) stale: Counter,
    pub(crate) loads: Histogram,
    pub(crate) shared_hits: Counter,
    pub(crate) shared_misses: Counter,
}

impl ShelfMetrics {
    pub(crate) fn new(kind: &'static str) -> Self {
        describe();
        Self {
            hits: counter!(HITS, "level" => L1, "kind" => kind),
            misses: counter!(MISSES, "level" => L1, "kind" => kind),
            stale: counter!(STALE, "kind" => kind),
            loads: histogram!(LOADS, "kind" => kind),
            shared_hits: counter!(HITS, "level" => L2, "kind" => kind),
            shared_misses: counter!(MISSES, "level" => L2, "kind" => kind),
        }
    }
}

/// Handles of the breaker in front of the second level, fetched once.
pub(crate) struct BreakerMetrics {
    pub(crate) open: Gauge,
    pub(crate) opened: Counter,
}

impl BreakerMetrics {
    pub(crate) fn new() -> Self {
        describe();
        Self { open: gauge!(BREAKER_OPEN), opened: counter!(BREAKER_OPENED) }
    }
}

/// Counts the generations after which everything kept had to be read again.
pub(crate) fn invalidations() -> Counter {
    describe();
    counter!(INVALIDATIONS)
}

fn describe() {
    static DESCRIBED: Once = Once::new();
    DESCRIBED.call_once(|| {
        describe_counter!(
            HITS,
            Unit::Count,
            "Reads answered by a current value in this process (l1) or shared by replicas (l2)."
        );
        describe_counter!(
            MISSES,
            Unit::Count,
            "Reads that no value in this process (l1), or none that replicas share (l2), could answer."
        );
        describe_counter!(STALE, Unit::Count, "Reads answered by an older value because the store could not be read.");
        describe_histogram!(LOADS, Unit::Seconds, "Time it took to read a value from the store.");
        describe_counter!(INVALIDATIONS, Unit::Count, "Changes of the catalogue that this process learned of.");
        describe_gauge!(BREAKER_OPEN, "1 while the shared cache is left alone because it does not answer.");
        describe_counter!(BREAKER_OPENED, Unit::Count, "Times that the shared cache stopped answering.");
    });
}
