//! A room of the operators and one of a tenant, with one of everything that can have happened in them.

use chrono::TimeDelta;
use onsale_application::ports::{CatalogueEditor, RoomChange, Rooms, Tenants};
use onsale_domain::ids::ConcertId;
use onsale_domain::tenant::{ApiKey, Tenant};
use onsale_domain::waiting_room::{
    Admit, EndReason, Phase, QueueNumber, RoomOwner, TickKind, TickPlan, VisitorId, WaitingRoom,
};
use onsale_sql::{SqlCatalogue, SqlRooms, SqlTenants};
use onsale_support::lanes::LaneLimits;
use onsale_tests::samples::concert;
use onsale_tests::store::Store;

use super::good_data::id;

/// Guards the concert, and has two ticks of ten numbers each.
pub(crate) const ROOM: u128 = 0x81;
/// Guarded the concert before, and is closed.
const CLOSED: u128 = 0x82;
const OF_TENANT: u128 = 0x83;
const TENANT: u128 = 0x91;
const KEY: u128 = 0x92;

/// Its tables.
pub(crate) const TABLES: [&str; 6] =
    ["tenants", "api_keys", "waiting_rooms", "room_ticks", "room_visits", "room_blocks"];

fn visitor(number: QueueNumber) -> VisitorId {
    VisitorId::new(&format!("visitor-{number}")).unwrap()
}

fn room(store: &Store, number: u128, owner: RoomOwner, concert: Option<ConcertId>) -> WaitingRoom {
    WaitingRoom {
        id: id(number).into(),
        owner,
        concert,
        name: "Line".to_owned(),
        admit: Admit { count: 10, every_ms: 1_000 },
        capacity: 100,
        max_waiting: 1_000,
        pass_seconds: 600,
        claim_seconds: 60,
        redirect_url: None,
        opens_at: None,
        message: None,
        phase: Phase::Open,
        created_at: store.context.now(),
    }
}

/// Visitors who are inside, have left, have paid, came late, were picked or shut out.
pub(crate) async fn write(store: &Store) {
    let rooms = SqlRooms::new(store.database.clone(), store.context.clone(), store.bus.clone(), LaneLimits::default());
    let concert = guarded(store).await;
    rooms.create(&room(store, CLOSED, RoomOwner::Operators, Some(concert)), None, None).await.unwrap();
    let close = RoomChange { phase: Some(Phase::Closed), ..RoomChange::default() };
    rooms.change(id(CLOSED).into(), close, None).await.unwrap();
    rooms.create(&room(store, ROOM, RoomOwner::Operators, Some(concert)), None, None).await.unwrap();
    rooms.create(&room(store, OF_TENANT, RoomOwner::Tenant(id(TENANT).into()), None), None, None).await.unwrap();
    tenant(store).await;
    visits(store, &rooms).await;
}

async fn guarded(store: &Store) -> ConcertId {
    let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone());
    let concert = concert(&store.context, "A guarded night");
    catalogue.add_concert(concert.clone(), None).await.unwrap();
    concert.id
}

async fn tenant(store: &Store) {
    let tenants = SqlTenants::new(store.database.clone(), store.context.clone());
    let (now, operator) = (store.context.now(), store.context.new_id());
    let tenant = Tenant { id: id(TENANT).into(), name: "Arena".to_owned(), created_at: now };
    tenants.add(&tenant, operator).await.unwrap();
    let key = ApiKey { id: id(KEY).into(), tenant: tenant.id, name: "Shop".to_owned(), created_at: now };
    tenants.add_key(&key, [1; 32], operator).await.unwrap();
}

async fn visits(store: &Store, rooms: &SqlRooms) {
    let room = id(ROOM).into();
    rooms.raise_ceiling(room, 0, 100).await.unwrap();
    rooms.end(room, &visitor(15), 15, EndReason::Left).await.unwrap();
    for serving in [0, 10] {
        let (to, present) = (serving + 10, 10);
        let plan = TickPlan { kind: TickKind::Scheduled, epoch: 0, serving, count: 10, to, present, last: 100 };
        rooms.tick(room, plan).await.unwrap();
        store.clock.advance(TimeDelta::seconds(1));
    }
    for number in [1, 2, 3, 11] {
        rooms.claim(room, &visitor(number), number).await.unwrap();
    }
    rooms.end(room, &visitor(3), 3, EndReason::Paid).await.unwrap();
    rooms.end(room, &visitor(4), 4, EndReason::Left).await.unwrap();
    rooms.pick(room, &[(visitor(50), 50), (visitor(60), 60)]).await.unwrap();
    rooms.claim(room, &visitor(50), 50).await.unwrap();
    rooms.block(room, &visitor(11), true).await.unwrap();
}
