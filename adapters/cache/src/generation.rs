use std::sync::atomic::{AtomicI64, Ordering};

use metrics::Counter;
use tokio::sync::Notify;

use crate::metrics::invalidations;

/// Before any generation is known.
const NONE: i64 = i64::MIN;

/// The latest generation of the catalogue that this process knows of, from whatever source: an announcement, the poll,
/// or a value that was read.
pub(crate) struct KnownGeneration {
    latest: AtomicI64,
    raised: Counter,
    /// Wakes whoever tells the second level.
    news: Notify,
}

impl KnownGeneration {
    pub(crate) fn new() -> Self {
        Self { latest: AtomicI64::new(NONE), raised: invalidations(), news: Notify::new() }
    }

    pub(crate) fn get(&self) -> i64 {
        self.latest.load(Ordering::SeqCst)
    }

    /// The generation once there is one.
    pub(crate) fn if_any(&self) -> Option<i64> {
        Some(self.get()).filter(|generation| *generation != NONE)
    }

    pub(crate) fn raise(&self, generation: i64) {
        let before = self.latest.fetch_max(generation, Ordering::SeqCst);
        if before < generation {
            self.news.notify_one();
            if before != NONE {
                self.raised.increment(1);
            }
        }
    }

    /// Goes back to `generation` unless something else was learned since `known` was read; says whether it did.
    pub(crate) fn set_back(&self, known: i64, generation: i64) -> bool {
        self.latest.compare_exchange(known, generation, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Waits until there is something to tell. One task at a time may wait.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    /// Makes what is known news again.
    pub(crate) fn remind(&self) {
        self.news.notify_one();
    }
}
