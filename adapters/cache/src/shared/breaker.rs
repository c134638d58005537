use std::sync::atomic::{AtomicBool, Ordering};

use tracing::{info, warn};

use crate::metrics::BreakerMetrics;

/// Whether the second level is left alone. One failure opens it; it is closed by whoever tries it in the background.
pub(super) struct Breaker {
    open: AtomicBool,
    metrics: BreakerMetrics,
}

impl Breaker {
    pub(super) fn new() -> Self {
        let metrics = BreakerMetrics::new();
        metrics.open.set(0.0);
        Self { open: AtomicBool::new(false), metrics }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    pub(super) fn open(&self, cause: &str) {
        if !self.open.swap(true, Ordering::AcqRel) {
            self.metrics.open.set(1.0);
            self.metrics.opened.increment(1);
            warn!(cause, "the shared cache does not answer; it is left alone until it does");
        }
    }

    pub(super) fn close(&self) {
        if self.open.swap(false, Ordering::AcqRel) {
            self.metrics.open.set(0.0);
            info!("the shared cache answers again");
        }
    }
}
