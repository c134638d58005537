use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use onsale_domain::waiting_room::{EndReason, Phase, QueueNumber, Tick, TickKind, Visit, VisitorId};

use crate::ports::{RoomChanges, RoomRecord};

/// How far back the rate of letting in is measured.
const RATE_WINDOW: TimeDelta = TimeDelta::minutes(1);

/// How often what cannot matter any more is forgotten: everybody who asks waits for it, a few milliseconds at most.
const PRUNING: TimeDelta = TimeDelta::seconds(10);

/// A copy of everything about one room that still matters.
pub(super) struct RoomState {
    pub(super) record: RoomRecord,
    /// By their last number.
    ranges: BTreeMap<QueueNumber, Tick>,
    /// By their own number: ticks of chosen visitors.
    picks: HashMap<i64, Tick>,
    visits: HashMap<QueueNumber, Visit>,
    by_visitor: HashMap<VisitorId, QueueNumber>,
    blocked: HashSet<VisitorId>,
    pruned_at: DateTime<Utc>,
}

/// Where somebody stands, as far as memory tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Before the draw.
    Gathering,
    /// The draw is over; the drawn number must be looked up.
    Undrawn,
    /// In line.
    Waiting,
    /// Let in; the pass has not been used yet, as far as is known here.
    LetIn,
    /// Inside.
    Inside(Visit),
    /// Too late.
    Expired,
    /// Over.
    Ended(EndReason),
    /// Shut out.
    Blocked,
}

impl RoomState {
    pub(super) fn new(changes: RoomChanges, now: DateTime<Utc>) -> Self {
        let mut state = Self {
            record: changes.record.clone(),
            ranges: BTreeMap::new(),
            picks: HashMap::new(),
            visits: HashMap::new(),
            by_visitor: HashMap::new(),
            blocked: HashSet::new(),
            pruned_at: now,
        };
        state.apply(changes, now);
        state
    }

    /// Takes in what has changed; older news than what is known is ignored.
    pub(super) fn apply(&mut self, changes: RoomChanges, now: DateTime<Utc>) {
        if changes.record.progress.change < self.record.progress.change {
            return;
        }
        self.record = changes.record;
        for tick in changes.ticks {
            if tick.kind == TickKind::Picked {
                self.picks.insert(tick.no, tick);
            } else {
                self.ranges.insert(tick.to, tick);
            }
        }
        for visit in changes.visits {
            self.note(visit, now);
        }
        for (visitor, blocked) in changes.blocks {
            if blocked {
                self.blocked.insert(visitor);
            } else {
                self.blocked.remove(&visitor);
            }
        }
    }

    /// Takes in one visit.
    pub(super) fn note(&mut self, visit: Visit, now: DateTime<Utc>) {
        let known = self.visits.get(&visit.number);
        if visit.ended.is_none() && known.is_some_and(|known| known.ended.is_some()) {
            return; // an answer that was overtaken by the visit's end
        }
        if visit.is_alive(now) {
            self.by_visitor.insert(visit.visitor.clone(), visit.number);
        } else if self.by_visitor.get(&visit.visitor) == Some(&visit.number) {
            self.by_visitor.remove(&visit.visitor);
        }
        self.visits.insert(visit.number, visit);
    }

    /// Whether it is time to forget what cannot matter any more.
    pub(super) fn is_to_be_pruned(&self, now: DateTime<Utc>) -> bool {
        (now - self.pruned_at).abs() >= PRUNING
    }

    /// Forgets what cannot matter any more.
    pub(super) fn prune(&mut self, now: DateTime<Utc>) {
        self.pruned_at = now;
        self.ranges.retain(|_, tick| now < tick.expires_at || now - tick.at < RATE_WINDOW);
        self.picks.retain(|_, tick| now < tick.expires_at);
        // Numbers from here on look as if they waited or were let in, unless it is known that they have ended or expired.
        let first = self.ranges.values().map(|tick| tick.from).min().unwrap_or(self.record.progress.serving + 1);
        self.visits.retain(|number, visit| now < visit.expires_at || *number >= first);
        let visits = &self.visits;
        self.by_visitor.retain(|_, number| visits.get(number).is_some_and(|visit| visit.is_alive(now)));
    }

    pub(super) fn is_blocked(&self, visitor: &VisitorId) -> bool {
        self.blocked.contains(visitor)
    }

    /// The number with which a visitor is inside.
    pub(super) fn number_inside(&self, visitor: &VisitorId, now: DateTime<Utc>) -> Option<QueueNumber> {
        let number = self.by_visitor.get(visitor)?;
        let visit = self.visits.get(number).filter(|visit| visit.is_alive(now))?;
        matches!(self.of_visit(visit, now), Standing::Inside(_) | Standing::LetIn).then_some(visit.number)
    }

    pub(super) fn visit(&self, number: QueueNumber) -> Option<&Visit> {
        self.visits.get(&number)
    }

    /// Where the visitor with that number stands at `now`.
    pub(super) fn standing(&self, visitor: &VisitorId, number: QueueNumber, now: DateTime<Utc>) -> Standing {
        let phase = self.record.room.phase;
        if self.is_blocked(visitor) {
            return Standing::Blocked;
        }
        if number == 0 {
            let early = matches!(phase, Phase::Gathering | Phase::Drawing);
            return if early { Standing::Gathering } else { Standing::Undrawn };
        }
        if let Some(visit) = self.visits.get(&number) {
            return self.of_visit(visit, now);
        }
        if number > self.record.progress.serving {
            return if phase == Phase::Closed { Standing::Expired } else { Standing::Waiting };
        }
        match self.range_of(number) {
            Some(tick) if now < tick.claim_until => Standing::LetIn,
            _ => Standing::Expired,
        }
    }

    /// The tick that let a number in.
    pub(super) fn tick_of(&self, number: QueueNumber) -> Option<Tick> {
        let tick = match self.visits.get(&number) {
            Some(visit) => self.picks.get(&visit.tick).or_else(|| self.range_of(number)),
            None => self.range_of(number),
        };
        tick.cloned()
    }

    fn range_of(&self, number: QueueNumber) -> Option<&Tick> {
        self.ranges.range(number..).next().map(|(_, tick)| tick).filter(|tick| tick.covers(number))
    }

    /// How many visitors the schedule lets in within a minute at most.
    pub(super) fn planned_per_minute(&self) -> u64 {
        let admit = self.record.room.admit;
        u64::from(admit.count) * 60_000 / u64::from(admit.every_ms)
    }

    /// How many visitors are let in within a minute: as many as in the last one, or as many as the schedule says while
    /// there was none.
    pub(super) fn per_minute(&self, now: DateTime<Utc>) -> u64 {
        let room = &self.record.room;
        if room.phase == Phase::Paused || room.phase == Phase::Closed {
            return 0;
        }
        let recent = || self.ranges.values().filter(|tick| now - tick.at < RATE_WINDOW);
        let planned = self.planned_per_minute();
        let Some(earliest) = recent().map(|tick| tick.at).min() else { return planned };
        let let_in: i64 = recent().map(|tick| tick.present).sum();
        // The first tick opens the window, so what it let in took no time.
        let span = (now - earliest + TimeDelta::milliseconds(room.admit.every_ms.into())).num_milliseconds().max(1);
        let rate = u128::try_from(let_in).unwrap_or(0) * 60_000 / u128::try_from(span).unwrap_or(1);
        u64::try_from(rate).unwrap_or(u64::MAX).clamp(1, planned.max(1))
    }

    /// Up to which number nobody can use a pass for the first time any more, `margin` ago.
    pub(super) fn forgettable(&self, now: DateTime<Utc>, margin: TimeDelta) -> QueueNumber {
        let open = self.ranges.values().find(|tick| now < tick.claim_until + margin);
        open.map_or(self.record.progress.serving, |tick| tick.from - 1)
    }

    fn of_visit(&self, visit: &Visit, now: DateTime<Utc>) -> Standing {
        let claimable = || self.tick_of(visit.number).is_some_and(|tick| now < tick.claim_until);
        match visit.ended {
            Some((_, reason)) => Standing::Ended(reason),
            None if !visit.is_alive(now) => Standing::Expired,
            None if visit.claimed_at.is_some() => Standing::Inside(visit.clone()),
            None if claimable() => Standing::LetIn,
            None => Standing::Expired,
        }
    }
}
