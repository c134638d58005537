//! Rooms are added and changed, and the operators' journal says so.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{
    BusMessage, CatalogueEditor, OperatorAction, OperatorActionKind, RoomChange, RoomEditError, Rooms, Tenants,
};
use onsale_domain::ids::AccountId;
use onsale_domain::tenant::Tenant;
use onsale_domain::waiting_room::{Admit, Phase, RoomError, RoomOwner, TENANT_ROOMS_LIMIT, WaitingRoom};
use onsale_sql::{SqlCatalogue, SqlTenants};
use onsale_tests::samples::concert;
use onsale_tests::store::Store;

use super::support::{draft, record, replicas, rooms};

onsale_tests::contracts!(
    a_room_is_read_as_it_was_written_and_changed,
    the_journal_has_every_change_of_an_operator_and_no_secret,
    a_concert_has_one_room_that_is_not_closed,
    a_tenant_has_so_many_live_rooms_and_no_more,
    a_closed_room_stays_closed,
    what_is_not_valid_is_refused,
);

async fn journal(store: &Store) -> Vec<OperatorAction> {
    let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone());
    catalogue.operator_actions(None, 100).await.unwrap().items
}

async fn a_room_is_read_as_it_was_written_and_changed(store: Store) {
    let rooms = rooms(&store);
    let owner = RoomOwner::Tenant(store.context.new_id());
    let room = WaitingRoom { owner, name: " Queue ".to_owned(), ..draft(&store) };
    rooms.create(&room, None, None).await.unwrap();
    assert_eq!(store.bus.heard(), [BusMessage::Room { room: room.id, change: 1 }]);
    let written = record(&rooms, room.id).await;
    assert_eq!(written.room, WaitingRoom { name: "Queue".to_owned(), ..room.clone() });
    assert_eq!((written.draw, written.progress.change), (None, 1));
    let change = RoomChange {
        name: Some("Line".to_owned()),
        admit: Some(Admit { count: 7, every_ms: 500 }),
        capacity: Some(8),
        max_waiting: Some(9),
        pass_seconds: Some(30),
        claim_seconds: Some(20),
        redirect_url: Some(None),
        message: Some(Some("잠시만요".to_owned())),
        phase: Some(Phase::Paused),
    };
    let changed = rooms.change(room.id, change, None).await.unwrap();
    assert_eq!((changed.admit.count, changed.phase, changed.message.as_deref()), (7, Phase::Paused, Some("잠시만요")));
    assert_eq!(record(&rooms, room.id).await.room, changed);
    assert_eq!(store.bus.heard(), [BusMessage::Room { room: room.id, change: 2 }]);
    assert_eq!(rooms.change(room.id, RoomChange::default(), None).await.unwrap(), changed);
    assert_eq!(store.bus.heard(), [], "nothing has changed");
    assert!(journal(&store).await.is_empty(), "nobody of the operators did anything");
}

async fn the_journal_has_every_change_of_an_operator_and_no_secret(store: Store) {
    let rooms = rooms(&store);
    let operator: AccountId = store.context.new_id();
    let room = WaitingRoom { phase: Phase::Gathering, ..draft(&store) };
    rooms.create(&room, Some([0xab; 32]), Some(operator)).await.unwrap();
    let close = RoomChange { phase: Some(Phase::Closed), ..RoomChange::default() };
    rooms.change(room.id, close.clone(), Some(operator)).await.unwrap();
    rooms.change(room.id, close, Some(operator)).await.unwrap();
    let lines = journal(&store).await;
    let [changed, created] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((created.kind.as_str(), created.subject), (OperatorActionKind::WaitingRoomCreated.as_str(), room.id.0));
    assert_eq!((changed.kind.as_str(), changed.operator), ("waiting_room_changed", Some(operator)));
    let read = |json: &str| serde_json::from_str::<WaitingRoom>(json).unwrap();
    assert_eq!((read(&created.after), read(changed.before.as_ref().unwrap())), (room.clone(), room));
    assert_eq!(read(&changed.after).phase, Phase::Closed);
    for line in &lines {
        // As a list of numbers or in hex, and never as part of an id.
        let seed = ["171,171,171", "abababab", "seed"];
        assert!(seed.iter().all(|part| !line.after.to_lowercase().contains(part)), "{}", line.after);
    }
}

async fn a_concert_has_one_room_that_is_not_closed(store: Store) {
    let replicas = replicas(&store, 5).await;
    let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone());
    let concert = concert(&store.context, "Spring");
    let guard = |store: &Store| WaitingRoom { concert: Some(concert.id), ..draft(store) };
    let unknown = replicas[0].create(&guard(&store), None, None).await;
    assert_eq!(unknown, Err(RoomEditError::UnknownConcert));
    catalogue.add_concert(concert.clone(), None).await.unwrap();
    assert_eq!(replicas[0].guarding(concert.id).await.unwrap(), None);
    let creating = replicas.iter().map(|replica| {
        let (replica, room) = (replica.clone(), guard(&store));
        tokio::spawn(async move { replica.create(&room, None, None).await.map(|()| room.id) })
    });
    let created: Vec<_> = join_all(creating).await.into_iter().map(Result::unwrap).collect();
    let first: Vec<_> = created.iter().flatten().copied().collect();
    assert_eq!(first.len(), 1, "{created:?}");
    assert_eq!(created.iter().filter(|answer| **answer == Err(RoomEditError::ConcertGuarded)).count(), 4);
    assert_eq!(replicas[1].guarding(concert.id).await.unwrap(), Some(first[0]));
    let close = RoomChange { phase: Some(Phase::Closed), ..RoomChange::default() };
    replicas[1].change(first[0], close, None).await.unwrap();
    assert_eq!(replicas[0].guarding(concert.id).await.unwrap(), None);
    let next = guard(&store);
    replicas[2].create(&next, None, None).await.unwrap();
    assert!(replicas[0].live().await.unwrap().iter().any(|room| room.room == next.id && room.guards));
}

async fn a_tenant_has_so_many_live_rooms_and_no_more(store: Store) {
    let replicas = replicas(&store, 3).await;
    let tenants = SqlTenants::new(store.database.clone(), store.context.clone());
    let tenant = Tenant { id: store.context.new_id(), name: "Arena".to_owned(), created_at: store.context.now() };
    tenants.add(&tenant, store.context.new_id()).await.unwrap();
    let draft = || WaitingRoom { owner: RoomOwner::Tenant(tenant.id), ..draft(&store) };
    let first = draft();
    replicas[0].create(&first, None, None).await.unwrap();
    for _ in 1..TENANT_ROOMS_LIMIT - 1 {
        replicas[0].create(&draft(), None, None).await.unwrap();
    }
    let creating = replicas.iter().map(|replica| {
        let (replica, room) = (replica.clone(), draft());
        tokio::spawn(async move { replica.create(&room, None, None).await })
    });
    let created: Vec<_> = join_all(creating).await.into_iter().map(Result::unwrap).collect();
    let refused = Err(RoomEditError::TooMany { limit: TENANT_ROOMS_LIMIT });
    assert_eq!(created.iter().filter(|answer| answer.is_ok()).count(), 1, "{created:?}");
    assert_eq!(created.iter().filter(|answer| **answer == refused).count(), 2, "{created:?}");
    let close = RoomChange { phase: Some(Phase::Closed), ..RoomChange::default() };
    replicas[1].change(first.id, close, None).await.unwrap();
    assert_eq!(replicas[0].create(&draft(), None, None).await, refused, "it is shown for a day");
    let other = WaitingRoom { owner: RoomOwner::Tenant(store.context.new_id()), ..draft() };
    replicas[0].create(&other, None, None).await.unwrap();
    store.clock.advance(TimeDelta::days(1));
    replicas[0].create(&draft(), None, None).await.unwrap();
}

async fn a_closed_room_stays_closed(store: Store) {
    let rooms = rooms(&store);
    let room = draft(&store);
    rooms.create(&room, None, None).await.unwrap();
    let to = |phase| RoomChange { phase: Some(phase), ..RoomChange::default() };
    rooms.change(room.id, to(Phase::Closed), None).await.unwrap();
    assert_eq!(rooms.change(room.id, to(Phase::Open), None).await, Err(RoomEditError::Closed));
    let rename = RoomChange { name: Some("Again".to_owned()), ..RoomChange::default() };
    assert_eq!(rooms.change(room.id, rename, None).await, Err(RoomEditError::Closed));
    assert_eq!(rooms.change(room.id, to(Phase::Closed), None).await.unwrap().phase, Phase::Closed);
    let unknown = rooms.change(store.context.new_id(), to(Phase::Closed), None).await;
    assert_eq!(unknown, Err(RoomEditError::UnknownRoom));
}

async fn what_is_not_valid_is_refused(store: Store) {
    let rooms = rooms(&store);
    let room = draft(&store);
    let nameless = WaitingRoom { name: " ".to_owned(), ..room.clone() };
    assert!(matches!(rooms.create(&nameless, None, None).await, Err(RoomEditError::Invalid(RoomError::Text(_)))));
    rooms.create(&room, None, None).await.unwrap();
    rooms.create(&room, None, None).await.unwrap(); // the same again, as after a lost answer
    let change = RoomChange { claim_seconds: Some(601), ..RoomChange::default() };
    let refused = rooms.change(room.id, change, None).await;
    assert_eq!(refused, Err(RoomEditError::Invalid(RoomError::ClaimOutlastsPass)));
    assert_eq!(record(&rooms, room.id).await.room, room);
}
