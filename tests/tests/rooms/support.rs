//! Rooms to test with, and a line in which everybody stands who was handed a number.

use chrono::TimeDelta;
use onsale_application::ports::{RoomChanges, RoomRecord, Rooms, StepError};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{
    Admit, ClaimRefusal, Phase, QueueNumber, RoomOwner, Tick, TickKind, TickPlan, Visit, VisitorId, WaitingRoom,
};
use onsale_sql::{Database, SqlRooms};
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::SINGLY;
use onsale_tests::store::Store;

/// How many are let in at once, and how often.
pub(crate) const COUNT: u32 = 10;
pub(crate) const EVERY: TimeDelta = TimeDelta::seconds(10);
/// How long a pass may stay unused.
pub(crate) const CLAIM: TimeDelta = TimeDelta::seconds(60);
/// How long a pass is good.
pub(crate) const PASS: TimeDelta = TimeDelta::seconds(600);

pub(crate) fn rooms(store: &Store) -> SqlRooms {
    rooms_on(store, store.database.clone())
}

pub(crate) fn rooms_on(store: &Store, database: Database) -> SqlRooms {
    SqlRooms::new(database, store.context.clone(), store.bus.clone(), LaneLimits::default())
}

/// The rooms of another replica.
pub(crate) async fn replica(store: &Store) -> SqlRooms {
    rooms_on(store, Database::connect(&store.settings).await.unwrap())
}

/// Two replicas without grouping, eight transactions of a room at a time.
pub(crate) async fn singly(store: &Store) -> Vec<SqlRooms> {
    let there = Database::connect(&store.settings).await.unwrap();
    let on = |database| SqlRooms::new(database, store.context.clone(), store.bus.clone(), SINGLY);
    vec![on(store.database.clone()), on(there)]
}

pub(crate) async fn replicas(store: &Store, count: usize) -> Vec<SqlRooms> {
    let mut replicas = vec![rooms(store)];
    while replicas.len() < count {
        replicas.push(replica(store).await);
    }
    replicas
}

/// An open room that lets ten in every ten seconds.
pub(crate) fn draft(store: &Store) -> WaitingRoom {
    WaitingRoom {
        id: store.context.new_id(),
        owner: RoomOwner::Operators,
        concert: None,
        name: "Line".to_owned(),
        admit: Admit { count: COUNT, every_ms: 10_000 },
        capacity: 1_000,
        max_waiting: 1_000_000,
        pass_seconds: 600,
        claim_seconds: 60,
        redirect_url: Some("https://shop.example/enter".to_owned()),
        opens_at: None,
        message: Some("Soon".to_owned()),
        phase: Phase::Open,
        created_at: store.context.now(),
    }
}

/// A room in whose line numbers up to `last` were handed out.
pub(crate) async fn opened(store: &Store, room: WaitingRoom, last: QueueNumber) -> WaitingRoomId {
    let rooms = rooms(store);
    rooms.create(&room, None, None).await.unwrap();
    rooms.raise_ceiling(room.id, 0, last).await.unwrap();
    store.bus.heard();
    room.id
}

pub(crate) fn visitor(number: QueueNumber) -> VisitorId {
    VisitorId::new(&format!("visitor-{number}")).unwrap()
}

pub(crate) async fn everything(rooms: &SqlRooms, room: WaitingRoomId) -> RoomChanges {
    rooms.changes(room, 0).await.unwrap().unwrap()
}

pub(crate) async fn record(rooms: &SqlRooms, room: WaitingRoomId) -> RoomRecord {
    everything(rooms, room).await.record
}

/// A tick of at most `count`, as a line without gaps says.
pub(crate) fn plan(record: &RoomRecord, kind: TickKind, count: u32) -> TickPlan {
    let progress = &record.progress;
    let to = (progress.serving + i64::from(count)).min(progress.ceiling);
    TickPlan {
        kind,
        epoch: progress.epoch,
        serving: progress.serving,
        count,
        to,
        present: to - progress.serving,
        last: progress.ceiling,
    }
}

/// The next scheduled tick.
pub(crate) async fn tick(rooms: &SqlRooms, room: WaitingRoomId) -> Tick {
    let record = record(rooms, room).await;
    rooms.tick(room, plan(&record, TickKind::Scheduled, record.room.admit.count)).await.unwrap()
}

/// Uses the pass of the visitor who has that number.
pub(crate) async fn claim(
    rooms: &SqlRooms,
    room: WaitingRoomId,
    number: QueueNumber,
) -> Result<Visit, StepError<ClaimRefusal>> {
    rooms.claim(room, &visitor(number), number).await
}

pub(crate) fn refused<T: std::fmt::Debug, R: std::fmt::Debug>(answer: Result<T, StepError<R>>) -> R {
    match answer {
        Err(StepError::Refused(refusal)) => refusal,
        other => panic!("{other:?} is no refusal"),
    }
}

/// Numbers at random, the same ones every time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: i64) -> i64 {
        // Marsaglia, "Xorshift RNGs", 2003
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }
}
