use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::HoldAlarm;
use onsale_domain::ids::ReservationId;

use super::HoldTimerSettings;

/// Alarms in the order in which they are due, those that have rung in the order in which their leases end.
///
/// `places` has every alarm once and says in which of the two it is.
pub(super) struct Queue {
    lease: TimeDelta,
    capacity: usize,
    armed: BTreeMap<(DateTime<Utc>, ReservationId), HoldAlarm>,
    leased: BTreeMap<(DateTime<Utc>, ReservationId), HoldAlarm>,
    places: HashMap<ReservationId, Place>,
}

#[derive(Clone, Copy)]
enum Place {
    Armed { due: DateTime<Utc> },
    Leased { until: DateTime<Utc> },
}

impl Queue {
    pub(super) fn new(settings: HoldTimerSettings) -> Self {
        // The longest lease that chrono can add to a moment is still far beyond any hold.
        let lease = TimeDelta::from_std(settings.lease.min(Duration::from_hours(24))).expect("a day is a time delta");
        Self {
            lease,
            capacity: settings.capacity.get(),
            armed: BTreeMap::new(),
            leased: BTreeMap::new(),
            places: HashMap::new(),
        }
    }

    /// Sets an alarm, moving an older one of the same hold. The very same alarm stays as it is, so that whoever has
    /// leased it can still acknowledge it.
    pub(super) fn arm(&mut self, alarm: HoldAlarm) {
        if self.find(alarm.reservation) == Some(&alarm) {
            return;
        }
        self.disarm(alarm.reservation);
        self.set(alarm);
    }

    /// Takes an alarm away.
    pub(super) fn disarm(&mut self, hold: ReservationId) {
        match self.places.remove(&hold) {
            Some(Place::Armed { due }) => self.armed.remove(&(due, hold)),
            Some(Place::Leased { until }) => self.leased.remove(&(until, hold)),
            None => None,
        };
    }

    /// Takes an alarm away that has rung, unless it was set to another moment meanwhile.
    pub(super) fn acknowledge(&mut self, rung: &HoldAlarm) {
        if self.find(rung.reservation) == Some(rung) {
            self.disarm(rung.reservation);
        }
    }

    /// Drops the alarms that are due last until the rest fits; says how many.
    pub(super) fn drop_latest(&mut self) -> u64 {
        let mut dropped = 0;
        while self.places.len() > self.capacity
            && let Some(((_, hold), _)) = self.armed.pop_last()
        {
            self.places.remove(&hold);
            dropped += 1;
        }
        dropped
    }

    /// Sets the alarms again whose leases have ended at `now`; says how many.
    pub(super) fn end_leases(&mut self, now: DateTime<Utc>) -> u64 {
        let mut returned = 0;
        while let Some(alarm) = pop_until(&mut self.leased, now) {
            self.set(alarm);
            returned += 1;
        }
        returned
    }

    /// Leases up to `limit` alarms that are due at `now`, the longest due first.
    pub(super) fn lease_due(&mut self, now: DateTime<Utc>, limit: usize) -> Vec<HoldAlarm> {
        let until = now + self.lease;
        let mut due = Vec::new();
        while due.len() < limit
            && let Some(alarm) = pop_until(&mut self.armed, now)
        {
            self.leased.insert((until, alarm.reservation), alarm);
            self.places.insert(alarm.reservation, Place::Leased { until });
            due.push(alarm);
        }
        due
    }

    /// When there will be something to do next.
    pub(super) fn next_moment(&self) -> Option<DateTime<Utc>> {
        let first = |alarms: &BTreeMap<(DateTime<Utc>, _), _>| alarms.first_key_value().map(|((moment, _), _)| *moment);
        first(&self.armed).into_iter().chain(first(&self.leased)).min()
    }

    /// How many alarms there are, as gauges count.
    #[expect(clippy::cast_precision_loss, reason = "memory ends long before 2^52 alarms")]
    pub(super) fn count(&self) -> f64 {
        self.places.len() as f64
    }

    fn set(&mut self, alarm: HoldAlarm) {
        self.armed.insert((alarm.due, alarm.reservation), alarm);
        self.places.insert(alarm.reservation, Place::Armed { due: alarm.due });
    }

    fn find(&self, hold: ReservationId) -> Option<&HoldAlarm> {
        match *self.places.get(&hold)? {
            Place::Armed { due } => self.armed.get(&(due, hold)),
            Place::Leased { until } => self.leased.get(&(until, hold)),
        }
    }
}

fn pop_until(
    alarms: &mut BTreeMap<(DateTime<Utc>, ReservationId), HoldAlarm>,
    now: DateTime<Utc>,
) -> Option<HoldAlarm> {
    let first = alarms.first_entry().filter(|entry| entry.key().0 <= now)?;
    Some(first.remove())
}
