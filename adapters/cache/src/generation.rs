use std::sync::atomic::{AtomicI64, Ordering};

use metrics::Counter;

use crate::metrics::invalidations;

/// Before any generation is known.
const NONE: i64 = i64::MIN;

/// The latest generation of the catalogue that this process knows of, from whatever source: an announcement, the poll,
/// or a value that was read.
pub(crate) struct KnownGeneration {
    latest: AtomicI64,
    raised: Counter,
}

impl KnownGeneration {
    pub(crate) fn new() -> Self {
        Self { latest: AtomicI64::new(NONE), raised: invalidations() }
    }

    pub(crate) fn get(&self) -> i64 {
        self.latest.load(Ordering::SeqCst)
    }

    pub(crate) fn raise(&self, generation: i64) {
        let before = self.latest.fetch_max(generation, Ordering::SeqCst);
        if before != NONE && before < generation {
            self.raised.increment(1);
        }
    }

    /// Goes back to `generation` unless something else was learned since `known` was read; says whether it did.
    pub(crate) fn set_back(&self, known: i64, generation: i64) -> bool {
        self.latest.compare_exchange(known, generation, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}
