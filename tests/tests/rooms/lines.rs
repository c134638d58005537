//! Ceilings and epochs: what keeps numbers unique when a line is lost.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{BusMessage, CeilingError, Draws, EpochStart, RoomChange, Rooms};
use onsale_domain::waiting_room::{Healing, Phase, WaitingRoom};
use onsale_tests::store::Store;

use super::support::{draft, opened, record, replicas, rooms};

onsale_tests::contracts!(
    of_those_who_begin_an_epoch_at_once_one_wins,
    a_ceiling_only_rises,
    a_line_of_an_earlier_epoch_hands_out_no_more_numbers,
    a_line_that_never_handed_out_a_number_needs_no_healing,
    a_room_without_numbers_has_no_line_to_begin,
);

async fn of_those_who_begin_an_epoch_at_once_one_wins(store: Store) {
    let replicas = replicas(&store, 5).await;
    let room = opened(&store, draft(&store), 4_096).await;
    let until = store.context.now() + TimeDelta::seconds(60);
    for seen in 0..5 {
        let starts = replicas.iter().map(|replica| {
            let replica = replica.clone();
            tokio::spawn(async move { replica.begin_epoch(room, seen, until).await.unwrap() })
        });
        let starts: Vec<_> = join_all(starts).await.into_iter().map(Result::unwrap).collect();
        let won = EpochStart::Won { epoch: seen + 1, resumed_at: 4_096 };
        assert_eq!(starts.iter().filter(|start| **start == won).count(), 1, "{starts:?}");
        let taken = EpochStart::Taken { epoch: seen + 1 };
        assert_eq!(starts.iter().filter(|start| **start == taken).count(), 4, "{starts:?}");
    }
    let progress = record(&replicas[1], room).await.progress;
    assert_eq!((progress.epoch, progress.healing), (5, Some(Healing { until, resumed_at: 4_096 })));
}

async fn a_ceiling_only_rises(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 0).await;
    assert_eq!(rooms.raise_ceiling(room, 0, 100).await, Ok(100));
    let change = record(&rooms, room).await.progress.change;
    assert_eq!(store.bus.heard(), [BusMessage::Room { room, change }]);
    assert_eq!(rooms.raise_ceiling(room, 0, 50).await, Ok(100));
    assert_eq!(store.bus.heard(), [], "nothing has changed");
    assert_eq!(record(&rooms, room).await.progress.ceiling, 100);
    let unknown = rooms.raise_ceiling(store.context.new_id(), 0, 1).await;
    assert!(matches!(unknown, Err(CeilingError::Unavailable(_))), "{unknown:?}");
}

async fn a_line_of_an_earlier_epoch_hands_out_no_more_numbers(store: Store) {
    let replicas = replicas(&store, 2).await;
    let room = opened(&store, draft(&store), 100).await;
    replicas[0].begin_epoch(room, 0, store.context.now()).await.unwrap();
    assert_eq!(replicas[1].raise_ceiling(room, 0, 200).await, Err(CeilingError::Moved));
    assert_eq!(replicas[1].raise_ceiling(room, 1, 200).await, Ok(200));
}

async fn a_line_that_never_handed_out_a_number_needs_no_healing(store: Store) {
    let rooms = rooms(&store);
    let room = opened(&store, draft(&store), 0).await;
    let start = rooms.begin_epoch(room, 0, store.context.now() + TimeDelta::seconds(60)).await.unwrap();
    assert_eq!(start, EpochStart::Won { epoch: 1, resumed_at: 0 });
    assert_eq!(record(&rooms, room).await.progress.healing, None);
}

async fn a_room_without_numbers_has_no_line_to_begin(store: Store) {
    let rooms = rooms(&store);
    let opens_at = Some(store.context.now());
    let room = WaitingRoom { phase: Phase::Gathering, opens_at, ..draft(&store) };
    rooms.create(&room, Some([7; 32]), None).await.unwrap();
    let begin = async || rooms.begin_epoch(room.id, 0, store.context.now()).await.unwrap();
    assert_eq!(begin().await, EpochStart::NoLine);
    rooms.close(room.id).await.unwrap();
    assert_eq!(begin().await, EpochStart::NoLine, "it is being drawn");
    rooms.open(room.id, [0; 32], 0).await.unwrap();
    assert_eq!(begin().await, EpochStart::Won { epoch: 1, resumed_at: 0 });
    let close = RoomChange { phase: Some(Phase::Closed), ..RoomChange::default() };
    rooms.change(room.id, close, None).await.unwrap();
    assert_eq!(rooms.begin_epoch(room.id, 1, store.context.now()).await, Ok(EpochStart::NoLine), "it is over");
}
