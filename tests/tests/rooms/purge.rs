//! What nobody will ask for again goes; what is left answers the same.

use chrono::TimeDelta;
use onsale_application::ports::{RoomChange, Rooms};
use onsale_domain::waiting_room::{ClaimRefusal, EndReason, Phase};
use onsale_sql::Statement;
use onsale_tests::sales::assert_sound;
use onsale_tests::store::Store;

use super::support::{EVERY, claim, draft, opened, record, refused, rooms, tick, visitor};

onsale_tests::contracts!(
    old_ticks_and_visits_go_and_their_passes_have_expired,
    a_little_at_a_time_is_enough,
    rooms_that_were_closed_long_ago_keep_no_visits,
);

async fn count(store: &Store, table: &str) -> i64 {
    let text = format!("SELECT COUNT(*) FROM {table}");
    store.database.fetch_optional(Statement::new(text)).await.unwrap().unwrap().get(0).unwrap()
}

async fn old_ticks_and_visits_go_and_their_passes_have_expired(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    tick(&rooms, room).await;
    for number in 1..=5 {
        claim(&rooms, room, number).await.unwrap();
    }
    rooms.end(room, &visitor(6), 6, EndReason::Left).await.unwrap();
    rooms.end(room, &visitor(60), 60, EndReason::Left).await.unwrap();
    rooms.pick(room, &[(visitor(9), 9), (visitor(70), 70)]).await.unwrap();
    store.clock.advance(TimeDelta::days(1));
    let kept = tick(&rooms, room).await;
    claim(&rooms, room, kept.from).await.unwrap();
    assert_eq!(rooms.purge(store.context.now(), 1_000).await.unwrap(), 0, "too early");
    store.clock.advance(TimeDelta::days(1) + EVERY);
    assert_eq!(rooms.purge(store.context.now(), 1_000).await.unwrap(), 8, "two ticks and six visits");
    assert_eq!((count(&store, "room_ticks").await, count(&store, "room_visits").await), (1, 3));
    for number in [1, 6, 7, 9, 70] {
        assert_eq!(refused(claim(&rooms, room, number).await), ClaimRefusal::Expired, "{number}");
        assert_eq!(rooms.end(room, &visitor(number), number, EndReason::Left).await.unwrap(), None, "{number}");
    }
    assert_eq!(refused(claim(&rooms, room, 60).await), ClaimRefusal::Ended(EndReason::Left));
    assert_eq!(refused(claim(&rooms, room, 21).await), ClaimRefusal::NotLetIn);
    assert_eq!(tick(&rooms, room).await.from, 21);
    assert_sound(&store).await;
}

async fn a_little_at_a_time_is_enough(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    for from in [1, 11, 21] {
        tick(&rooms, room).await;
        for number in from..from + 10 {
            claim(&rooms, room, number).await.unwrap();
        }
        store.clock.advance(EVERY);
    }
    store.clock.advance(TimeDelta::days(3));
    let mut calls = 0;
    loop {
        let before = count(&store, "room_visits").await + count(&store, "room_ticks").await;
        let purged = rooms.purge(store.context.now(), 4).await.unwrap();
        assert!(purged <= 8, "{purged}");
        assert_sound(&store).await;
        let after = count(&store, "room_visits").await + count(&store, "room_ticks").await;
        assert_eq!(before - after, i64::try_from(purged).unwrap());
        calls += 1;
        if after == 0 {
            break;
        }
        assert!(calls < 30, "{after} rows are left");
    }
    assert_eq!(record(&rooms, room).await.progress.alive, 0);
    assert_eq!(refused(claim(&rooms, room, 30).await), ClaimRefusal::Expired);
}

async fn rooms_that_were_closed_long_ago_keep_no_visits(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 100).await;
    rooms.end(room, &visitor(60), 60, EndReason::Left).await.unwrap();
    let close = RoomChange { phase: Some(Phase::Closed), ..RoomChange::default() };
    rooms.change(room, close, None).await.unwrap();
    store.clock.advance(TimeDelta::days(30));
    assert_eq!(rooms.purge(store.context.now(), 10).await.unwrap(), 0);
    store.clock.advance(TimeDelta::seconds(1));
    assert_eq!(rooms.purge(store.context.now(), 10).await.unwrap(), 1);
    assert_eq!(rooms.purge(store.context.now(), 10).await.unwrap(), 0);
    assert_sound(&store).await;
}
