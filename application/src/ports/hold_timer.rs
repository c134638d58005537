use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use onsale_domain::ids::{PerformanceId, ReservationId};

use super::Unavailable;

/// When a hold should be tidied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldAlarm {
    /// Which hold.
    pub reservation: ReservationId,
    /// Of which performance.
    pub performance: PerformanceId,
    /// When.
    pub due: DateTime<Utc>,
}

/// Alarms that rang again and again and were never acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadAlarms {
    /// How many alarms there are, set, leased or dead.
    pub known: u64,
    /// How many of them are dead.
    pub dead: u64,
    /// Some of the dead ones, in no order.
    pub some: Vec<HoldAlarm>,
}

/// When an alarm rings, how long it stays away then, and when it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlarmTerms {
    /// How long an alarm that is due waits for others, so that those due at nearly the same moment ring together. Default
    /// 2 ms, a tenth of how late a hold may be tidied: of ten thousand that end within a second twenty ring together.
    pub gather: Duration,
    /// How long an alarm that rang stays away before it rings again unless it is acknowledged. Default 30 s: longer than
    /// any group of commands may take.
    pub lease: Duration,
    /// Each further lease is twice as long as the one before, and this at most. Default 10 minutes.
    pub longest_lease: Duration,
    /// How often an alarm rings; when its last lease ends it is dead. Default 8: for three quarters of an hour.
    pub tries: u8,
    /// How long a dead alarm stays dead; then it is forgotten, and the sweep may set it again. Default an hour.
    pub dead_for: Duration,
}

impl Default for AlarmTerms {
    fn default() -> Self {
        Self {
            gather: Duration::from_millis(2),
            lease: Duration::from_secs(30),
            longest_lease: Duration::from_mins(10),
            tries: 8,
            dead_for: Duration::from_hours(1),
        }
    }
}

impl AlarmTerms {
    /// How long the lease of each ringing is, from the first to the last; one at least.
    #[must_use]
    pub fn leases(&self) -> Vec<TimeDelta> {
        let lease = |try_: u8| self.lease.saturating_mul(1 << try_.min(31)).min(self.longest_lease.max(self.lease));
        (0..self.tries.max(1)).map(|try_| delta(lease(try_))).collect()
    }

    /// How long an alarm that is due waits for others.
    #[must_use]
    pub fn gather(&self) -> TimeDelta {
        delta(self.gather)
    }

    /// How long a dead alarm stays dead.
    #[must_use]
    pub fn dead_for(&self) -> TimeDelta {
        delta(self.dead_for)
    }
}

/// A span that can be added to a moment: a day at most.
fn delta(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span.min(Duration::from_hours(24))).expect("a day is a time delta")
}

/// The alarm clock of holds: a delayed queue with lease and acknowledgement.
///
/// It makes tidying prompt and nothing else: a hold ends by itself, and a slow sweep re-arms whatever was lost.
#[async_trait]
pub trait HoldTimer: Send + Sync {
    /// Sets alarms; one that is already set for the same hold is moved. The very same alarm stays as it is, whether it
    /// waits, is leased or is dead.
    ///
    /// # Errors
    /// [`Unavailable`]; the sweep will set them later.
    async fn arm(&self, alarms: &[HoldAlarm]) -> Result<(), Unavailable>;

    /// Sets an alarm as [`HoldTimer::arm`] does, without anybody waiting for it. One that cannot be set is counted; the
    /// sweep will set it later.
    fn arm_soon(&self, alarm: HoldAlarm);

    /// Takes an alarm away, whatever has become of it, without anybody waiting for it; an unknown one is ignored. One
    /// that cannot be taken away will ring for nothing.
    fn disarm_soon(&self, performance: PerformanceId, reservation: ReservationId);

    /// Waits until an alarm is due and leases up to `limit` of them, those that are due for longest before others. A
    /// leased alarm that is not acknowledged comes back when its lease ends, for longer each time, and is dead after the
    /// last of its tries.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn ring(&self, limit: usize) -> Result<Vec<HoldAlarm>, Unavailable>;

    /// Takes alarms away whose work is committed, unless they were moved meanwhile.
    ///
    /// # Errors
    /// [`Unavailable`]; they will come back.
    async fn acknowledge(&self, rung: &[HoldAlarm]) -> Result<(), Unavailable>;

    /// Waits until this timer notices that alarms may have been lost, so that the sweep can set them again at once.
    /// What was noticed before counts.
    async fn lost(&self);

    /// How many alarms are dead, and up to `limit` of them.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn dead(&self, limit: usize) -> Result<DeadAlarms, Unavailable>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lease_is_twice_the_one_before_up_to_the_longest() {
        let seconds: Vec<_> = AlarmTerms::default().leases().iter().map(TimeDelta::num_seconds).collect();
        assert_eq!(seconds, [30, 60, 120, 240, 480, 600, 600, 600]);
    }

    #[test]
    fn there_is_one_lease_at_least_and_none_is_shorter_than_the_first() {
        let terms = AlarmTerms { tries: 0, longest_lease: Duration::ZERO, ..AlarmTerms::default() };
        assert_eq!(terms.leases(), [TimeDelta::seconds(30)]);
        let endless = AlarmTerms { tries: 255, longest_lease: Duration::MAX, ..AlarmTerms::default() };
        assert_eq!(endless.leases().last(), Some(&TimeDelta::days(1)));
    }
}
