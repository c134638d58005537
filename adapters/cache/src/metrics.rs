use std::sync::Once;

use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_histogram, histogram};

const HITS: &str = "onsale_cache_hits_total";
const MISSES: &str = "onsale_cache_misses_total";
const STALE: &str = "onsale_cache_stale_total";
const LOADS: &str = "onsale_cache_load_seconds";
const INVALIDATIONS: &str = "onsale_cache_invalidations_total";
const LEVEL: &str = "l1";

/// Handles of one kind of value, fetched once.
pub(crate) struct ShelfMetrics {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) stale: Counter,
    pub(crate) loads: Histogram,
}

impl ShelfMetrics {
    pub(crate) fn new(kind: &'static str) -> Self {
        describe();
        Self {
            hits: counter!(HITS, "level" => LEVEL, "kind" => kind),
            misses: counter!(MISSES, "level" => LEVEL, "kind" => kind),
            stale: counter!(STALE, "level" => LEVEL, "kind" => kind),
            loads: histogram!(LOADS, "level" => LEVEL, "kind" => kind),
        }
    }
}

/// Counts the generations after which everything kept had to be read again.
pub(crate) fn invalidations() -> Counter {
    describe();
    counter!(INVALIDATIONS, "level" => LEVEL)
}

fn describe() {
    static DESCRIBED: Once = Once::new();
    DESCRIBED.call_once(|| {
        describe_counter!(HITS, Unit::Count, "Reads answered by a current value.");
        describe_counter!(MISSES, Unit::Count, "Reads that waited for the store.");
        describe_counter!(STALE, Unit::Count, "Reads answered by an older value because the store could not be read.");
        describe_histogram!(LOADS, Unit::Seconds, "Time it took to read a value from the store.");
        describe_counter!(INVALIDATIONS, Unit::Count, "Changes of the catalogue that this process learned of.");
    });
}
