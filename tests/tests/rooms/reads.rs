//! What replicas and owners read of rooms.

use chrono::TimeDelta;
use onsale_application::ports::{RoomChange, RoomHeadline, Rooms};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{EndReason, Phase, RoomOwner, WaitingRoom};
use onsale_tests::store::Store;

use super::support::{EVERY, PASS, claim, draft, everything, opened, rooms, tick, visitor};

onsale_tests::contracts!(
    changes_say_what_has_changed_since,
    from_the_beginning_there_is_everything_that_matters_and_no_more,
    whoever_was_picked_and_has_expired_is_known_until_its_turn_has_passed,
    rooms_are_listed_newest_first_by_owner,
    a_room_is_live_until_a_day_after_it_was_closed,
);

async fn changes_say_what_has_changed_since(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    tick(&rooms, room).await;
    let before = everything(&rooms, room).await.record.progress.change;
    let nothing = rooms.changes(room, before).await.unwrap().unwrap();
    assert!(nothing.ticks.is_empty() && nothing.visits.is_empty() && nothing.blocks.is_empty());
    let visit = claim(&rooms, room, 1).await.unwrap();
    let news = rooms.changes(room, before).await.unwrap().unwrap();
    assert_eq!(news.visits, [visit]);
    assert_eq!(news.ticks.iter().map(|tick| tick.claimed).collect::<Vec<_>>(), [1]);
    claim(&rooms, room, 2).await.unwrap();
    let later = rooms.changes(room, news.record.progress.change).await.unwrap().unwrap();
    assert_eq!(later.visits.iter().map(|visit| visit.number).collect::<Vec<_>>(), [2]);
    let unknown: WaitingRoomId = store.context.new_id();
    assert_eq!(rooms.changes(unknown, 0).await.unwrap(), None);
}

async fn from_the_beginning_there_is_everything_that_matters_and_no_more(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    let numbers = async |rooms| -> (Vec<i64>, Vec<i64>) {
        let known = everything(rooms, room).await;
        (known.ticks.iter().map(|tick| tick.no).collect(), known.visits.iter().map(|visit| visit.number).collect())
    };
    rooms.end(room, &visitor(5), 5, EndReason::Left).await.unwrap();
    rooms.end(room, &visitor(50), 50, EndReason::Left).await.unwrap();
    store.clock.advance(EVERY);
    tick(&rooms, room).await;
    claim(&rooms, room, 1).await.unwrap();
    store.clock.advance(EVERY);
    tick(&rooms, room).await;
    claim(&rooms, room, 11).await.unwrap();
    rooms.end(room, &visitor(11), 11, EndReason::Paid).await.unwrap();
    assert_eq!(numbers(&rooms).await, (vec![1, 2], vec![1, 5, 11, 50]));
    store.clock.advance(PASS - EVERY);
    assert_eq!(numbers(&rooms).await, (vec![2], vec![11, 50]), "the first tick is over");
    store.clock.advance(EVERY);
    assert_eq!(numbers(&rooms).await, (vec![], vec![50]), "the second is over");
}

async fn whoever_was_picked_and_has_expired_is_known_until_its_turn_has_passed(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 20).await;
    rooms.pick(room, &[(visitor(12), 12), (visitor(15), 15)]).await.unwrap();
    claim(&rooms, room, 12).await.unwrap();
    let numbers =
        async || -> Vec<i64> { everything(&rooms, room).await.visits.iter().map(|visit| visit.number).collect() };
    store.clock.advance(PASS);
    tick(&rooms, room).await;
    assert_eq!(numbers().await, [12, 15], "ten are let in, and neither of them");
    store.clock.advance(EVERY);
    tick(&rooms, room).await;
    assert_eq!(numbers().await, [12, 15], "their numbers look as if they were let in now");
    store.clock.advance(PASS);
    assert_eq!(numbers().await, [0; 0], "the tick is over");
}

async fn rooms_are_listed_newest_first_by_owner(store: Store) {
    let rooms = rooms(&store);
    let tenant = RoomOwner::Tenant(store.context.new_id());
    let mut created = Vec::new();
    for index in 0..5 {
        let owner = if index % 2 == 0 { tenant } else { RoomOwner::Operators };
        let room = WaitingRoom { owner, ..draft(&store) };
        rooms.create(&room, None, None).await.unwrap();
        created.insert(0, room);
    }
    assert_eq!(rooms.list(None, None, 10).await.unwrap().items, created);
    let first = rooms.list(Some(tenant), None, 2).await.unwrap();
    let second = rooms.list(Some(tenant), first.next, 2).await.unwrap();
    let of_tenant: Vec<_> = first.items.into_iter().chain(second.items).collect();
    assert_eq!(of_tenant, created.iter().step_by(2).cloned().collect::<Vec<_>>());
    assert_eq!(second.next, None);
    assert_eq!(rooms.list(Some(RoomOwner::Operators), None, 10).await.unwrap().items.len(), 2);
}

async fn a_room_is_live_until_a_day_after_it_was_closed(store: Store) {
    let rooms = rooms(&store);
    let (open, closed) = (opened(&store, draft(&store), 0).await, opened(&store, draft(&store), 0).await);
    let close = RoomChange { phase: Some(Phase::Closed), ..RoomChange::default() };
    let change = everything(&rooms, closed).await.record.progress.change;
    rooms.change(closed, close, None).await.unwrap();
    let mut live = rooms.live().await.unwrap();
    live.sort_unstable();
    let headline = |room, change| RoomHeadline { room, change, guards: false };
    assert_eq!(live, [headline(open, change), headline(closed, change + 1)]);
    store.clock.advance(TimeDelta::days(1));
    assert_eq!(rooms.live().await.unwrap(), [headline(open, change)]);
}
