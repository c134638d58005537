//! Holds whose end is watched, from outside of the server.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use onsale_domain::ids::ReservationId;
use onsale_sql::{Database, Statement};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{Failure, report::Row, store::Store};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);
/// What has not been tidied this long after its end never will be.
const GIVE_UP: TimeDelta = TimeDelta::seconds(20);

/// Holds that will end, the first to end first.
pub(super) struct DueHolds(VecDeque<(DateTime<Utc>, ReservationId)>);

/// What came of watching.
#[derive(Default)]
pub(super) struct Tidied {
    lateness_ms: Vec<f64>,
    watched_seconds: f64,
    /// From the first end to the last; the widest of all rounds.
    pub(super) widest_window_ms: f64,
    /// A hold seems later than it was by such a gap at most.
    pub(super) longest_gap_ms: f64,
}

impl Tidied {
    /// How late holds were tidied.
    pub(super) fn row(self) -> Row {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 holds")]
        let count = self.lateness_ms.len() as f64;
        Row::of_durations("holds tidied after their end", self.lateness_ms, count / self.watched_seconds)
    }
}

impl DueHolds {
    /// Every hold of a performance.
    pub(super) async fn load(store: &Store, performance: &str) -> Result<Self, Failure> {
        let text = "SELECT held_until, reservation_id FROM reservations WHERE performance_id = ? AND status = 0 \
                    ORDER BY held_until";
        let statement = Statement::new(text).bind(Uuid::parse_str(performance)?);
        let rows = store.database.fetch_all(statement).await?;
        Ok(Self(rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_, Failure>>()?))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Looks again and again which holds have ended and are still held, until there is none. A hold counts as tidied
    /// at the end of the first look after its end that does not find it.
    pub(super) async fn watch(mut self, database: &Database, tidied: &mut Tidied) -> Result<(), Failure> {
        let (Some(first), Some(last)) = (self.0.front().copied(), self.0.back().copied()) else { return Ok(()) };
        tidied.widest_window_ms = tidied.widest_window_ms.max(milliseconds(last.0 - first.0));
        let mut late: Vec<(DateTime<Utc>, ReservationId)> = Vec::new();
        let mut before = first.0;
        while !(self.0.is_empty() && late.is_empty()) {
            let now = Utc::now();
            let held = held_after_their_end(database, now).await?;
            let seen = Utc::now();
            if now > first.0 {
                tidied.longest_gap_ms = tidied.longest_gap_ms.max(milliseconds(seen - before));
                before = seen;
            }
            while let Some(ended) = self.0.pop_front_if(|(held_until, _)| *held_until <= now) {
                late.push(ended);
            }
            late.retain(|(held_until, reservation)| {
                let is_tidied = !held.contains(reservation);
                if is_tidied {
                    tidied.lateness_ms.push(milliseconds(seen - *held_until));
                }
                !is_tidied
            });
            if now - last.0 > GIVE_UP {
                return Err(format!("{} holds were not tidied", late.len()).into());
            }
            sleep(PAUSE).await;
        }
        tidied.watched_seconds += (Utc::now() - first.0).as_seconds_f64();
        Ok(())
    }
}

async fn held_after_their_end(database: &Database, now: DateTime<Utc>) -> Result<HashSet<ReservationId>, Failure> {
    let text = "SELECT reservation_id FROM reservations WHERE status = 0 AND held_until <= ?";
    let rows = database.fetch_all(Statement::new(text).bind(now)).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?)
}

fn milliseconds(delta: TimeDelta) -> f64 {
    delta.as_seconds_f64() * 1e3
}
