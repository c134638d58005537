//! How much a benchmark does.

use std::time::Duration;

use crate::pairs::PAIRS;

/// Sizes and times of a benchmark.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// How often baseline and Onsale are measured.
    pub pairs: usize,
    /// How long one measurement lasts.
    pub run: Duration,
    divisor: u32,
}

impl Scale {
    /// What the figures of a release are taken with.
    pub const FULL: Self = Self { pairs: PAIRS, run: Duration::from_secs(3), divisor: 1 };

    /// Enough to see that a benchmark works; its figures mean nothing.
    pub const QUICK: Self = Self { pairs: 2, run: Duration::from_secs(1), divisor: 10 };

    /// So many rows, connections or requests of the whole benchmark.
    #[must_use]
    pub fn of(&self, count: u32) -> u32 {
        count / self.divisor
    }

    /// The same as a length.
    #[must_use]
    pub fn size(&self, count: u32) -> usize {
        self.of(count) as usize
    }
}
