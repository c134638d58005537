//! N every M seconds, never more in any M seconds, however many replicas keep the schedule.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use onsale_application::ports::{BusMessage, RoomChange, Rooms, StepError};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{Phase, Tick, TickKind, TickPlan, TickRefusal, WaitingRoom};
use onsale_sql::SqlRooms;
use onsale_tests::sales::assert_sound;
use onsale_tests::store::Store;

use super::support::{
    CLAIM, COUNT, EVERY, PASS, Random, claim, draft, everything, opened, plan, record, refused, replicas, rooms, tick,
};

onsale_tests::contracts!(
    of_five_replicas_that_tick_at_once_one_lets_in_exactly_the_next_ones,
    no_period_lets_in_more_than_the_rate,
    a_tick_is_committed_announced_and_read_by_everybody,
    who_does_not_come_in_time_is_replaced,
    nobody_comes_into_a_full_room,
    a_paused_room_lets_in_by_hand_only,
    a_plan_of_a_line_that_has_moved_is_refused,
    a_line_that_heals_passes_nobody_over,
);

async fn tick_at_once(replicas: &[SqlRooms], room: WaitingRoomId) -> Vec<Result<Tick, StepError<TickRefusal>>> {
    let before = record(&replicas[0], room).await;
    let plan = plan(&before, TickKind::Scheduled, COUNT);
    let ticks = replicas.iter().map(|replica| {
        let replica = replica.clone();
        tokio::spawn(async move { replica.tick(room, plan).await })
    });
    join_all(ticks).await.into_iter().map(Result::unwrap).collect()
}

async fn of_five_replicas_that_tick_at_once_one_lets_in_exactly_the_next_ones(store: Store) {
    let replicas = replicas(&store, 5).await;
    let room = opened(&store, draft(&store), 100).await;
    for round in 0..10 {
        let answers = tick_at_once(&replicas, room).await;
        let let_in: Vec<_> = answers.iter().flatten().map(|tick| (tick.from, tick.to)).collect();
        assert_eq!(let_in, [(10 * round + 1, 10 * round + 10)], "round {round}");
        for answer in answers.into_iter().filter(Result::is_err) {
            assert_eq!(refused(answer), TickRefusal::Moved);
        }
        store.clock.advance(EVERY);
    }
    let progress = record(&replicas[4], room).await.progress;
    assert_eq!((progress.serving, progress.tick), (100, 10));
    assert_sound(&store).await;
}

/// The clock moves at random, so that some ticks come late, and the rate changes now and then.
async fn no_period_lets_in_more_than_the_rate(store: Store) {
    let replicas = replicas(&store, 5).await;
    let room = WaitingRoom { capacity: 1_000_000, ..draft(&store) };
    let room = opened(&store, room, 1_000_000).await;
    let mut random = Random(7);
    let mut ticks: Vec<(DateTime<Utc>, i64)> = Vec::new();
    for _ in 0..60 {
        let answers = tick_at_once(&replicas, room).await;
        ticks.extend(answers.iter().flatten().map(|tick| (tick.at, tick.present)));
        store.clock.advance(TimeDelta::milliseconds(random.below(9_000)));
    }
    assert!(ticks.len() > 15, "{ticks:?}");
    for (from, _) in &ticks {
        let within = ticks.iter().filter(|(at, _)| from <= at && *at < *from + EVERY).map(|(_, present)| present);
        assert!(within.sum::<i64>() <= COUNT.into(), "{ticks:?}");
    }
    assert_sound(&store).await;
}

async fn a_tick_is_committed_announced_and_read_by_everybody(store: Store) {
    let replicas = replicas(&store, 2).await;
    let room = opened(&store, draft(&store), 25).await;
    let before = record(&replicas[0], room).await.progress;
    let let_in = tick(&replicas[0], room).await;
    let now = store.context.now();
    assert_eq!((let_in.at, let_in.claim_until, let_in.expires_at), (now, now + CLAIM, now + PASS));
    assert_eq!(store.bus.heard(), [BusMessage::Room { room, change: before.change + 1 }]);
    let news = replicas[1].changes(room, before.change).await.unwrap().unwrap();
    assert_eq!(news.ticks, [let_in]);
    let progress = &news.record.progress;
    assert_eq!((progress.serving, progress.alive, progress.tick), (10, 10, 1));
    assert_eq!(progress.next_tick_at, now + EVERY);
    let early = replicas[1].tick(room, plan(&news.record, TickKind::Scheduled, COUNT)).await;
    assert_eq!(refused(early), TickRefusal::NotDue { at: now + EVERY });
    store.clock.advance(EVERY * 3);
    tick(&replicas[1], room).await;
    let third = replicas[1].tick(room, plan(&record(&replicas[1], room).await, TickKind::Scheduled, COUNT)).await;
    assert_eq!(refused(third), TickRefusal::NotDue { at: now + EVERY * 4 }, "a late tick moves the schedule");
    store.clock.advance(EVERY);
    assert_eq!(tick(&replicas[0], room).await.present, 5, "no more than there are");
    store.clock.advance(EVERY);
    let nobody = replicas[0].tick(room, plan(&record(&replicas[0], room).await, TickKind::Scheduled, COUNT)).await;
    assert_eq!(refused(nobody), TickRefusal::NobodyWaits);
    assert_sound(&store).await;
}

async fn who_does_not_come_in_time_is_replaced(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, WaitingRoom { capacity: 10, ..draft(&store) }, 100).await;
    tick(&rooms, room).await;
    for number in 1..=4 {
        claim(&rooms, room, number).await.unwrap();
    }
    store.clock.advance(CLAIM - TimeDelta::microseconds(1));
    let full = rooms.tick(room, plan(&record(&rooms, room).await, TickKind::Scheduled, COUNT)).await;
    assert_eq!(refused(full), TickRefusal::Full);
    store.clock.advance(TimeDelta::microseconds(1));
    let too_many = rooms.tick(room, plan(&record(&rooms, room).await, TickKind::Scheduled, COUNT)).await;
    assert_eq!(refused(too_many), TickRefusal::TooMany { count: 6 });
    assert_eq!(record(&rooms, room).await.progress.alive, 4, "counted out although nobody was let in");
    let next = rooms.tick(room, plan(&record(&rooms, room).await, TickKind::Scheduled, 6)).await.unwrap();
    assert_eq!((next.from, next.to), (11, 16));
    store.clock.advance(PASS - CLAIM);
    let both_gone = rooms.tick(room, plan(&record(&rooms, room).await, TickKind::Scheduled, COUNT)).await.unwrap();
    assert_eq!(both_gone.present, 10, "passes have expired");
    assert_sound(&store).await;
}

async fn nobody_comes_into_a_full_room(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, WaitingRoom { capacity: 15, ..draft(&store) }, 100).await;
    tick(&rooms, room).await;
    store.clock.advance(EVERY);
    let ten = rooms.tick(room, plan(&record(&rooms, room).await, TickKind::Scheduled, COUNT)).await;
    assert_eq!(refused(ten), TickRefusal::TooMany { count: 5 });
    rooms.tick(room, plan(&record(&rooms, room).await, TickKind::Scheduled, 5)).await.unwrap();
    store.clock.advance(EVERY);
    let more = rooms.tick(room, plan(&record(&rooms, room).await, TickKind::ByHand, 1)).await;
    assert_eq!(refused(more), TickRefusal::Full, "nor by hand");
    let smaller = RoomChange { capacity: Some(5), ..RoomChange::default() };
    rooms.change(room, smaller, None).await.unwrap();
    assert_eq!(record(&rooms, room).await.progress.alive, 15, "nobody is sent out");
    assert_sound(&store).await;
}

async fn a_paused_room_lets_in_by_hand_only(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    let to = |phase| RoomChange { phase: Some(phase), ..RoomChange::default() };
    rooms.change(room, to(Phase::Paused), None).await.unwrap();
    let scheduled = rooms.tick(room, plan(&record(&rooms, room).await, TickKind::Scheduled, COUNT)).await;
    assert_eq!(refused(scheduled), TickRefusal::NotOpen);
    let by_hand = rooms.tick(room, plan(&record(&rooms, room).await, TickKind::ByHand, 3)).await.unwrap();
    assert_eq!((by_hand.from, by_hand.to, by_hand.kind), (1, 3, TickKind::ByHand));
    rooms.change(room, to(Phase::Open), None).await.unwrap();
    assert_eq!(tick(&rooms, room).await.from, 4, "what comes in by hand does not move the schedule");
    rooms.change(room, to(Phase::Closed), None).await.unwrap();
    let closed = rooms.tick(room, plan(&record(&rooms, room).await, TickKind::ByHand, 3)).await;
    assert_eq!(refused(closed), TickRefusal::NotOpen);
    assert_sound(&store).await;
}

async fn a_plan_of_a_line_that_has_moved_is_refused(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    let good = plan(&record(&rooms, room).await, TickKind::Scheduled, COUNT);
    for moved in [TickPlan { epoch: 1, ..good }, TickPlan { serving: 1, ..good }, TickPlan { last: 101, ..good }] {
        assert_eq!(refused(rooms.tick(room, moved).await), TickRefusal::Moved, "{moved:?}");
    }
    assert_eq!(everything(&rooms, room).await.ticks, []);
    rooms.tick(room, good).await.unwrap();
    let unknown = rooms.tick(store.context.new_id(), good).await;
    assert!(matches!(unknown, Err(StepError::Unavailable(_))), "{unknown:?}");
}

async fn a_line_that_heals_passes_nobody_over(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 25).await;
    rooms.begin_epoch(room, 0, store.context.now() + TimeDelta::seconds(60)).await.unwrap();
    let lost = TickPlan { to: 0, present: 0, ..plan(&record(&rooms, room).await, TickKind::Scheduled, COUNT) };
    let advanced = rooms.tick(room, lost).await.unwrap();
    assert_eq!((advanced.from, advanced.to, advanced.present), (1, 10, 10), "the line is empty, the numbers count");
    store.clock.advance(TimeDelta::seconds(60));
    let healed = TickPlan { serving: 10, ..lost };
    assert_eq!(refused(rooms.tick(room, healed).await), TickRefusal::NobodyWaits);
    assert_sound(&store).await;
}
