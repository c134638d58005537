//! Random days in front of a room: whatever happens in whatever order, the count of who is inside is right, nobody too many
//! comes in, and nobody comes in twice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use uuid::Uuid;

use super::{
    Admit, ClaimRefusal, EndReason, Healing, Phase, Progress, QueueNumber, RoomOwner, Tick, TickKind, TickPlan,
    TickRefusal, Visit, VisitorId, WaitingRoom, decide_claim, decide_end, decide_pick, decide_tick, settle,
};
use crate::ids::WaitingRoomId;

const COUNT: u32 = 4;
const EVERY_MS: u32 = 10_000;
const CAPACITY: u32 = 10;
const PASS_SECONDS: u32 = 90;
const CLAIM_SECONDS: u32 = 20;
/// So many visitors take all numbers by turns, so that some come again.
const VISITORS: QueueNumber = 30;

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    Wait { ms: i64 },
    Enter { visitors: i64 },
    Tick { by_hand: Option<u32>, stale: bool },
    Pick { chosen: Vec<Index> },
    Claim { who: Index },
    End { who: Index, reason: EndReason },
    Lose { kept: Vec<Index>, healing: bool },
    Terms { capacity: u32, phase: Phase },
}

fn steps() -> impl Strategy<Value = Step> {
    let reasons = select(vec![EndReason::Left, EndReason::Paid, EndReason::Finished, EndReason::Blocked]);
    let phases = prop_oneof![8 => Just(Phase::Open), 1 => Just(Phase::Paused)];
    prop_oneof![
        4 => select(vec![1, 9_999, 10_000, 20_000, 70_000]).prop_map(|ms| Step::Wait { ms }),
        4 => (1..12_000_i64).prop_map(|ms| Step::Wait { ms }),
        4 => (1..8_i64).prop_map(|visitors| Step::Enter { visitors }),
        8 => prop::bool::weighted(0.1).prop_map(|stale| Step::Tick { by_hand: None, stale }),
        2 => (1..6_u32).prop_map(|count| Step::Tick { by_hand: Some(count), stale: false }),
        2 => vec(any::<Index>(), 1..4).prop_map(|chosen| Step::Pick { chosen }),
        16 => any::<Index>().prop_map(|who| Step::Claim { who }),
        6 => (any::<Index>(), reasons).prop_map(|(who, reason)| Step::End { who, reason }),
        1 => (vec(any::<Index>(), 0..6), any::<bool>()).prop_map(|(kept, healing)| Step::Lose { kept, healing }),
        1 => (2..=CAPACITY + 2, phases).prop_map(|(capacity, phase)| Step::Terms { capacity, phase }),
    ]
}

/// A room, its line, and everything that was decided.
struct Day {
    room: WaitingRoom,
    progress: Progress,
    ticks: Vec<Tick>,
    visits: BTreeMap<QueueNumber, Visit>,
    line: BTreeSet<QueueNumber>,
    last: QueueNumber,
    now: DateTime<Utc>,
    /// When the schedule has let in, and how many.
    scheduled: Vec<(DateTime<Utc>, i64)>,
    first_uses: BTreeSet<QueueNumber>,
}

fn owner(number: QueueNumber) -> VisitorId {
    VisitorId::new(&format!("visitor-{}", number % VISITORS)).unwrap()
}

impl Day {
    fn new() -> Self {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let room = WaitingRoom {
            id: WaitingRoomId(Uuid::nil()),
            owner: RoomOwner::Operators,
            concert: None,
            name: "Line".to_owned(),
            admit: Admit { count: COUNT, every_ms: EVERY_MS },
            capacity: CAPACITY,
            max_waiting: 1_000,
            pass_seconds: PASS_SECONDS,
            claim_seconds: CLAIM_SECONDS,
            redirect_url: None,
            opens_at: None,
            message: None,
            phase: Phase::Open,
            created_at: now,
        };
        Self {
            room,
            progress: Progress::new(now),
            ticks: Vec::new(),
            visits: BTreeMap::new(),
            line: BTreeSet::new(),
            last: 0,
            now,
            scheduled: Vec::new(),
            first_uses: BTreeSet::new(),
        }
    }

    /// Takes one step, which counts out first whose time has passed, as every store does.
    fn take(&mut self, step: Step) {
        let before = self.progress.clone();
        if let Step::Wait { ms } = step {
            self.now += TimeDelta::milliseconds(ms);
        } else {
            settle(&mut self.progress, &mut self.ticks, self.now);
            self.act(step);
        }
        self.assert_sound(&before);
    }

    fn act(&mut self, step: Step) {
        match step {
            Step::Enter { visitors } => {
                self.progress.ceiling = self.progress.ceiling.max(self.last + visitors + 3);
                self.line.extend(self.last + 1..=self.last + visitors);
                self.last += visitors;
            }
            Step::Tick { by_hand, stale } => self.tick(by_hand, stale),
            Step::Pick { chosen } => self.pick(&chosen),
            Step::Claim { who } if self.last > 0 => self.claim(number_at(who, self.last)),
            Step::End { who, reason } if self.last > 0 => self.end(number_at(who, self.last), reason),
            Step::Wait { .. } | Step::Claim { .. } | Step::End { .. } => {}
            Step::Lose { kept, healing } => self.lose(&kept, healing),
            Step::Terms { capacity, phase } => (self.room.capacity, self.room.phase) = (capacity, phase),
        }
    }

    fn plan(&self, kind: TickKind, count: u32, allowed: u32) -> TickPlan {
        let serving = self.progress.serving;
        let front: Vec<_> = self.line.range(serving + 1..).copied().take(allowed as usize).collect();
        TickPlan {
            kind,
            epoch: self.progress.epoch,
            serving,
            count,
            to: front.last().copied().unwrap_or(serving),
            present: i64::try_from(front.len()).unwrap(),
            last: self.last,
        }
    }

    /// Ticks, with fewer when there is less room, as whoever keeps a schedule does.
    fn tick(&mut self, by_hand: Option<u32>, stale: bool) {
        let (kind, count) = by_hand.map_or((TickKind::Scheduled, COUNT), |count| (TickKind::ByHand, count));
        let mut plan = self.plan(kind, count, count);
        if stale {
            plan.serving -= 1;
        }
        let before = self.progress.clone();
        let mut decided = decide_tick(&mut self.progress, &self.room, &plan, self.now);
        if let Err(TickRefusal::TooMany { count: allowed }) = decided {
            assert_eq!(self.progress, before);
            plan = self.plan(kind, count, allowed);
            decided = decide_tick(&mut self.progress, &self.room, &plan, self.now);
        }
        match decided {
            Ok(tick) => {
                assert!(!stale && tick.present > 0 && tick.present <= count.into());
                assert_eq!((tick.from, tick.to), (before.serving + 1, self.progress.serving));
                if kind == TickKind::Scheduled {
                    self.scheduled.push((tick.at, tick.present));
                }
                self.ticks.push(tick);
            }
            Err(refusal) => {
                assert_eq!(self.progress, before, "a refusal changes nothing");
                assert!(!stale || matches!(refusal, TickRefusal::Moved | TickRefusal::NotOpen));
            }
        }
    }

    fn pick(&mut self, chosen: &[Index]) {
        let waiting: Vec<_> = self.line.range(self.progress.serving + 1..).copied().collect();
        let unknown = |number: &QueueNumber| !self.visits.contains_key(number);
        let chosen: BTreeSet<_> =
            chosen.iter().filter(|_| !waiting.is_empty()).map(|index| *index.get(&waiting)).filter(unknown).collect();
        let mut progress = self.progress.clone();
        let count = u32::try_from(chosen.len()).unwrap();
        let tick = decide_pick(&mut progress, &self.room, count, self.now).expect("the room is open or paused");
        if tick.present == 0 {
            return;
        }
        for number in chosen.into_iter().take(usize::try_from(tick.present).unwrap()) {
            let visit = Visit {
                number,
                visitor: owner(number),
                tick: tick.no,
                let_in_at: tick.at,
                claimed_at: None,
                expires_at: tick.expires_at,
                ended: None,
            };
            self.visits.insert(number, visit);
            self.line.remove(&number);
        }
        self.progress = progress;
        self.ticks.push(tick);
    }

    fn tick_of(&self, number: QueueNumber) -> Option<usize> {
        match self.visits.get(&number) {
            Some(visit) => self.ticks.iter().position(|tick| tick.no == visit.tick),
            None => self.ticks.iter().position(|tick| tick.covers(number)),
        }
    }

    fn inside_elsewhere(&self, number: QueueNumber) -> bool {
        let others = self.visits.values().filter(|visit| visit.number != number && visit.visitor == owner(number));
        others.into_iter().any(|visit| visit.claimed_at.is_some() && visit.is_alive(self.now))
    }

    fn claim(&mut self, number: QueueNumber) {
        let known = self.visits.get(&number).cloned();
        let elsewhere = self.inside_elsewhere(number);
        let position = self.tick_of(number);
        let before = (self.progress.clone(), self.ticks.clone());
        let tick = position.map(|position| &mut self.ticks[position]);
        let facts = (tick, known.as_ref(), elsewhere);
        match decide_claim(&mut self.progress, &self.room, (&owner(number), number), facts, self.now) {
            Ok(visit) => {
                assert!(visit.is_alive(self.now) && visit.claimed_at.is_some());
                if known.as_ref() == Some(&visit) {
                    assert_eq!((&self.progress, &self.ticks), (&before.0, &before.1), "found again, nothing changes");
                } else {
                    assert_eq!(visit.claimed_at, Some(self.now));
                    assert!(self.first_uses.insert(number), "{number} is used for the first time twice");
                }
                self.visits.insert(number, visit);
            }
            Err(refusal) => {
                assert_eq!((&self.progress, &self.ticks), (&before.0, &before.1), "a refusal changes nothing");
                let is_let_in = number <= self.progress.serving || known.is_some();
                assert_eq!(refusal == ClaimRefusal::NotLetIn, !is_let_in, "{number}: {refusal}");
            }
        }
    }

    fn end(&mut self, number: QueueNumber, reason: EndReason) {
        let known = self.visits.get(&number).cloned();
        let position = self.tick_of(number);
        let tick = position.map(|position| &mut self.ticks[position]);
        let ended = decide_end(&mut self.progress, (&owner(number), number, reason), (tick, known.as_ref()), self.now);
        assert_eq!(ended.is_some(), known.is_none_or(|visit| visit.ended.is_none()), "a visit ends once");
        if let Some(visit) = ended {
            assert!(!visit.is_alive(self.now));
            self.visits.insert(number, visit);
            self.line.remove(&number);
        }
    }

    /// The line is lost but for a few; if it heals, numbers go on above the ceiling.
    fn lose(&mut self, kept: &[Index], healing: bool) {
        let line: Vec<_> = self.line.iter().copied().collect();
        self.line = kept.iter().filter(|_| !line.is_empty()).map(|index| *index.get(&line)).collect();
        if healing {
            let resumed_at = self.progress.ceiling;
            self.progress.epoch += 1;
            self.progress.healing = Some(Healing { until: self.now + TimeDelta::seconds(30), resumed_at });
            self.last = self.last.max(resumed_at);
        }
    }

    fn assert_sound(&self, before: &Progress) {
        let progress = &self.progress;
        assert_eq!(progress.alive, self.ticks.iter().map(Tick::alive).sum::<i64>());
        assert!(0 <= progress.alive && progress.alive <= before.alive.max(self.room.capacity.into()), "{progress:?}");
        assert!(before.serving <= progress.serving && progress.serving <= progress.ceiling);
        let mut next = 1;
        for tick in &self.ticks {
            self.assert_counted(tick);
            if tick.kind != TickKind::Picked {
                assert_eq!(tick.from, next, "nobody is passed over or let in twice");
                next = tick.to + 1;
            }
        }
        assert_eq!(next, progress.serving + 1);
        self.assert_rate();
        let inside = self.visits.values().filter(|visit| visit.claimed_at.is_some() && visit.is_alive(self.now));
        let inside: Vec<_> = inside.map(|visit| &visit.visitor).collect();
        assert!(i64::try_from(inside.len()).unwrap() <= progress.alive);
        assert_eq!(inside.iter().collect::<BTreeSet<_>>().len(), inside.len(), "somebody is inside twice");
    }

    fn assert_counted(&self, tick: &Tick) {
        let of_tick = || self.visits.values().filter(|visit| visit.tick == tick.no);
        let claimed = of_tick().filter(|visit| visit.claimed_at.is_some());
        let (ended, going_on): (Vec<_>, Vec<_>) = claimed.partition(|visit| visit.ended.is_some());
        assert_eq!(tick.claimed, i64::try_from(ended.len() + going_on.len()).unwrap());
        assert_eq!(tick.ended, i64::try_from(ended.len()).unwrap());
        let unused = of_tick().filter(|visit| visit.claimed_at.is_none() && visit.ended.is_some()).count();
        assert!(0 <= tick.ended_unclaimed && tick.ended_unclaimed <= i64::try_from(unused).unwrap());
        assert!(tick.unclaimed() >= 0, "{tick:?}");
    }

    /// What the schedule decided; those whom a lost line had forgotten come in beside it, as far as there is room.
    fn assert_rate(&self) {
        let every = TimeDelta::milliseconds(EVERY_MS.into());
        for (first, _) in &self.scheduled {
            let within = self.scheduled.iter().filter(|(at, _)| first <= at && *at < *first + every);
            assert!(within.map(|(_, present)| present).sum::<i64>() <= COUNT.into());
        }
    }
}

/// One of the latest numbers, so that it matters.
fn number_at(index: Index, last: QueueNumber) -> QueueNumber {
    let recent = last.min(40);
    last - QueueNumber::try_from(index.index(usize::try_from(recent).unwrap())).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_happens_in_front_of_a_room_nobody_too_many_is_inside(steps in vec(steps(), 1..160)) {
        let mut day = Day::new();
        for step in steps {
            day.take(step);
        }
    }
}
