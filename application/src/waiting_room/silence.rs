use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// How long the store may say nothing before it counts as away: four looks of the board.
const PATIENCE: TimeDelta = TimeDelta::seconds(2);

/// Whether the store of the rooms answers: while it does not, nobody can be let in.
pub(super) struct StoreSilence {
    /// When it last answered, in milliseconds since 1970.
    answered_at: AtomicI64,
}

impl StoreSilence {
    /// A store that answers.
    pub(super) const fn none(now: DateTime<Utc>) -> Self {
        Self { answered_at: AtomicI64::new(now.timestamp_millis()) }
    }

    /// It has answered.
    pub(super) fn broken(&self, now: DateTime<Utc>) {
        self.answered_at.fetch_max(now.timestamp_millis(), Ordering::Relaxed);
    }

    /// Whether it has said nothing for too long.
    pub(super) fn lasts(&self, now: DateTime<Utc>) -> bool {
        now.timestamp_millis() - self.answered_at.load(Ordering::Relaxed) > PATIENCE.num_milliseconds()
    }
}
