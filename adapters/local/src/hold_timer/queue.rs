use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::HoldAlarm;
use onsale_domain::ids::ReservationId;

use super::HoldTimerSettings;

/// Alarms in the order in which they are due, those that have rung in the order in which their leases end, and those
/// that nobody answered in the order in which they died.
///
/// `entries` has every alarm once and says in which of the three it is.
pub(super) struct Queue {
    leases: Vec<TimeDelta>,
    dead_for: TimeDelta,
    capacity: usize,
    armed: Order,
    leased: Order,
    dead: Order,
    entries: HashMap<ReservationId, Entry>,
}

type Order = BTreeSet<(DateTime<Utc>, ReservationId)>;

struct Entry {
    alarm: HoldAlarm,
    /// How often it has rung.
    tries: usize,
    place: Place,
}

#[derive(Clone, Copy)]
enum Place {
    Armed,
    Leased { until: DateTime<Utc> },
    Dead { since: DateTime<Utc> },
}

/// What became of leases that have ended.
#[derive(Default)]
pub(super) struct Ended {
    /// Alarms that are set again.
    pub(super) returned: u64,
    /// Alarms that are dead.
    pub(super) died: u64,
}

impl Queue {
    pub(super) fn new(settings: HoldTimerSettings) -> Self {
        Self {
            leases: settings.terms.leases(),
            dead_for: settings.terms.dead_for(),
            capacity: settings.capacity.get(),
            armed: Order::new(),
            leased: Order::new(),
            dead: Order::new(),
            entries: HashMap::new(),
        }
    }

    /// Sets an alarm, moving an older one of the same hold. The very same alarm stays as it is, so that whoever has
    /// leased it can still acknowledge it, and a dead one stays dead.
    pub(super) fn arm(&mut self, alarm: HoldAlarm) {
        if self.find(alarm.reservation) == Some(&alarm) {
            return;
        }
        self.disarm(alarm.reservation);
        self.armed.insert((alarm.due, alarm.reservation));
        self.entries.insert(alarm.reservation, Entry { alarm, tries: 0, place: Place::Armed });
    }

    /// Takes an alarm away.
    pub(super) fn disarm(&mut self, hold: ReservationId) {
        if let Some(Entry { alarm, place, .. }) = self.entries.remove(&hold) {
            match place {
                Place::Armed => self.armed.remove(&(alarm.due, hold)),
                Place::Leased { until } => self.leased.remove(&(until, hold)),
                Place::Dead { since } => self.dead.remove(&(since, hold)),
            };
        }
    }

    /// Takes an alarm away that has rung, unless it was set to another moment meanwhile.
    pub(super) fn acknowledge(&mut self, rung: &HoldAlarm) {
        if self.find(rung.reservation) == Some(rung) {
            self.disarm(rung.reservation);
        }
    }

    /// Drops dead alarms and then those that are due last until the rest fits; says how many of the latter.
    pub(super) fn drop_latest(&mut self) -> u64 {
        while self.entries.len() > self.capacity
            && let Some((_, hold)) = self.dead.pop_first()
        {
            self.entries.remove(&hold);
        }
        let mut dropped = 0;
        while self.entries.len() > self.capacity
            && let Some((_, hold)) = self.armed.pop_last()
        {
            self.entries.remove(&hold);
            dropped += 1;
        }
        dropped
    }

    /// Sets the alarms again whose leases have ended at `now`, those that have been tried often enough left out, and
    /// forgets those that have been dead for long enough.
    pub(super) fn end_leases(&mut self, now: DateTime<Utc>) -> Ended {
        let mut ended = Ended::default();
        while let Some(hold) = pop_until(&mut self.leased, now) {
            let entry = self.entries.get_mut(&hold).expect("every leased alarm has an entry");
            if entry.tries < self.leases.len() {
                entry.place = Place::Armed;
                self.armed.insert((entry.alarm.due, hold));
                ended.returned += 1;
            } else {
                entry.place = Place::Dead { since: now };
                self.dead.insert((now, hold));
                ended.died += 1;
            }
        }
        while let Some(hold) = pop_until(&mut self.dead, now - self.dead_for) {
            self.entries.remove(&hold);
        }
        ended
    }

    /// Leases up to `limit` alarms that are due at `now`, the longest due first; each time one rings its lease is longer.
    pub(super) fn lease_due(&mut self, now: DateTime<Utc>, limit: usize) -> Vec<HoldAlarm> {
        let mut due = Vec::new();
        while due.len() < limit
            && let Some(hold) = pop_until(&mut self.armed, now)
        {
            let entry = self.entries.get_mut(&hold).expect("every armed alarm has an entry");
            let until = now + self.leases[entry.tries];
            entry.tries += 1;
            entry.place = Place::Leased { until };
            self.leased.insert((until, hold));
            due.push(entry.alarm);
        }
        due
    }

    /// When there will be something to do next.
    pub(super) fn next_moment(&self) -> Option<DateTime<Utc>> {
        let first = |order: &Order| order.first().map(|(moment, _)| *moment);
        let forgotten = first(&self.dead).map(|since| since + self.dead_for);
        [first(&self.armed), first(&self.leased), forgotten].into_iter().flatten().min()
    }

    /// How many alarms there are, dead ones included.
    pub(super) fn known(&self) -> usize {
        self.entries.len()
    }

    /// How many alarms are dead.
    pub(super) fn dead(&self) -> usize {
        self.dead.len()
    }

    /// The first of the dead alarms.
    pub(super) fn some_dead(&self, limit: usize) -> Vec<HoldAlarm> {
        self.dead.iter().take(limit).filter_map(|(_, hold)| self.find(*hold).copied()).collect()
    }

    fn find(&self, hold: ReservationId) -> Option<&HoldAlarm> {
        self.entries.get(&hold).map(|entry| &entry.alarm)
    }
}

/// Takes the first out whose moment has come.
fn pop_until(order: &mut Order, now: DateTime<Utc>) -> Option<ReservationId> {
    order.first().is_some_and(|(moment, _)| *moment <= now).then(|| order.pop_first()).flatten().map(|(_, hold)| hold)
}
