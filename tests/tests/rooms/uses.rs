//! Passes: used once, in time, by whoever was let in; ended once.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::Rooms;
use onsale_domain::waiting_room::{ClaimRefusal, EndReason, TickKind, TickPlan, WaitingRoom};
use onsale_tests::sales::assert_sound;
use onsale_tests::store::Store;

use super::support::{
    CLAIM, EVERY, PASS, claim, draft, everything, opened, plan, record, refused, replica, replicas, rooms, tick,
    visitor,
};

onsale_tests::contracts!(
    a_pass_is_used_once_and_found_again,
    a_pass_is_used_in_time_or_not_at_all,
    a_visitor_is_inside_once,
    a_visit_ends_once_and_makes_room,
    a_place_that_was_given_up_is_let_in_by_nobody,
    who_was_forgotten_comes_in_while_there_is_room,
    a_visitor_who_is_shut_out_is_not_let_in_and_one_who_is_inside_is_sent_out,
    thousands_of_claims_at_once_are_each_answered,
);

async fn a_pass_is_used_once_and_found_again(store: Store) {
    let replicas = replicas(&store, 2).await;
    let room = opened(&store, draft(&store), 100).await;
    assert_eq!(refused(claim(&replicas[0], room, 1).await), ClaimRefusal::NotLetIn);
    let let_in = tick(&replicas[0], room).await;
    store.clock.advance(TimeDelta::seconds(5));
    let visit = claim(&replicas[0], room, 3).await.unwrap();
    assert_eq!((visit.tick, visit.let_in_at, visit.expires_at), (1, let_in.at, let_in.expires_at));
    assert_eq!(visit.claimed_at, Some(store.context.now()));
    store.clock.advance(CLAIM);
    assert_eq!(claim(&replicas[1], room, 3).await.unwrap(), visit, "long after the time to claim it");
    assert_eq!(replicas[1].visit_of_pass(room, visit.pass(room)).await.unwrap().as_ref(), Some(&visit));
    assert_eq!(replicas[1].alive_visit(room, &visitor(3)).await.unwrap().as_ref(), Some(&visit));
    assert_eq!(everything(&replicas[1], room).await.visits, [visit]);
    assert_eq!(refused(replicas[0].claim(room, &visitor(4), 3).await), ClaimRefusal::Expired, "another's number");
    store.clock.advance(PASS);
    assert_eq!(refused(claim(&replicas[0], room, 3).await), ClaimRefusal::Expired);
    assert_eq!(replicas[0].alive_visit(room, &visitor(3)).await.unwrap(), None);
    assert_sound(&store).await;
}

async fn a_pass_is_used_in_time_or_not_at_all(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    tick(&rooms, room).await;
    store.clock.advance(CLAIM - TimeDelta::microseconds(1));
    claim(&rooms, room, 1).await.unwrap();
    store.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(refused(claim(&rooms, room, 2).await), ClaimRefusal::Expired);
    let progress = record(&rooms, room).await.progress;
    assert_eq!(progress.alive, 1, "counted out although the claim was refused");
    assert_eq!(refused(claim(&rooms, room, 11).await), ClaimRefusal::NotLetIn);
    assert_sound(&store).await;
}

async fn a_visitor_is_inside_once(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    tick(&rooms, room).await;
    let who = visitor(1);
    rooms.claim(room, &who, 1).await.unwrap();
    assert_eq!(refused(rooms.claim(room, &who, 2).await), ClaimRefusal::Superseded);
    rooms.end(room, &who, 1, EndReason::Left).await.unwrap();
    assert_eq!(refused(rooms.claim(room, &who, 1).await), ClaimRefusal::Ended(EndReason::Left));
    rooms.claim(room, &who, 2).await.unwrap();
    assert_eq!(rooms.alive_visit(room, &who).await.unwrap().unwrap().number, 2);
    assert_sound(&store).await;
}

async fn a_visit_ends_once_and_makes_room(store: Store) {
    let replicas = replicas(&store, 3).await;
    let room = opened(&store, WaitingRoom { capacity: 10, ..draft(&store) }, 100).await;
    tick(&replicas[0], room).await;
    claim(&replicas[0], room, 1).await.unwrap();
    let ends = replicas.iter().map(|replica| {
        let replica = replica.clone();
        tokio::spawn(async move { replica.end(room, &visitor(1), 1, EndReason::Paid).await.unwrap() })
    });
    let ended: Vec<_> = join_all(ends).await.into_iter().filter_map(Result::unwrap).collect();
    let [visit] = &ended[..] else { panic!("{ended:?}") };
    assert_eq!(visit.ended, Some((store.context.now(), EndReason::Paid)));
    assert_eq!(replicas[0].visit_of_pass(room, visit.pass(room)).await.unwrap().as_ref(), Some(visit));
    assert_eq!(replicas[0].end(room, &visitor(2), 1, EndReason::Left).await.unwrap(), None, "another's number");
    let unused = replicas[0].end(room, &visitor(2), 2, EndReason::Left).await.unwrap().unwrap();
    assert_eq!((unused.claimed_at, unused.tick), (None, 1));
    assert_eq!(record(&replicas[0], room).await.progress.alive, 8);
    assert_eq!(refused(claim(&replicas[0], room, 2).await), ClaimRefusal::Ended(EndReason::Left));
    assert_sound(&store).await;
}

async fn a_place_that_was_given_up_is_let_in_by_nobody(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    let gone = rooms.end(room, &visitor(5), 5, EndReason::Left).await.unwrap().unwrap();
    assert_eq!((gone.tick, gone.claimed_at, gone.let_in_at), (0, None, store.context.now()));
    store.clock.advance(EVERY);
    tick(&rooms, room).await;
    assert_eq!(refused(claim(&rooms, room, 5).await), ClaimRefusal::Ended(EndReason::Left));
    assert_eq!(everything(&replica(&store).await, room).await.visits, [gone], "whoever starts now knows it too");
    assert_sound(&store).await;
}

/// A line that was lost forgets who stood in it; those who come back find the room that is left.
async fn who_was_forgotten_comes_in_while_there_is_room(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, WaitingRoom { capacity: 3, ..draft(&store) }, 100).await;
    let before = record(&rooms, room).await;
    let seen = TickPlan { to: 10, present: 2, ..plan(&before, TickKind::Scheduled, 10) };
    rooms.tick(room, seen).await.unwrap();
    for number in 1..=3 {
        claim(&rooms, room, number).await.unwrap();
    }
    assert_eq!(refused(claim(&rooms, room, 4).await), ClaimRefusal::Full);
    rooms.end(room, &visitor(2), 2, EndReason::Finished).await.unwrap();
    claim(&rooms, room, 4).await.unwrap();
    assert_eq!(record(&rooms, room).await.progress.alive, 3);
    assert_sound(&store).await;
}

async fn a_visitor_who_is_shut_out_is_not_let_in_and_one_who_is_inside_is_sent_out(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    tick(&rooms, room).await;
    claim(&rooms, room, 1).await.unwrap();
    let before = record(&rooms, room).await.progress.change;
    for number in [1, 2] {
        rooms.block(room, &visitor(number), true).await.unwrap();
        rooms.block(room, &visitor(number), true).await.unwrap();
        assert_eq!(refused(claim(&rooms, room, number).await), ClaimRefusal::Blocked);
    }
    let news = rooms.changes(room, before).await.unwrap().unwrap();
    assert_eq!(news.blocks, [(visitor(1), true), (visitor(2), true)]);
    assert_eq!(news.record.progress.change, before + 2, "again changes nothing");
    assert_eq!(news.record.progress.alive, 9, "who was inside is not any more");
    let sent_out: Vec<_> = news.visits.iter().map(|visit| (visit.number, visit.ended.unwrap().1)).collect();
    assert_eq!(sent_out, [(1, EndReason::Blocked)]);
    for number in [1, 2] {
        rooms.block(room, &visitor(number), false).await.unwrap();
    }
    assert_eq!(refused(claim(&rooms, room, 1).await), ClaimRefusal::Ended(EndReason::Blocked));
    claim(&rooms, room, 2).await.unwrap();
    assert_eq!(everything(&rooms, room).await.blocks, []);
    let since = rooms.changes(room, news.record.progress.change).await.unwrap().unwrap();
    assert_eq!(since.blocks, [(visitor(1), false), (visitor(2), false)]);
    rooms.block(room, &visitor(99), false).await.unwrap();
    assert_sound(&store).await;
}

/// A tick's worth on two replicas, some of them twice, with endings in between.
async fn thousands_of_claims_at_once_are_each_answered(store: Store) {
    const NUMBERS: i64 = 6_000;
    let replicas = replicas(&store, 2).await;
    let mut large = draft(&store);
    (large.admit.count, large.capacity) = (6_000, 10_000);
    let room = opened(&store, large, NUMBERS).await;
    tick(&replicas[0], room).await;
    let begun = std::time::Instant::now();
    let mut calls = Vec::new();
    for number in 1..=NUMBERS {
        let replica = replicas[usize::try_from(number).unwrap() % 2].clone();
        calls.push(tokio::spawn(async move {
            let who = visitor(number);
            let visit = replica.claim(room, &who, number).await.unwrap();
            if number % 3 == 0 {
                assert_eq!(replica.claim(room, &who, number).await.unwrap(), visit);
                replica.end(room, &who, number, EndReason::Left).await.unwrap().unwrap();
            }
        }));
    }
    for call in join_all(calls).await {
        call.unwrap();
    }
    println!("{NUMBERS} claims, a third of them twice and ended, took {:?}", begun.elapsed());
    let record = record(&replicas[0], room).await;
    assert_eq!(record.progress.alive, NUMBERS * 2 / 3);
    assert_sound(&store).await;
}
