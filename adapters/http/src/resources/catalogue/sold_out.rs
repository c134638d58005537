//! Whether performances are sold out, for lists of concerts.
//!
//! The availability board knows it of every performance that somebody looks at. Of the others it is found out in the
//! background, one after the other and for a small share of the time, so that a list of many performances never waits
//! and never loads the store.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::availability::{AvailabilityBoard, AvailabilityError};
use onsale_application::ports::Context;
use onsale_domain::ids::PerformanceId;
use onsale_support::supervise::Supervisor;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How old an answer that nobody else renews may be: a list says within seconds that a performance is sold out.
const RENEW_AGE: TimeDelta = TimeDelta::seconds(5);
/// The most performances that wait to be looked at; more are asked for again by the next list.
const WAITING_LIMIT: usize = 256;
/// The most performances of which it is remembered when they were looked at.
const REMEMBERED_LIMIT: usize = 10_000;
/// After each look, so many times as long as it took nothing is looked at: a fifth of the time at most.
const REST_FACTOR: u32 = 4;

/// Answers whether performances are sold out.
pub(crate) struct SoldOut {
    board: Arc<AvailabilityBoard>,
    context: Context,
    waiting: mpsc::Sender<PerformanceId>,
    asked_at: Mutex<HashMap<PerformanceId, DateTime<Utc>>>,
}

impl SoldOut {
    /// On this board; what is not known is found out by a task of `supervisor`.
    pub(crate) fn new(board: Arc<AvailabilityBoard>, context: Context, supervisor: &Supervisor) -> Self {
        let (waiting, performances) = mpsc::channel(WAITING_LIMIT);
        let performances = Arc::new(tokio::sync::Mutex::new(performances));
        let looked_at = Arc::clone(&board);
        supervisor
            .run("sold_out", move |shutdown| look_at_each(Arc::clone(&looked_at), Arc::clone(&performances), shutdown));
        Self { board, context, waiting, asked_at: Mutex::default() }
    }

    /// Whether nothing is left of a performance that is on sale, as far as is known.
    pub(crate) fn is_sold_out(&self, performance: PerformanceId) -> bool {
        if self.is_due(performance) {
            // A full queue is no loss: the next list asks again.
            let _ = self.waiting.try_send(performance).inspect_err(|_| self.forget(performance));
        }
        self.board.known_sold_out(performance).unwrap_or(false)
    }

    fn is_due(&self, performance: PerformanceId) -> bool {
        let now = self.context.now();
        let mut asked_at = self.asked_at.lock();
        if asked_at.get(&performance).is_some_and(|asked_at| (now - *asked_at).abs() < RENEW_AGE) {
            return false;
        }
        if asked_at.len() >= REMEMBERED_LIMIT {
            asked_at.clear();
        }
        asked_at.insert(performance, now);
        true
    }

    fn forget(&self, performance: PerformanceId) {
        self.asked_at.lock().remove(&performance);
    }
}

async fn look_at_each(
    board: Arc<AvailabilityBoard>,
    performances: Arc<tokio::sync::Mutex<mpsc::Receiver<PerformanceId>>>,
    shutdown: CancellationToken,
) -> Result<(), AvailabilityError> {
    let mut performances = performances.lock().await;
    while let Some(Some(performance)) = shutdown.run_until_cancelled(performances.recv()).await {
        let rest = shutdown.run_until_cancelled(look_at(&board, performance)).await.transpose()?;
        shutdown.run_until_cancelled(tokio::time::sleep(rest.unwrap_or_default())).await;
    }
    Ok(())
}

/// Has the board look at a performance, and says how long to rest afterwards.
async fn look_at(board: &AvailabilityBoard, performance: PerformanceId) -> Result<Duration, AvailabilityError> {
    let started = Instant::now();
    match board.snapshot(performance).await {
        Ok(_) | Err(AvailabilityError::UnknownPerformance) => Ok(started.elapsed() * REST_FACTOR),
        Err(error @ AvailabilityError::Unavailable(_)) => Err(error),
    }
}
