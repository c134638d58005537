//! Chosen visitors: let in beside the schedule and out of turn.

use chrono::TimeDelta;
use onsale_application::ports::{RoomChange, Rooms};
use onsale_domain::waiting_room::{
    ClaimRefusal, EndReason, Phase, PickRefusal, QueueNumber, TickKind, VisitorId, WaitingRoom,
};
use onsale_tests::sales::assert_sound;
use onsale_tests::store::Store;

use super::support::{CLAIM, EVERY, claim, draft, everything, opened, record, refused, rooms, tick, visitor};

onsale_tests::contracts!(
    chosen_visitors_come_in_out_of_turn,
    who_does_not_wait_is_passed_over,
    as_many_come_in_as_there_is_room_for,
    one_who_was_chosen_and_does_not_come_is_counted_out_and_may_come_in_turn_with_another_number,
    nobody_is_chosen_before_the_room_opens,
);

fn chosen(numbers: &[QueueNumber]) -> Vec<(VisitorId, QueueNumber)> {
    numbers.iter().map(|number| (visitor(*number), *number)).collect()
}

async fn chosen_visitors_come_in_out_of_turn(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    tick(&rooms, room).await;
    let visits = rooms.pick(room, &chosen(&[70, 50])).await.unwrap();
    assert_eq!(
        visits.iter().map(|visit| (visit.number, visit.tick, visit.claimed_at)).collect::<Vec<_>>(),
        [(70, 2, None), (50, 2, None)]
    );
    let known = everything(&rooms, room).await;
    assert_eq!(known.record.progress.serving, 10);
    assert_eq!(known.record.progress.alive, 12);
    let pick = &known.ticks[1];
    assert_eq!((pick.kind, pick.from, pick.to, pick.present), (TickKind::Picked, 0, 0, 2));
    let visit = claim(&rooms, room, 70).await.unwrap();
    assert_eq!((visit.tick, visit.let_in_at), (2, pick.at));
    assert_eq!(visit.pass(room), visits[0].pass(room));
    rooms.end(room, &visitor(50), 50, EndReason::Left).await.unwrap().unwrap();
    assert_eq!(record(&rooms, room).await.progress.alive, 11);
    for _ in 0..7 {
        store.clock.advance(EVERY);
        tick(&rooms, room).await;
    }
    assert_eq!(claim(&rooms, room, 70).await.unwrap(), visit, "the schedule passes over who is inside");
    assert_sound(&store).await;
}

async fn who_does_not_wait_is_passed_over(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    tick(&rooms, room).await;
    claim(&rooms, room, 1).await.unwrap();
    rooms.end(room, &visitor(20), 20, EndReason::Left).await.unwrap();
    rooms.block(room, &visitor(21), true).await.unwrap();
    rooms.pick(room, &chosen(&[22])).await.unwrap();
    let mut wanted = chosen(&[2, 20, 21, 22, 23, 23]);
    wanted.push((visitor(1), 24)); // inside with another number
    wanted.push((visitor(25), 25));
    let visits = rooms.pick(room, &wanted).await.unwrap();
    assert_eq!(visits.iter().map(|visit| visit.number).collect::<Vec<_>>(), [23, 25]);
    let before = record(&rooms, room).await.progress;
    assert_eq!(rooms.pick(room, &wanted).await.unwrap(), []);
    assert_eq!(record(&rooms, room).await.progress, before, "nobody chosen, nothing changed");
    assert_sound(&store).await;
}

async fn as_many_come_in_as_there_is_room_for(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, WaitingRoom { capacity: 12, ..draft(&store) }, 100).await;
    tick(&rooms, room).await;
    let visits = rooms.pick(room, &chosen(&[40, 30, 20])).await.unwrap();
    assert_eq!(visits.iter().map(|visit| visit.number).collect::<Vec<_>>(), [40, 30], "in the order given");
    assert_eq!(rooms.pick(room, &chosen(&[20])).await.unwrap(), []);
    assert_eq!(record(&rooms, room).await.progress.alive, 12);
    assert_sound(&store).await;
}

async fn one_who_was_chosen_and_does_not_come_is_counted_out_and_may_come_in_turn_with_another_number(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    let who = visitor(9);
    rooms.pick(room, &[(who.clone(), 9)]).await.unwrap();
    assert!(rooms.alive_visit(room, &who).await.unwrap().is_some());
    store.clock.advance(CLAIM);
    assert_eq!(refused(rooms.claim(room, &who, 9).await), ClaimRefusal::Expired);
    assert_eq!(rooms.alive_visit(room, &who).await.unwrap(), None);
    assert_eq!(record(&rooms, room).await.progress.alive, 0);
    tick(&rooms, room).await;
    rooms.claim(room, &who, 10).await.unwrap();
    assert_eq!(refused(rooms.claim(room, &who, 9).await), ClaimRefusal::Expired);
    store.clock.advance(TimeDelta::seconds(1));
    assert_eq!(rooms.alive_visit(room, &who).await.unwrap().unwrap().number, 10);
    assert_sound(&store).await;
}

async fn nobody_is_chosen_before_the_room_opens(store: Store) {
    let rooms = rooms(&store);
    let early = WaitingRoom { phase: Phase::Gathering, ..draft(&store) };
    let early = opened(&store, early, 0).await;
    assert_eq!(refused(rooms.pick(early, &chosen(&[1])).await), PickRefusal::NotOpen);
    let room = opened(&store, draft(&store), 10).await;
    let close = RoomChange { phase: Some(Phase::Closed), ..RoomChange::default() };
    rooms.change(room, close, None).await.unwrap();
    assert_eq!(refused(rooms.pick(room, &chosen(&[1])).await), PickRefusal::NotOpen);
    assert_eq!(refused(rooms.pick(room, &[]).await), PickRefusal::NotOpen);
}
