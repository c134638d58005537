//! Those who take seats, and one who checks that others see it.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::{super::require, SEATS};
use crate::{
    Failure,
    customers::Customer,
    load::{Answer, Fixed, Load, Outcome, Turn, Until, Workload},
    prepared::{Prepared, scattered},
};

const HOLDS_PER_SECOND: f64 = 500.0;
const HOLDING_CONNECTIONS: usize = 32;
/// How often an answer is compared with what was acknowledged before.
const LOOKS_PER_SECOND: f64 = 100.0;
const LOOKING_CONNECTIONS: usize = 4;

/// Everybody beside the readers who are measured.
pub(super) struct Crowd {
    server: SocketAddr,
    holds: Arc<Prepared>,
    asked: AtomicU64,
    look: Arc<Look>,
}

impl Crowd {
    /// Customers who will take every seat of a performance.
    pub(super) fn new(server: SocketAddr, performance: &str, customers: &[Customer], path: &str) -> Self {
        let holds = Prepared::holds(performance, customers, |number| scattered(number, SEATS));
        let look = Look { request: Fixed::get(path, &[]), taken: Mutex::default(), oldest: Mutex::default() };
        Self { server, holds: Arc::new(holds), asked: AtomicU64::new(0), look: Arc::new(look) }
    }

    /// Takes seats for the time `run` while `reading` goes on; returns what came of both.
    pub(super) async fn beside(
        &self,
        run: Duration,
        reading: impl Future<Output = Result<Outcome, Failure>>,
    ) -> Result<(Outcome, Outcome), Failure> {
        let first = self.asked.load(Ordering::Relaxed);
        let holding = Holding { holds: self.holds.clone(), first, look: self.look.clone() };
        let load = Load::new(self.server, HOLDING_CONNECTIONS, Until::Elapsed(run)).at(HOLDS_PER_SECOND);
        let (held, read) = tokio::join!(load.run(Arc::new(holding)), reading);
        let held = held?;
        require(&held, &[201])?;
        self.asked.fetch_add(held.requests(), Ordering::Relaxed);
        Ok((held, read?))
    }

    /// Looks whether answers show what was acknowledged, while `reading` goes on.
    pub(super) async fn watched(
        &self,
        run: Duration,
        reading: impl Future<Output = Result<Outcome, Failure>>,
    ) -> Result<Outcome, Failure> {
        let load = Load::new(self.server, LOOKING_CONNECTIONS, Until::Elapsed(run)).at(LOOKS_PER_SECOND);
        let (looked, read) = tokio::join!(load.run(self.look.clone()), reading);
        require(&looked?, &[200])?;
        read
    }

    /// How many holds were acknowledged.
    pub(super) fn held(&self) -> u64 {
        locked(&self.look.taken).len() as u64
    }

    /// How long after its acknowledgement a hold was still not shown, in milliseconds; the longest.
    pub(super) fn oldest_ms(&self) -> f64 {
        locked(&self.look.oldest).as_secs_f64() * 1e3
    }
}

/// The holds from one on.
struct Holding {
    holds: Arc<Prepared>,
    first: u64,
    look: Arc<Look>,
}

impl Holding {
    fn turn(&self, turn: Turn) -> Turn {
        Turn { number: self.first + turn.number, ..turn }
    }
}

impl Workload for Holding {
    fn request(&self, turn: Turn, request: &mut Vec<u8>) -> bool {
        self.holds.request(self.turn(turn), request)
    }

    fn answer(&self, turn: Turn, answer: &Answer<'_>) {
        if answer.status == 201 {
            let number = u32::try_from(self.turn(turn).number).expect("there are fewer holds than seats");
            locked(&self.look.taken).push((scattered(number, SEATS), Instant::now()));
        }
    }
}

/// Reads what is free and compares it with what was acknowledged before the answer arrived.
struct Look {
    request: Fixed,
    taken: Mutex<Vec<(u32, Instant)>>,
    oldest: Mutex<Duration>,
}

#[derive(Deserialize)]
struct Availability<'a> {
    seats: &'a str,
}

impl Workload for Look {
    fn request(&self, turn: Turn, request: &mut Vec<u8>) -> bool {
        self.request.request(turn, request)
    }

    fn answer(&self, _: Turn, answer: &Answer<'_>) {
        let now = Instant::now();
        let seats = serde_json::from_slice::<Availability<'_>>(answer.body).ok();
        let seats = seats.and_then(|answer| BASE64_STANDARD.decode(answer.seats).ok()).expect("seats in base64");
        let is_free = |seat: u32| seats[seat as usize / 8] & (1 << (seat % 8)) != 0;
        let missed: Option<Instant> =
            locked(&self.taken).iter().filter(|(seat, _)| is_free(*seat)).map(|(_, taken)| *taken).min();
        if let Some(taken) = missed {
            let age = now.saturating_duration_since(taken);
            let mut oldest = locked(&self.oldest);
            *oldest = age.max(*oldest);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
