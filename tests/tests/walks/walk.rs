//! One random walk.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::TimeDelta;
use onsale_application::ports::{QueueClaims, RoomChange, Rooms, StepError};
use onsale_application::waiting_room::{EnterError, PlaceState, StatusReport};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{Phase, QueueNumber, TickKind, TickRefusal, VisitorId};
use onsale_tests::store::Store;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::lost::Losing;
use crate::replica::{CAPACITY, COUNT, EVERY_SECONDS, PASS_SECONDS, Replica, open_room};

/// Steps of one walk before everybody is let in.
const STEPS: usize = 30;
const VISITORS: usize = 12;
/// Rounds after which everybody must have been let in.
const ROUNDS: usize = 60;

/// Somebody who holds on to the token it was given last.
#[derive(Default)]
struct Visitor {
    token: Option<QueueNumber>,
    /// Whether the line was lost since this visitor entered.
    lost_since: bool,
    blocked: bool,
}

struct Walk<'a> {
    store: &'a Store,
    room: WaitingRoomId,
    replicas: [Replica; 2],
    random: StdRng,
    visitors: Vec<Visitor>,
    /// Who was given which number.
    handed_out: HashMap<QueueNumber, usize>,
    /// Numbers of visitors that were chosen.
    picked: HashSet<QueueNumber>,
    inside: BTreeMap<QueueNumber, usize>,
    serving: QueueNumber,
    trail: Vec<String>,
}

/// Walks at random with `seed`.
pub(crate) async fn walk(store: &Store, places: &mut dyn Losing, seed: u64) {
    let replicas = [Replica::start(store, places.places()).await, Replica::start(store, places.places()).await];
    let room = open_room(store, &replicas[0]).await;
    let mut walk = Walk {
        store,
        room,
        replicas,
        random: StdRng::seed_from_u64(seed),
        visitors: (0..VISITORS).map(|_| Visitor::default()).collect(),
        handed_out: HashMap::new(),
        picked: HashSet::new(),
        inside: BTreeMap::new(),
        serving: 0,
        trail: vec![format!("seed {seed}")],
    };
    for _ in 0..STEPS {
        walk.step(places).await;
        walk.check().await;
    }
    walk.let_everybody_in().await;
}

fn id(visitor: usize) -> VisitorId {
    VisitorId::new(&format!("visitor-{visitor}")).expect("visible ASCII")
}

impl Walk<'_> {
    async fn step(&mut self, places: &mut dyn Losing) {
        let visitor = self.random.random_range(0..VISITORS);
        match self.random.random_range(0..100) {
            0..30 => self.enter(visitor).await,
            30..50 => drop(self.ask(visitor).await),
            50..70 => self.tick(TickKind::Scheduled, COUNT).await,
            70..74 => self.leave(visitor).await,
            74..78 => self.tick(TickKind::ByHand, 2).await,
            78..80 => self.pick(visitor).await,
            80..83 => self.block(visitor).await,
            83..86 => self.pause_or_resume().await,
            86..93 => {
                let seconds = self.random.random_range(1..12);
                self.pass(TimeDelta::seconds(seconds));
            }
            93..97 => self.lose(places).await,
            _ => self.restart(places).await,
        }
    }

    fn note(&mut self, step: String) {
        self.trail.push(step);
    }

    fn replica(&mut self) -> usize {
        self.random.random_range(0..2)
    }

    fn claims(&self, visitor: usize, number: QueueNumber) -> QueueClaims {
        let expires_at = self.store.context.now() + TimeDelta::days(1);
        QueueClaims { room: self.room, visitor: id(visitor), number, expires_at }
    }

    async fn enter(&mut self, visitor: usize) {
        let (replica, shows) = (self.replica(), self.random.random());
        let replica = &self.replicas[replica];
        replica.room(self.room).await;
        let held = self.visitors[visitor].token.filter(|_| shows);
        let mut entered = replica.enter.execute(self.room, &id(visitor), held).await;
        if let Err(EnterError::Unavailable(_)) = &entered {
            // The very first line: it waits for whoever began it, and this clock stands still.
            self.store.clock.advance(TimeDelta::seconds(3));
            entered = replica.enter.execute(self.room, &id(visitor), held).await;
        }
        if let Err(error) = &entered {
            let blocked = self.visitors[visitor].blocked;
            assert!(blocked, "{visitor} is turned away: {error}: {:#?}", self.trail);
        }
        let Ok(entrance) = entered else { return };
        let number = entrance.status.number.expect("an open room gives numbers");
        self.note(format!("{visitor} enters: {number}, new: {}", entrance.new));
        let owner = *self.handed_out.entry(number).or_insert(visitor);
        assert_eq!(owner, visitor, "number {number} is another's: {:#?}", self.trail);
        if let Some(before) = self.visitors[visitor].token
            && before != number
        {
            let over = self.is_over(visitor, before).await;
            let forgiven = self.visitors[visitor].lost_since && !shows;
            assert!(over || forgiven, "{visitor} lost its place {before}: {:#?}", self.trail);
            if !over {
                return; // it keeps the better place, whose token it has
            }
        }
        self.visitors[visitor] =
            Visitor { token: Some(number), blocked: self.visitors[visitor].blocked, ..Visitor::default() };
        self.noted(visitor, &entrance.status);
    }

    /// Whether a place is worth nothing any more.
    async fn is_over(&self, visitor: usize, number: QueueNumber) -> bool {
        self.replicas[0].room(self.room).await;
        let status = self.replicas[0].status.execute(&self.claims(visitor, number)).await.expect("SQL answers");
        !matches!(status.state, PlaceState::Waiting | PlaceState::Admitted)
    }

    async fn ask(&mut self, visitor: usize) -> Option<PlaceState> {
        let number = self.visitors[visitor].token?;
        let replica = self.replica();
        self.replicas[replica].room(self.room).await;
        let status = self.replicas[replica].status.execute(&self.claims(visitor, number)).await.expect("SQL answers");
        self.note(format!("{visitor} asks with {number}: {:?}", status.state));
        self.noted(visitor, &status);
        Some(status.state)
    }

    /// Checks what a visitor is told against what is known.
    fn noted(&mut self, visitor: usize, status: &StatusReport) {
        let number = self.visitors[visitor].token.expect("it has one");
        match status.state {
            PlaceState::Admitted => {
                let in_turn = number <= self.serving || self.picked.contains(&number);
                assert!(in_turn, "{visitor} came in ahead of turn with {number}: {:#?}", self.trail);
                self.inside.insert(number, visitor);
            }
            PlaceState::Waiting => assert!(status.position.is_some(), "who waits has a place: {:#?}", self.trail),
            _ => {}
        }
    }

    async fn tick(&mut self, kind: TickKind, count: u32) {
        let replica = self.replica();
        let room = self.replicas[replica].room(self.room).await;
        self.replicas[replica].lines.look(&room).await.expect("the line answers");
        match self.replicas[replica].ticking.tick(&room, kind, count).await {
            Ok(tick) => {
                self.note(format!("{kind:?} lets in {} to {} ({})", tick.from, tick.to, tick.present));
                assert!(tick.present <= i64::from(count), "{:#?}", self.trail);
                assert_eq!(tick.from, self.serving + 1, "{:#?}", self.trail);
                self.serving = tick.to;
            }
            Err(StepError::Refused(TickRefusal::NotDue { .. })) => self.pass(TimeDelta::seconds(EVERY_SECONDS)),
            Err(StepError::Refused(refusal)) => self.note(format!("{kind:?}: {refusal}")),
            Err(error) => panic!("{error}: {:#?}", self.trail),
        }
    }

    async fn leave(&mut self, visitor: usize) {
        let Some(number) = self.visitors[visitor].token else { return };
        let replica = self.replica();
        self.replicas[replica].leave.execute(&self.claims(visitor, number)).await.expect("anybody may leave");
        self.note(format!("{visitor} leaves with {number}"));
        self.inside.remove(&number);
        assert!(self.is_over(visitor, number).await || self.visitors[visitor].blocked, "{:#?}", self.trail);
    }

    async fn pick(&mut self, visitor: usize) {
        let replica = self.replica();
        let before = self.visitors[visitor].token;
        let chosen = self.replicas[replica].by_hand.chosen(self.room, &[id(visitor)]).await.expect("SQL answers");
        self.note(format!("{visitor} is picked: {}", chosen.admitted));
        if chosen.admitted == 1 {
            let visit = self.replicas[replica].rooms.alive_visit(self.room, &id(visitor)).await.expect("SQL answers");
            let number = visit.expect("it was let in").number;
            assert_eq!(self.handed_out.get(&number), Some(&visitor), "{before:?}: {:#?}", self.trail);
            self.picked.insert(number);
        }
    }

    async fn block(&mut self, visitor: usize) {
        let blocked = !self.visitors[visitor].blocked;
        let replica = self.replica();
        self.replicas[replica].by_hand.block(self.room, &id(visitor), blocked).await.expect("SQL answers");
        self.visitors[visitor].blocked = blocked;
        self.note(format!("{visitor} is blocked: {blocked}"));
    }

    async fn pause_or_resume(&mut self) {
        let replica = self.replica();
        let room = self.replicas[replica].room(self.room).await;
        let phase = if room.phase() == Phase::Open { Phase::Paused } else { Phase::Open };
        let change = RoomChange { phase: Some(phase), ..RoomChange::default() };
        self.replicas[replica].rooms.change(self.room, change, None).await.expect("it is not closed");
        self.note(format!("{phase:?}"));
    }

    fn pass(&mut self, time: TimeDelta) {
        self.store.clock.advance(time);
        self.note(format!("{time} pass"));
    }

    async fn lose(&mut self, places: &mut dyn Losing) {
        let some = self.random.random();
        places.lose(some).await;
        self.note("the line is lost".to_owned());
        self.pass(TimeDelta::seconds(3)); // longer than a replica waits for another to mend it
        for visitor in &mut self.visitors {
            visitor.lost_since = true;
        }
    }

    async fn restart(&mut self, places: &mut dyn Losing) {
        let replica = self.replica();
        self.replicas[replica] = Replica::start(self.store, places.places()).await;
        self.note(format!("replica {replica} restarts"));
    }

    async fn check(&self) {
        let changes = self.replicas[0].rooms.changes(self.room, 0).await.expect("SQL answers").expect("it exists");
        let progress = changes.record.progress;
        assert!((0..=i64::from(CAPACITY)).contains(&progress.alive), "{} inside: {:#?}", progress.alive, self.trail);
        assert_eq!(progress.serving, self.serving, "{:#?}", self.trail);
        let mut inside = HashSet::new();
        for visit in changes.visits.iter().filter(|visit| visit.is_alive(self.store.context.now())) {
            assert!(inside.insert(visit.visitor.clone()), "{} is inside twice: {:#?}", visit.visitor, self.trail);
        }
    }

    /// Everybody who waits asks again and again, and finishes once inside.
    async fn let_everybody_in(&mut self) {
        let change = RoomChange { phase: Some(Phase::Open), ..RoomChange::default() };
        self.replicas[0].rooms.change(self.room, change, None).await.expect("it is not closed");
        for visitor in 0..VISITORS {
            if self.visitors[visitor].blocked {
                self.block(visitor).await;
            }
        }
        for _ in 0..ROUNDS {
            let mut waiting = 0;
            for visitor in 0..VISITORS {
                match self.ask(visitor).await {
                    Some(PlaceState::Waiting) => waiting += 1,
                    Some(PlaceState::Admitted) => self.leave(visitor).await,
                    _ => {}
                }
            }
            if waiting == 0 {
                return;
            }
            self.pass(TimeDelta::seconds(EVERY_SECONDS));
            self.tick(TickKind::Scheduled, COUNT).await;
            self.check().await;
        }
        panic!("somebody was forgotten within {} s: {:#?}", PASS_SECONDS, self.trail);
    }
}
