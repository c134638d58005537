//! A connection that breaks at the `COMMIT`: what happened, happened once.

use chrono::TimeDelta;
use onsale_application::ports::{BusMessage, Draws, EpochStart, Rooms};
use onsale_domain::waiting_room::{EndReason, Phase, TickKind, WaitingRoom};
use onsale_sql::{Database, DatabaseSettings, SqlRooms};
use onsale_tests::sales::assert_sound;
use onsale_tests::store::Store;

use super::support::{COUNT, EVERY, claim, draft, opened, plan, record, rooms, rooms_on, tick, visitor};
use onsale_tests::proxy::{Cut, Proxy};

/// Rooms, reached directly and through a wire that breaks.
async fn wired() -> (Store, Proxy, SqlRooms, SqlRooms) {
    let store = Store::mysql().await;
    let proxy = Proxy::to(&store.settings.url).await;
    let database = Database::connect(&DatabaseSettings::new(proxy.url())).await.unwrap();
    let (direct, through_proxy) = (rooms(&store), rooms_on(&store, database));
    (store, proxy, direct, through_proxy)
}

#[tokio::test]
async fn using_and_ending_a_pass_answers_what_happened() {
    let (store, proxy, direct, wired) = wired().await;
    let room = opened(&store, draft(&store), 100).await;
    tick(&direct, room).await;
    for (cut, number) in [(Cut::BeforeCommit, 1), (Cut::AfterCommit, 2)] {
        store.bus.heard();
        proxy.arm(cut);
        let visit = claim(&wired, room, number).await.unwrap();
        assert!(proxy.has_cut());
        let change = record(&direct, room).await.progress.change;
        assert_eq!(store.bus.heard(), [BusMessage::Room { room, change }], "{cut:?}");
        assert_eq!(claim(&direct, room, number).await.unwrap(), visit);

        proxy.arm(cut);
        let ended = wired.end(room, &visitor(number), number, EndReason::Left).await.unwrap();
        assert!(proxy.has_cut());
        assert_eq!(ended.unwrap().ended, Some((store.context.now(), EndReason::Left)));
    }
    assert_eq!(record(&direct, room).await.progress.alive, 8);
    assert_sound(&store).await;
}

#[tokio::test]
async fn a_tick_lets_in_once() {
    let (store, proxy, direct, wired) = wired().await;
    let room = opened(&store, draft(&store), 100).await;
    for (cut, serving) in [(Cut::BeforeCommit, 10), (Cut::AfterCommit, 20)] {
        proxy.arm(cut);
        let answer = wired.tick(room, plan(&record(&direct, room).await, TickKind::Scheduled, COUNT)).await;
        assert!(proxy.has_cut());
        assert_eq!(answer.is_ok(), cut == Cut::BeforeCommit, "{answer:?}");
        let progress = record(&direct, room).await.progress;
        assert_eq!((progress.serving, progress.alive), (serving, serving));
        store.clock.advance(EVERY);
    }
    assert_sound(&store).await;
}

#[tokio::test]
async fn other_steps_are_done_once() {
    let (store, proxy, direct, wired) = wired().await;
    for cut in [Cut::BeforeCommit, Cut::AfterCommit] {
        let room = WaitingRoom { phase: Phase::Gathering, ..draft(&store) };
        proxy.arm(cut);
        wired.create(&room, Some([1; 32]), Some(store.context.new_id())).await.unwrap();
        assert!(proxy.has_cut());
        let room = room.id;

        proxy.arm(cut);
        wired.join(room, &visitor(1), [1; 32], 1).await.unwrap();
        assert!(proxy.has_cut());
        assert_eq!(direct.entrants(room).await.unwrap().len(), 1);

        proxy.arm(cut);
        wired.close(room).await.unwrap();
        wired.number(room, &[(visitor(1), 1)]).await.unwrap();
        assert!(wired.open(room, [1; 32], 1).await.unwrap());

        proxy.arm(cut);
        assert_eq!(wired.raise_ceiling(room, 0, 100).await, Ok(100));
        assert!(proxy.has_cut());

        proxy.arm(cut);
        let start = wired.begin_epoch(room, 0, store.context.now() + TimeDelta::seconds(60)).await.unwrap();
        let won = EpochStart::Won { epoch: 1, resumed_at: 100 };
        assert_eq!(start, if cut == Cut::BeforeCommit { won } else { EpochStart::Taken { epoch: 1 } });
        assert_eq!(record(&direct, room).await.progress.epoch, 1);
    }
    assert_sound(&store).await;
}
