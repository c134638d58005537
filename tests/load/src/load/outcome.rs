//! What came of a load.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

/// Answers, failures and latencies of one load.
#[derive(Clone, Debug)]
pub struct Outcome {
    by_status: BTreeMap<u16, Histogram<u64>>,
    all: Histogram<u64>,
    /// Requests without an answer: the connection broke, the answer was not HTTP, or it did not come in time.
    pub failures: u64,
    /// Bytes of the largest body.
    pub largest_body: usize,
    /// From the start to the last answer.
    pub elapsed: Duration,
}

impl Outcome {
    /// Answers, of whatever status.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.all.len()
    }

    /// Answers with this status.
    #[must_use]
    pub fn count(&self, status: u16) -> u64 {
        self.by_status.get(&status).map_or(0, Histogram::len)
    }

    /// How many answers each status had.
    #[must_use]
    pub fn statuses(&self) -> BTreeMap<u16, u64> {
        self.by_status.iter().map(|(status, latencies)| (*status, latencies.len())).collect()
    }

    /// Answers from 400 on, and failures.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.by_status.range(400..).map(|(_, latencies)| latencies.len()).sum::<u64>() + self.failures
    }

    /// Answers per second, of whatever status.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a load has far fewer than 2^53 requests")]
    pub fn requests_per_second(&self) -> f64 {
        self.requests() as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Half of the answers took no longer, in milliseconds.
    #[must_use]
    pub fn p50_ms(&self) -> f64 {
        milliseconds(self.all.value_at_quantile(0.5))
    }

    /// 99 of 100 answers took no longer, in milliseconds.
    #[must_use]
    pub fn p99_ms(&self) -> f64 {
        milliseconds(self.all.value_at_quantile(0.99))
    }

    /// The slowest answer in milliseconds.
    #[must_use]
    pub fn max_ms(&self) -> f64 {
        milliseconds(self.all.max())
    }

    /// 99 of 100 answers with this status took no longer, in milliseconds; none when there was no such answer.
    #[must_use]
    pub fn p99_ms_of(&self, status: u16) -> Option<f64> {
        self.by_status.get(&status).map(|latencies| milliseconds(latencies.value_at_quantile(0.99)))
    }
}

#[expect(clippy::cast_precision_loss, reason = "latencies lie far below 2^53 ns, which is 104 days")]
fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

/// Latencies in nanoseconds from a microsecond to ten minutes, exact to three digits.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1_000, 600_000_000_000, 3).expect("these bounds are valid")
}

/// Collects the answers of one thread.
#[derive(Default)]
pub(super) struct Recorder {
    by_status: Vec<(u16, Histogram<u64>)>, // a handful, so a search through them is the fastest map
    failures: u64,
    largest_body: usize,
    last: Option<Instant>,
}

impl Recorder {
    pub(super) fn record(&mut self, status: u16, latency: Duration, body: usize, now: Instant) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.latencies(status).saturating_record(nanoseconds);
        self.largest_body = self.largest_body.max(body);
        self.last = Some(now);
    }

    pub(super) fn fail(&mut self) {
        self.failures += 1;
    }

    fn latencies(&mut self, status: u16) -> &mut Histogram<u64> {
        let position = self.by_status.iter().position(|(known, _)| *known == status).unwrap_or_else(|| {
            self.by_status.push((status, histogram()));
            self.by_status.len() - 1
        });
        &mut self.by_status[position].1
    }

    pub(super) fn merged(mut self, other: Self) -> Self {
        for (status, latencies) in other.by_status {
            add(self.latencies(status), &latencies);
        }
        let (failures, largest_body) = (self.failures + other.failures, self.largest_body.max(other.largest_body));
        Self { by_status: self.by_status, failures, largest_body, last: self.last.max(other.last) }
    }

    pub(super) fn finish(self, started: Instant) -> Outcome {
        let by_status: BTreeMap<_, _> = self.by_status.into_iter().collect();
        let mut all = histogram();
        for latencies in by_status.values() {
            add(&mut all, latencies);
        }
        let elapsed = self.last.map_or(Duration::ZERO, |last| last.saturating_duration_since(started));
        Outcome { by_status, all, failures: self.failures, largest_body: self.largest_body, elapsed }
    }
}

fn add(sum: &mut Histogram<u64>, part: &Histogram<u64>) {
    sum.add(part).expect("histograms of one make have the same bounds");
}
