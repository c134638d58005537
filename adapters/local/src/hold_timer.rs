use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{AlarmTerms, Clock, DeadAlarms, HoldAlarm, HoldTimer, Unavailable};
use onsale_domain::ids::{PerformanceId, ReservationId};
use onsale_support::timer::TimerMetrics;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::sleep;

mod queue;

use queue::Queue;

/// The longest sleep: a step of the wall clock, which no sleep notices, delays an alarm by this at most.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// The limits of the timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldTimerSettings {
    /// How long a rung alarm stays away, and when it is given up.
    pub terms: AlarmTerms,
    /// The most alarms that are kept; each takes about 200 bytes. Beyond, dead ones and then those that are due last are dropped, and the
    /// sweep sets them again when their time is nearer.
    pub capacity: NonZeroUsize,
}

impl Default for HoldTimerSettings {
    /// Two million alarms.
    fn default() -> Self {
        Self { terms: AlarmTerms::default(), capacity: NonZeroUsize::new(2_000_000).expect("more than none") }
    }
}

/// The alarm clock of holds in this process's memory. What a restart forgets, the sweep sets again.
///
/// Nothing beats: a ringer sleeps until the next alarm is due or the next lease ends, and a moment for those that are due
/// together; it is woken when an earlier alarm is set. Any number may ring at once; each alarm is leased to one of them.
pub struct LocalHoldTimer {
    clock: Arc<dyn Clock>,
    gather: TimeDelta,
    queue: Mutex<Queue>,
    earlier: Notify,
    metrics: TimerMetrics,
}

impl LocalHoldTimer {
    /// A timer on `clock`. A recorder of metrics must be installed before, or nothing is recorded.
    #[must_use]
    pub fn new(settings: HoldTimerSettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            gather: settings.terms.gather(),
            queue: Mutex::new(Queue::new(settings)),
            earlier: Notify::new(),
            metrics: TimerMetrics::new(),
        }
    }

    /// Sets alarms and says how many had to be dropped.
    fn set(&self, alarms: &[HoldAlarm]) -> u64 {
        let mut queue = self.queue.lock();
        let next = queue.next_moment();
        for alarm in alarms {
            queue.arm(*alarm);
        }
        let dropped = queue.drop_latest();
        let is_earlier = queue.next_moment().is_some_and(|moment| next.is_none_or(|next| moment < next));
        self.metrics.count(queue.known(), queue.dead());
        drop(queue);
        if is_earlier {
            self.earlier.notify_waiters();
        }
        self.metrics.dropped.increment(dropped);
        dropped
    }

    /// What is due now, or else how long to sleep; for ever when nothing is set.
    fn take_due(&self, limit: usize) -> Result<Vec<HoldAlarm>, Option<Duration>> {
        let now = self.clock.now();
        let mut queue = self.queue.lock();
        let ended = queue.end_leases(now);
        let has_gathered = queue.next_moment().is_some_and(|moment| moment + self.gather <= now);
        let due = if has_gathered { queue.lease_due(now, limit) } else { Vec::new() };
        let next = queue.next_moment();
        self.metrics.count(queue.known(), queue.dead());
        drop(queue);
        self.metrics.leases_returned.increment(ended.returned);
        self.metrics.died.increment(ended.died);
        if due.is_empty() {
            return Err(next.map(|moment| until(now, moment + self.gather)));
        }
        for alarm in &due {
            self.metrics.lateness.record(until(alarm.due, now));
        }
        Ok(due)
    }
}

#[async_trait]
impl HoldTimer for LocalHoldTimer {
    async fn arm(&self, alarms: &[HoldAlarm]) -> Result<(), Unavailable> {
        match self.set(alarms) {
            0 => Ok(()),
            dropped => Err(Unavailable::because(format!("the hold timer is full: {dropped} alarms were dropped"))),
        }
    }

    fn arm_soon(&self, alarm: HoldAlarm) {
        self.set(&[alarm]);
    }

    fn disarm_soon(&self, _performance: PerformanceId, reservation: ReservationId) {
        let mut queue = self.queue.lock();
        queue.disarm(reservation);
        self.metrics.count(queue.known(), queue.dead());
    }

    /// A `limit` of 0 counts as 1. Dropping the returned future before it is ready leases nothing.
    async fn ring(&self, limit: usize) -> Result<Vec<HoldAlarm>, Unavailable> {
        loop {
            // Listening begins before looking, so that an alarm set in between is not overslept.
            let mut earlier = pin!(self.earlier.notified());
            earlier.as_mut().enable();
            match self.take_due(limit.max(1)) {
                Ok(due) => return Ok(due),
                Err(Some(pause)) => {
                    tokio::select! {
                        () = earlier => {}
                        () = sleep(pause.min(LONGEST_SLEEP)) => {}
                    }
                }
                Err(None) => earlier.await,
            }
        }
    }

    async fn acknowledge(&self, rung: &[HoldAlarm]) -> Result<(), Unavailable> {
        let mut queue = self.queue.lock();
        for alarm in rung {
            queue.acknowledge(alarm);
        }
        self.metrics.count(queue.known(), queue.dead());
        Ok(())
    }

    /// Never: what this process forgets it forgets with itself, and every start sweeps.
    async fn lost(&self) {
        std::future::pending::<()>().await;
    }

    async fn dead(&self, limit: usize) -> Result<DeadAlarms, Unavailable> {
        let queue = self.queue.lock();
        Ok(DeadAlarms { known: queue.known() as u64, dead: queue.dead() as u64, some: queue.some_dead(limit) })
    }
}

/// The time from one moment to another; none when that has passed.
fn until(from: DateTime<Utc>, to: DateTime<Utc>) -> Duration {
    (to - from).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests;
