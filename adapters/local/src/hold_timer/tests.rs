use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use onsale_application::ports::{AlarmTerms, Clock, DeadAlarms, HoldAlarm, HoldTimer};
use onsale_domain::ids::{PerformanceId, ReservationId};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{HoldTimerSettings, LocalHoldTimer};

/// The beginning of every test.
const START: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).unwrap();

/// A wall clock that goes with the runtime's: where that is paused, both stand until everybody sleeps and then jump to
/// the next moment that somebody waits for.
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> DateTime<Utc> {
        (START + TimeDelta::from_std(self.0.elapsed()).unwrap()).trunc_subsecs(6)
    }
}

fn timer(lease_seconds: u64, capacity: usize) -> Arc<LocalHoldTimer> {
    let lease = Duration::from_secs(lease_seconds);
    let terms = AlarmTerms { gather: Duration::ZERO, lease, longest_lease: lease, ..AlarmTerms::default() };
    let settings = HoldTimerSettings { terms, capacity: NonZeroUsize::new(capacity).unwrap() };
    Arc::new(LocalHoldTimer::new(settings, Arc::new(RuntimeClock(Instant::now()))))
}

fn alarm(id: u128, seconds: i64) -> HoldAlarm {
    HoldAlarm {
        reservation: ReservationId(Uuid::from_u128(id)),
        performance: PerformanceId(Uuid::from_u128(1)),
        due: START + TimeDelta::seconds(seconds),
    }
}

fn ringer(timer: &Arc<LocalHoldTimer>, limit: usize) -> JoinHandle<Vec<HoldAlarm>> {
    let timer = Arc::clone(timer);
    tokio::spawn(async move { timer.ring(limit).await.unwrap() })
}

/// Rings `expected` at that second; the runtime's timers count milliseconds and never wake early.
async fn rings_at(timer: &Arc<LocalHoldTimer>, second: u64, expected: &[HoldAlarm]) {
    let started = timer.clock.now();
    assert_eq!(timer.ring(10).await.unwrap(), expected);
    let now = timer.clock.now();
    let due = START + TimeDelta::seconds(i64::try_from(second).unwrap());
    assert!(now >= due && now <= started.max(due) + TimeDelta::milliseconds(2), "rang at {now}, not at {due}");
}

async fn stays_silent(timer: &Arc<LocalHoldTimer>) {
    let waited = timeout(Duration::from_hours(24), timer.ring(10)).await;
    assert!(waited.is_err(), "rang {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_due_waits_a_little_for_more() {
    let terms = AlarmTerms { gather: Duration::from_secs(1), ..AlarmTerms::default() };
    let settings = HoldTimerSettings { terms, ..HoldTimerSettings::default() };
    let timer = Arc::new(LocalHoldTimer::new(settings, Arc::new(RuntimeClock(Instant::now()))));
    timer.arm(&[alarm(1, 10), alarm(2, 11), alarm(3, 12)]).await.unwrap();
    rings_at(&timer, 11, &[alarm(1, 10), alarm(2, 11)]).await;
    rings_at(&timer, 13, &[alarm(3, 12)]).await;
}

#[tokio::test(start_paused = true)]
async fn alarms_ring_when_they_are_due_and_the_longest_due_first() {
    let timer = timer(1_000, 10);
    timer.arm(&[alarm(1, 20), alarm(2, 10), alarm(3, 10)]).await.unwrap();
    rings_at(&timer, 10, &[alarm(2, 10), alarm(3, 10)]).await;
    rings_at(&timer, 20, &[alarm(1, 20)]).await;
}

#[tokio::test(start_paused = true)]
async fn an_earlier_alarm_wakes_a_ringer_that_sleeps() {
    let timer = timer(1_000, 10);
    timer.arm(&[alarm(1, 300)]).await.unwrap();
    let waiting = ringer(&timer, 10);
    tokio::task::yield_now().await;
    timer.arm(&[alarm(2, 5)]).await.unwrap();
    assert_eq!(waiting.await.unwrap(), [alarm(2, 5)]);
    assert!(timer.clock.now() < START + TimeDelta::seconds(6));
}

#[tokio::test(start_paused = true)]
async fn a_ringer_of_an_empty_timer_is_woken_by_the_first_alarm() {
    let timer = timer(1_000, 10);
    let waiting = ringer(&timer, 10);
    tokio::task::yield_now().await;
    timer.arm(&[alarm(1, 5)]).await.unwrap();
    assert_eq!(waiting.await.unwrap(), [alarm(1, 5)]);
}

#[tokio::test(start_paused = true)]
async fn each_alarm_is_leased_to_one_ringer() {
    let timer = timer(1_000, 200);
    let alarms: Vec<_> = (0..100).map(|id| alarm(id, 5)).collect();
    let ringers: Vec<_> = (0..10).map(|_| ringer(&timer, 10)).collect();
    tokio::task::yield_now().await;
    timer.arm(&alarms).await.unwrap();
    let mut rung = Vec::new();
    for ringer in ringers {
        rung.extend(ringer.await.unwrap());
    }
    rung.sort_by_key(|alarm| alarm.reservation);
    assert_eq!(rung, alarms);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_is_not_acknowledged_comes_back_until_it_is() {
    let timer = timer(30, 10);
    timer.arm(&[alarm(1, 10)]).await.unwrap();
    rings_at(&timer, 10, &[alarm(1, 10)]).await;
    rings_at(&timer, 40, &[alarm(1, 10)]).await;
    rings_at(&timer, 70, &[alarm(1, 10)]).await;
    timer.acknowledge(&[alarm(1, 10)]).await.unwrap();
    stays_silent(&timer).await;
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_nobody_answers_comes_back_later_each_time_dies_and_is_forgotten() {
    let terms = AlarmTerms {
        gather: Duration::ZERO,
        lease: Duration::from_secs(10),
        longest_lease: Duration::from_secs(15),
        tries: 3,
        dead_for: Duration::from_mins(1),
    };
    let settings = HoldTimerSettings { terms, ..HoldTimerSettings::default() };
    let timer = Arc::new(LocalHoldTimer::new(settings, Arc::new(RuntimeClock(Instant::now()))));
    timer.arm(&[alarm(1, 10)]).await.unwrap();
    for second in [10, 20, 35] {
        rings_at(&timer, second, &[alarm(1, 10)]).await;
    }
    timer.arm(&[alarm(2, 55)]).await.unwrap();
    rings_at(&timer, 55, &[alarm(2, 55)]).await;
    timer.acknowledge(&[alarm(2, 55)]).await.unwrap();
    let dead = timer.dead(10).await.unwrap();
    assert_eq!(dead, DeadAlarms { known: 1, dead: 1, some: vec![alarm(1, 10)] });
    stays_silent(&timer).await;
    assert_eq!(timer.dead(10).await.unwrap(), DeadAlarms::default());
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_was_moved_while_leased_rings_again() {
    let timer = timer(30, 10);
    timer.arm(&[alarm(1, 10)]).await.unwrap();
    rings_at(&timer, 10, &[alarm(1, 10)]).await;
    timer.arm(&[alarm(1, 20)]).await.unwrap();
    timer.acknowledge(&[alarm(1, 10)]).await.unwrap();
    rings_at(&timer, 20, &[alarm(1, 20)]).await;
    timer.acknowledge(&[alarm(1, 20)]).await.unwrap();
    stays_silent(&timer).await;
}

#[tokio::test(start_paused = true)]
async fn setting_the_same_alarm_again_changes_nothing() {
    let timer = timer(30, 10);
    timer.arm(&[alarm(1, 10), alarm(1, 10)]).await.unwrap();
    rings_at(&timer, 10, &[alarm(1, 10)]).await;
    timer.arm(&[alarm(1, 10)]).await.unwrap();
    timer.acknowledge(&[alarm(1, 10)]).await.unwrap();
    stays_silent(&timer).await;
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_is_moved_rings_once() {
    let timer = timer(1_000, 10);
    timer.arm(&[alarm(1, 10)]).await.unwrap();
    timer.arm(&[alarm(1, 20)]).await.unwrap();
    rings_at(&timer, 20, &[alarm(1, 20)]).await;
    timer.acknowledge(&[alarm(1, 20)]).await.unwrap();
    stays_silent(&timer).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_disarmed_stays_silent_leased_or_not() {
    let timer = timer(30, 10);
    timer.arm(&[alarm(1, 10), alarm(2, 20)]).await.unwrap();
    rings_at(&timer, 10, &[alarm(1, 10)]).await;
    for id in [1, 2, 9] {
        timer.disarm_soon(alarm(id, 0).performance, alarm(id, 0).reservation);
    }
    stays_silent(&timer).await;
}

#[tokio::test(start_paused = true)]
async fn beyond_the_capacity_those_due_last_are_dropped_and_the_caller_is_told() {
    let timer = timer(1_000, 2);
    timer.arm(&[alarm(1, 30), alarm(2, 20)]).await.unwrap();
    assert!(timer.arm(&[alarm(3, 10)]).await.is_err());
    rings_at(&timer, 10, &[alarm(3, 10)]).await;
    rings_at(&timer, 20, &[alarm(2, 20)]).await;
    timer.acknowledge(&[alarm(2, 20)]).await.unwrap();
    timer.arm(&[alarm(1, 30)]).await.unwrap();
    rings_at(&timer, 30, &[alarm(1, 30)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_ringer_that_leaves_leases_nothing() {
    let timer = timer(1_000, 10);
    timer.arm(&[alarm(1, 10)]).await.unwrap();
    assert!(timeout(Duration::from_secs(5), timer.ring(10)).await.is_err());
    rings_at(&timer, 10, &[alarm(1, 10)]).await;
}
