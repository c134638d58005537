//! What a process knows of its waiting rooms.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{
    Bus, BusMessage, PlacesError, QueueClaims, RoomChanges, RoomRecord, StepError, Unavailable,
};
use onsale_application::waiting_room::{
    BoardSettings, KeepTicking, LeaveLine, Lines, OpenDraws, PlaceState, ReadStatus, RoomBoard, StatusError,
};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{EndReason, Healing, Phase, Progress, Tick, TickKind, TickRefusal, Visit, VisitorId};
use parking_lot::Mutex;
use tokio::time::{Instant, advance, timeout};
use uuid::Uuid;

use crate::doubles::{
    BusDouble, CONCERT, DrawsDouble, PlacesDouble, QueueSealsDouble, ROOM, RoomsDouble, TestClock, context,
    out_of_order, waiting_room,
};

struct World {
    clock: Arc<TestClock>,
    rooms: Arc<RoomsDouble>,
    bus: Arc<BusDouble>,
    board: Arc<RoomBoard>,
}

impl World {
    fn new(settings: BoardSettings) -> Self {
        let clock = TestClock::new();
        let (rooms, bus) = (Arc::new(RoomsDouble::default()), Arc::new(BusDouble::default()));
        let board = Arc::new(RoomBoard::new(rooms.clone(), bus.clone(), context(&clock), settings));
        Self { clock, rooms, bus, board }
    }

    /// There is a room, and it is as `with` makes it.
    fn room(&self, with: impl FnOnce(&mut RoomRecord)) {
        let now = context(&self.clock).now();
        let room = waiting_room(Phase::Paused, now);
        let mut record = RoomRecord { room, progress: Progress::new(now), draw: None };
        with(&mut record);
        let changes = RoomChanges { record, ticks: Vec::new(), visits: Vec::new(), blocks: Vec::new() };
        *self.rooms.room.lock() = Some(changes);
    }

    fn status(&self) -> ReadStatus {
        let (board, rooms, seals) = (self.board.clone(), self.rooms.clone(), Arc::new(QueueSealsDouble::default()));
        ReadStatus::new(board, rooms, Arc::new(DrawsDouble::default()), seals, context(&self.clock))
    }

    fn lines(&self, places: PlacesDouble) -> Arc<Lines> {
        let (rooms, board) = (self.rooms.clone(), self.board.clone());
        Arc::new(Lines::new(rooms, Arc::new(places), board, context(&self.clock)))
    }

    fn ticking(&self, places: PlacesDouble) -> Arc<KeepTicking> {
        let (board, lines, rooms) = (self.board.clone(), self.lines(places), self.rooms.clone());
        let draws = Arc::new(OpenDraws::new(Arc::new(DrawsDouble::default()), lines.clone(), board.clone()));
        Arc::new(KeepTicking::new(board, lines, rooms, draws, context(&self.clock)))
    }
}

#[tokio::test]
async fn a_room_that_is_made_while_the_board_looks_stays() {
    let world = World::new(BoardSettings::default());
    world.rooms.listed.close();
    let board = world.board.clone();
    let look = tokio::spawn(async move { board.look().await });
    world.rooms.listed.wait_for(1).await; // the list was read
    world.room(|_| {});
    world.board.room(ROOM).await.unwrap().expect("it was made");
    world.rooms.listed.open();
    look.await.unwrap().unwrap();
    assert!(world.board.known(ROOM).is_some());
    *world.rooms.room.lock() = None;
    world.board.look().await.unwrap();
    assert!(world.board.known(ROOM).is_none(), "nobody has it any more");
}

#[tokio::test]
async fn a_room_in_front_of_a_concert_is_known_however_many_there_are() {
    let world = World::new(BoardSettings { rooms: 0, ..BoardSettings::default() });
    world.room(|_| {});
    world.board.look().await.unwrap();
    let guarding = world.board.guarding(CONCERT).unwrap();
    assert_eq!(guarding.map(|room| room.id()), Some(ROOM));
    let world = World::new(BoardSettings { rooms: 0, ..BoardSettings::default() });
    world.room(|record| record.room.concert = None);
    world.board.look().await.unwrap();
    assert!(world.board.known(ROOM).is_none());
    assert!(world.board.room(ROOM).await.unwrap().is_some(), "it is read when somebody asks for it");
}

#[tokio::test]
async fn an_older_copy_of_a_room_that_closes_takes_the_guard_of_its_concert_from_no_later_one() {
    let world = World::new(BoardSettings::default());
    let later = WaitingRoomId(Uuid::from_u128(9));
    let at_change = |change, phase| {
        world.room(|record| {
            record.progress.change = change;
            record.room.phase = phase;
        });
    };
    at_change(1, Phase::Open);
    world.board.look().await.unwrap();
    let first = world.board.known(ROOM).unwrap();
    world.room(|record| record.room.id = later);
    world.board.room(later).await.unwrap();
    at_change(2, Phase::Open); // read before it was closed, and heard of after the other was made
    world.board.refresh(&first).await.unwrap();
    at_change(3, Phase::Closed);
    world.board.refresh(&first).await.unwrap();
    assert_eq!(world.board.guarding(CONCERT).unwrap().map(|room| room.id()), Some(later));
}

#[tokio::test]
async fn a_room_that_is_live_no_more_guards_nothing() {
    let world = World::new(BoardSettings::default());
    world.room(|_| {});
    world.board.look().await.unwrap();
    *world.rooms.room.lock() = None;
    world.board.look().await.unwrap();
    assert!(world.board.guarding(CONCERT).unwrap().is_none());
}

#[tokio::test]
async fn an_empty_room_asks_its_store_for_no_tick() {
    let world = World::new(BoardSettings::default());
    world.room(|record| record.progress.alive = 1);
    world.board.look().await.unwrap();
    let room = world.board.known(ROOM).unwrap();
    let tick = async |kind, waiting| {
        world.ticking(PlacesDouble { waiting, ..PlacesDouble::default() }).tick(&room, kind, 1).await
    };
    let asked = Err(StepError::Unavailable(out_of_order()));
    assert_eq!(tick(TickKind::Scheduled, 0).await, asked, "somebody is inside, and may have left");
    world.room(|record| record.progress.change += 1);
    world.board.refresh(&room).await.unwrap();
    assert_eq!(tick(TickKind::Scheduled, 0).await, Err(StepError::Refused(TickRefusal::NobodyWaits)));
    assert_eq!(tick(TickKind::Scheduled, 1).await, asked);
    assert_eq!(tick(TickKind::ByHand, 0).await, asked);
}

#[tokio::test]
async fn whoever_was_let_in_is_told_of_though_the_room_cannot_be_read_then() {
    let world = World::new(BoardSettings::default());
    world.room(|_| {});
    world.board.look().await.unwrap();
    let room = world.board.known(ROOM).unwrap();
    let ticking = world.ticking(PlacesDouble { waiting: 10, ..PlacesDouble::default() });
    let tick = ten_let_in(context(&world.clock).now());
    *world.rooms.tick.lock() = Some(tick.clone());
    world.rooms.unreadable.store(true, Ordering::Relaxed);
    assert_eq!(ticking.tick(&room, TickKind::ByHand, 10).await, Ok(tick));
}

#[tokio::test(start_paused = true)]
async fn announcements_do_not_put_off_the_look_into_the_store() {
    let world = World::new(BoardSettings::default());
    let board = world.board.clone();
    let following = tokio::spawn(async move { board.follow().await });
    for generation in 0..30 {
        world.bus.publish(BusMessage::Catalogue { generation });
        world.bus.settle().await;
        advance(Duration::from_millis(100)).await;
    }
    assert!(world.rooms.listed.arrived() >= 6, "once in half a second, for three");
    following.abort();
}

#[tokio::test(start_paused = true)]
async fn the_schedule_of_a_room_is_kept_in_the_copy_that_the_board_has_now() {
    let world = World::new(BoardSettings::default());
    let ticking = world.ticking(PlacesDouble { waiting: 5, ..PlacesDouble::default() });
    let read = async || {
        world.room(|_| {});
        world.board.look().await.unwrap();
        world.board.known(ROOM).unwrap()
    };
    let first = read().await;
    let keeping = tokio::spawn(ticking.run());
    first.news().changed().await.unwrap(); // its line was looked at
    *world.rooms.room.lock() = None;
    world.board.look().await.unwrap();
    let second = read().await;
    let mut news = second.news();
    let seen = async {
        while second.waiting() != 5 {
            news.changed().await.unwrap();
        }
    };
    timeout(Duration::from_mins(1), seen).await.expect("its line is looked at, too");
    keeping.abort();
}

#[tokio::test(start_paused = true)]
async fn a_line_that_another_replica_makes_is_waited_for_while_its_server_is_away() {
    let world = World::new(BoardSettings::default());
    world.room(|_| {});
    world.board.look().await.unwrap();
    let room = world.board.known(ROOM).unwrap();
    let until = context(&world.clock).now() + TimeDelta::seconds(60);
    world.room(|record| {
        record.progress.epoch = 1;
        record.progress.change = 2;
        record.progress.healing = Some(Healing { until, resumed_at: 9 });
    });
    world.board.look().await.unwrap(); // another replica has begun the epoch this very moment
    let away = PlacesError::Unavailable(Unavailable::because("away"));
    let failures = [away.clone(), PlacesError::Lost].into();
    let lines = world.lines(PlacesDouble { waiting: 5, failures: Mutex::new(failures) });
    assert_eq!(lines.look(&room).await, Err(away));
    lines.look(&room).await.expect("nobody begins another epoch meanwhile: that is out of order here");
    assert_eq!(room.waiting(), 5);
}

/// A tick that let in the first ten.
fn ten_let_in(now: DateTime<Utc>) -> Tick {
    Tick {
        no: 1,
        kind: TickKind::Scheduled,
        from: 1,
        to: 10,
        at: now,
        claim_until: now + TimeDelta::seconds(60),
        expires_at: now + TimeDelta::seconds(600),
        present: 10,
        claimed: 0,
        ended: 0,
        ended_unclaimed: 0,
        settled: false,
        expired: false,
    }
}

#[tokio::test]
async fn whoever_left_before_its_turn_is_not_let_in_when_it_comes() {
    let world = World::new(BoardSettings::default());
    let now = context(&world.clock).now();
    let visitor = VisitorId::new("min").unwrap();
    world.room(|record| record.progress.serving = 10);
    let tick = ten_let_in(now);
    let left = Visit {
        number: 5,
        visitor: visitor.clone(),
        tick: 0,
        let_in_at: now,
        claimed_at: None,
        expires_at: now,
        ended: Some((now, EndReason::Left)),
    };
    world.rooms.room.lock().iter_mut().for_each(|room| {
        room.ticks.push(tick.clone());
        room.visits.push(left.clone());
    });
    let room = world.board.room(ROOM).await.unwrap().unwrap();
    world.clock.set(10_000); // what cannot matter any more is forgotten
    world.lines(PlacesDouble::default()).look(&room).await.unwrap();
    let claims = QueueClaims { room: ROOM, visitor, number: 5, expires_at: tick.expires_at };
    assert_eq!(world.status().glance(&room, &claims).unwrap().state, PlaceState::Left);
}

#[tokio::test]
async fn whoever_leaves_while_the_draw_is_made_gives_the_number_up_or_tries_again() {
    let world = World::new(BoardSettings::default());
    world.room(|record| record.room.phase = Phase::Drawing);
    let leave = async |phase, number| {
        let draws = Arc::new(DrawsDouble { phase: Some(phase), number });
        let (board, rooms, lines) = (world.board.clone(), world.rooms.clone(), world.lines(PlacesDouble::default()));
        let expires_at = context(&world.clock).now() + TimeDelta::days(7);
        let claims = QueueClaims { room: ROOM, visitor: VisitorId::new("min").unwrap(), number: 0, expires_at };
        LeaveLine::new(board, lines, rooms, draws, context(&world.clock)).execute(&claims).await
    };
    assert_eq!(leave(Phase::Gathering, None).await, Ok(()));
    assert_eq!(leave(Phase::Drawing, None).await, Err(StatusError::Busy), "there is no number yet");
    assert_eq!(leave(Phase::Open, None).await, Ok(()), "it was not in the draw");
    assert_eq!(*world.rooms.ends.lock(), []);
    assert_eq!(leave(Phase::Drawing, Some(3)).await, Ok(()));
    assert_eq!(*world.rooms.ends.lock(), [(3, EndReason::Left)]);
}

#[tokio::test(start_paused = true)]
async fn without_the_store_an_open_room_is_shown_as_paused_and_no_answer_takes_long() {
    let world = World::new(BoardSettings::default());
    let now = context(&world.clock).now();
    world.room(|record| {
        record.room.phase = Phase::Open;
        record.progress.serving = 10;
    });
    world.rooms.room.lock().iter_mut().for_each(|room| room.ticks.push(ten_let_in(now)));
    world.board.look().await.unwrap();
    let room = world.board.known(ROOM).unwrap();
    world.rooms.used.close(); // the store has fallen silent
    world.clock.set(2_000);
    let place = |number| {
        let visitor = VisitorId::new(&format!("visitor-{number}")).unwrap();
        QueueClaims { room: ROOM, visitor, number, expires_at: now + TimeDelta::days(7) }
    };
    let status = world.status();
    assert_eq!(status.execute(&place(11)).await.unwrap().phase, Phase::Open, "not yet");
    world.clock.set(2_001);
    let waiting = status.execute(&place(11)).await.unwrap();
    assert_eq!(
        (waiting.state, waiting.phase, waiting.estimated_wait_seconds),
        (PlaceState::Waiting, Phase::Paused, None)
    );
    assert_eq!(status.glance(&room, &place(11)).unwrap().phase, Phase::Paused, "followers hear of it");
    let asked_at = Instant::now();
    assert!(matches!(status.execute(&place(1)).await, Err(StatusError::Unavailable(_))), "it would use the pass");
    assert!(asked_at.elapsed() < Duration::from_secs(2));
    world.board.look().await.unwrap();
    assert_eq!((room.shown_phase(context(&world.clock).now()), room.phase()), (Phase::Open, Phase::Open));
}
