use std::sync::Once;
use std::time::Duration;

use metrics::{Counter, Unit, counter, describe_counter};
use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::{info, warn};

/// How long a copy that failed is left alone.
const PAUSE: Duration = Duration::from_secs(5);

/// What is wrong with a copy before anything is known about it.
const NOT_ASKED: &str = "it was not asked yet";

const READS: &str = "onsale_database_copy_reads_total";

/// What came of a read that a copy might have answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// It answered.
    Used,
    /// It lags behind, so the database itself was asked.
    Behind,
    /// It is away, so the database itself was asked.
    Away,
    /// It cannot be told whether it lags behind, so the database itself was asked.
    Unknown,
}

/// How a copy is, as it was last found.
pub(super) struct CopyState {
    found: Mutex<Found>,
    reads: [Counter; 4],
}

#[derive(Debug)]
struct Found {
    presence: Presence,
    /// The generation that it showed, and the one that was known, while it lags behind.
    lag: Option<(i64, i64)>,
}

#[derive(Debug)]
enum Presence {
    There,
    Away { cause: String, until: Instant, on_trial: bool },
}

impl CopyState {
    /// Nobody waits for a copy before it has answered once.
    pub(super) fn new() -> Self {
        describe();
        let presence = Presence::Away { cause: NOT_ASKED.to_owned(), until: Instant::now(), on_trial: false };
        let reads = ["used", "behind", "away", "unknown"].map(|outcome| counter!(READS, "outcome" => outcome));
        Self { found: Mutex::new(Found { presence, lag: None }), reads }
    }

    pub(super) fn count(&self, outcome: Outcome) {
        self.reads[outcome as usize].increment(1);
    }

    pub(super) fn is_there(&self) -> bool {
        matches!(self.found.lock().presence, Presence::There)
    }

    /// Why it is not used now, if it is not.
    pub(super) fn trouble(&self) -> Option<String> {
        let found = self.found.lock();
        match (&found.presence, found.lag) {
            (Presence::Away { cause, .. }, _) => Some(cause.clone()),
            (Presence::There, Some((shown, known))) => {
                Some(format!("it shows generation {shown} of the catalogue, and {known} is known"))
            }
            (Presence::There, None) => None,
        }
    }

    /// Whether it should be tried now by whoever asks, and by nobody else meanwhile.
    pub(super) fn begin_trial(&self) -> bool {
        match &mut self.found.lock().presence {
            Presence::Away { until, on_trial, .. } if !*on_trial && *until <= Instant::now() => {
                *on_trial = true;
                true
            }
            Presence::Away { .. } | Presence::There => false,
        }
    }

    /// It answers.
    pub(super) fn succeed(&self) {
        let mut found = self.found.lock();
        if matches!(found.presence, Presence::Away { .. }) {
            info!("the read-only database answers; the catalogue is read from it");
            found.presence = Presence::There;
        }
    }

    /// It does not answer, or not what it should.
    pub(super) fn give_up(&self, cause: &str) {
        let mut found = self.found.lock();
        let was_tried = matches!(found.presence, Presence::Away { ref cause, .. } if cause != NOT_ASKED);
        if !was_tried {
            warn!(cause, "the read-only database is left alone; the catalogue is read from the database itself");
        }
        found.presence = Presence::Away { cause: cause.to_owned(), until: Instant::now() + PAUSE, on_trial: false };
    }

    /// As [`give_up`](Self::give_up), in the middle of a read.
    pub(super) fn fail<T>(&self, cause: &str) -> Option<T> {
        self.give_up(cause);
        self.count(Outcome::Away);
        None
    }

    /// It showed everything that is known.
    pub(super) fn show(&self) {
        self.count(Outcome::Used);
        self.caught_up();
    }

    /// It did not show everything that is known.
    pub(super) fn lag(&self, shown: i64, known: i64) {
        self.count(Outcome::Behind);
        self.compare(shown, known);
    }

    /// Whether it lags behind.
    pub(super) fn compare(&self, shown: i64, known: i64) {
        if shown >= known {
            self.caught_up();
        } else if self.found.lock().lag.replace((shown, known)).is_none() {
            warn!(shown, known, "the read-only database lags behind; the catalogue is read from the database itself");
        }
    }

    fn caught_up(&self) {
        if let Some((shown, known)) = self.found.lock().lag.take() {
            info!(shown, known, "the read-only database has caught up; the catalogue is read from it");
        }
    }
}

fn describe() {
    static DESCRIBED: Once = Once::new();
    DESCRIBED.call_once(|| {
        describe_counter!(
            READS,
            Unit::Count,
            "Reads of the catalogue that the read-only database answered, or did not because it lags behind, is away, or \
             nobody knows how far it is."
        );
    });
}
