//! Opening draws: one list, one order, one opening.

use futures_util::future::join_all;
use onsale_application::ports::{Draws, JoinRefusal, Rooms, StepError};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{Phase, QueueNumber, VisitorId, WaitingRoom};
use onsale_sql::SqlRooms;
use onsale_tests::sales::assert_sound;
use onsale_tests::store::Store;

use super::support::{draft, record, refused, replicas, rooms, tick, visitor};

onsale_tests::contracts!(
    a_draw_is_opened_by_exactly_one_replica,
    as_many_join_as_may_wait_and_each_once,
    who_withdraws_is_not_drawn_and_makes_room,
    nobody_joins_once_the_list_is_closed,
    a_draw_opens_with_all_of_its_numbers_or_not_at_all,
    drawn_numbers_are_read_in_pages,
    a_long_list_is_read_whole,
);

/// A room that opens with a draw.
async fn gathering(store: &Store) -> WaitingRoomId {
    let room = WaitingRoom { phase: Phase::Gathering, opens_at: Some(store.context.now()), ..draft(store) };
    rooms(store).create(&room, Some([7; 32]), None).await.unwrap();
    room.id
}

fn pseudonym(number: QueueNumber) -> [u8; 32] {
    let mut pseudonym = [1; 32];
    pseudonym[..8].copy_from_slice(&number.to_be_bytes());
    pseudonym
}

async fn join(rooms: &SqlRooms, room: WaitingRoomId, number: QueueNumber) -> Result<(), StepError<JoinRefusal>> {
    rooms.join(room, &visitor(number), pseudonym(number), 100_000).await
}

/// Everybody joins, and draws the number in the opposite order.
async fn drawn(rooms: &SqlRooms, room: WaitingRoomId, count: QueueNumber) -> Vec<(VisitorId, QueueNumber)> {
    let joins = (1..=count).map(|number| join(rooms, room, number));
    for joined in join_all(joins).await {
        joined.unwrap();
    }
    rooms.close(room).await.unwrap();
    (1..=count).map(|number| (visitor(number), count + 1 - number)).collect()
}

async fn a_draw_is_opened_by_exactly_one_replica(store: Store) {
    let replicas = replicas(&store, 5).await;
    let room = gathering(&store).await;
    let numbers = drawn(&replicas[0], room, 500).await;
    let opening = replicas.iter().map(|replica| {
        let (replica, numbers) = (replica.clone(), numbers.clone());
        tokio::spawn(async move {
            replica.close(room).await.unwrap();
            replica.number(room, &numbers).await.unwrap();
            replica.open(room, [9; 32], 500).await.unwrap()
        })
    });
    let opened: Vec<bool> = join_all(opening).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(opened.iter().filter(|opened| **opened).count(), 1, "{opened:?}");
    let record = record(&replicas[1], room).await;
    assert_eq!((record.room.phase, record.progress.ceiling), (Phase::Open, 500));
    let draw = record.draw.unwrap();
    assert_eq!((draw.seed, draw.entrants), ([7; 32], Some([9; 32])));
    assert!(!format!("{draw:?}").contains("seed"), "the seed is in no log");
    assert_eq!(replicas[2].number_of(room, &visitor(1)).await.unwrap(), Some(500));
    assert_eq!(replicas[2].number_of(room, &visitor(501)).await.unwrap(), None);
    assert_eq!(tick(&replicas[3], room).await.to, 10);
    replicas[4].number(room, &[(visitor(1), 1)]).await.unwrap();
    assert_eq!(replicas[2].number_of(room, &visitor(1)).await.unwrap(), Some(500), "an open room's numbers stay");
    assert_sound(&store).await;
}

async fn as_many_join_as_may_wait_and_each_once(store: Store) {
    let replicas = replicas(&store, 2).await;
    let room = gathering(&store).await;
    let joins = (0..900).map(|call| {
        let (replica, number) = (replicas[call % 2].clone(), QueueNumber::try_from(call / 3).unwrap());
        tokio::spawn(async move { replica.join(room, &visitor(number), pseudonym(number), 200).await })
    });
    let answers: Vec<_> = join_all(joins).await.into_iter().map(Result::unwrap).collect();
    let full = answers.iter().filter(|answer| **answer == Err(StepError::Refused(JoinRefusal::Full))).count();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count() + full, 900);
    let mut entrants = replicas[0].entrants(room).await.unwrap();
    assert_eq!(entrants.len(), 200);
    let (who, name) = entrants.pop().unwrap();
    assert_eq!(replicas[1].join(room, &who, [0; 32], 200).await, Ok(()), "joining again changes nothing");
    assert!(replicas[1].entrants(room).await.unwrap().contains(&(who, name)));
}

async fn who_withdraws_is_not_drawn_and_makes_room(store: Store) {
    let rooms = rooms(&store);
    let room = gathering(&store).await;
    for number in 1..=3 {
        rooms.join(room, &visitor(number), pseudonym(number), 3).await.unwrap();
    }
    assert_eq!(refused(rooms.join(room, &visitor(4), pseudonym(4), 3).await), JoinRefusal::Full);
    for _ in 0..2 {
        assert_eq!(rooms.withdraw(room, &visitor(2)).await, Ok(Phase::Gathering));
    }
    rooms.join(room, &visitor(4), pseudonym(4), 3).await.unwrap();
    assert_eq!(refused(rooms.join(room, &visitor(2), pseudonym(2), 3).await), JoinRefusal::Full);
    rooms.close(room).await.unwrap();
    assert_eq!(rooms.withdraw(room, &visitor(1)).await, Ok(Phase::Drawing));
    let mut names: Vec<_> = rooms.entrants(room).await.unwrap().into_iter().map(|(who, _)| who).collect();
    names.sort_unstable();
    assert_eq!(names, [visitor(1), visitor(3), visitor(4)], "afterwards withdrawing changes nothing");
}

async fn nobody_joins_once_the_list_is_closed(store: Store) {
    let rooms = rooms(&store);
    let room = gathering(&store).await;
    join(&rooms, room, 1).await.unwrap();
    rooms.close(room).await.unwrap();
    assert_eq!(record(&rooms, room).await.room.phase, Phase::Drawing);
    assert_eq!(refused(join(&rooms, room, 2).await), JoinRefusal::Closed);
    assert_eq!(join(&rooms, room, 1).await, Ok(()), "whoever is on the list is told so");
    rooms.number(room, &[(visitor(1), 1)]).await.unwrap();
    assert!(rooms.open(room, [0; 32], 1).await.unwrap());
    assert_eq!(refused(join(&rooms, room, 1).await), JoinRefusal::Closed, "there is a number instead");
    rooms.close(room).await.unwrap();
    assert_eq!(record(&rooms, room).await.room.phase, Phase::Open);
}

async fn a_draw_opens_with_all_of_its_numbers_or_not_at_all(store: Store) {
    let rooms = rooms(&store);
    let room = gathering(&store).await;
    assert!(rooms.number(room, &[(visitor(1), 1)]).await.is_err(), "the list is not closed");
    let numbers = drawn(&rooms, room, 10).await;
    assert!(rooms.open(room, [0; 32], 10).await.is_err());
    rooms.number(room, &numbers[1..]).await.unwrap();
    assert!(rooms.open(room, [0; 32], 10).await.is_err());
    assert!(rooms.open(room, [0; 32], 9).await.is_err());
    rooms.number(room, &numbers).await.unwrap();
    assert!(rooms.open(room, [0; 32], 10).await.unwrap());
    let empty = gathering(&store).await;
    rooms.close(empty).await.unwrap();
    assert!(rooms.open(empty, [0; 32], 0).await.unwrap(), "nobody came");
}

async fn drawn_numbers_are_read_in_pages(store: Store) {
    let rooms = rooms(&store);
    let room = gathering(&store).await;
    let numbers = drawn(&rooms, room, 5).await;
    rooms.number(room, &numbers).await.unwrap();
    let first = rooms.drawn(room, 0, 3).await.unwrap();
    assert_eq!(first.items, [(1, pseudonym(5)), (2, pseudonym(4)), (3, pseudonym(3))]);
    let second = rooms.drawn(room, first.next.unwrap(), 3).await.unwrap();
    assert_eq!((second.items, second.next), (vec![(4, pseudonym(2)), (5, pseudonym(1))], None));
}

async fn a_long_list_is_read_whole(store: Store) {
    let rooms = rooms(&store);
    let room = gathering(&store).await;
    let joins = (0..12_000).map(|number| join(&rooms, room, number));
    for joined in join_all(joins).await {
        joined.unwrap();
    }
    let entrants = rooms.entrants(room).await.unwrap();
    let distinct: std::collections::HashSet<_> = entrants.iter().map(|(who, _)| who).collect();
    assert_eq!((entrants.len(), distinct.len()), (12_000, 12_000));
}
