//! Everything at once on two replicas, at random: nobody too many is inside.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::Rooms;
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{EndReason, QueueNumber, TickKind, TickPlan, VisitorId, WaitingRoom};
use onsale_sql::SqlRooms;
use onsale_tests::sales::assert_sound;
use onsale_tests::store::Store;

use super::support::{Random, draft, everything, opened, plan, record, replicas, singly, visitor};

onsale_tests::contracts!(a_storm_never_lets_in_too_many, a_storm_without_groups_never_lets_in_too_many);

const CAPACITY: u32 = 40;
const NUMBERS: QueueNumber = 600;
const ROUNDS: usize = 60;

/// Something that somebody does.
#[derive(Clone, Debug)]
enum Deed {
    Tick(TickPlan),
    Claim(QueueNumber),
    End(QueueNumber),
    Pick(Vec<(VisitorId, QueueNumber)>),
    Block(QueueNumber, bool),
}

/// Every visitor has two numbers, so that some come twice.
fn owner(number: QueueNumber) -> VisitorId {
    visitor(number % (NUMBERS / 2))
}

async fn a_storm_never_lets_in_too_many(store: Store) {
    storm(&store, &replicas(&store, 2).await).await;
}

async fn a_storm_without_groups_never_lets_in_too_many(store: Store) {
    storm(&store, &singly(&store).await).await;
}

async fn storm(store: &Store, replicas: &[SqlRooms]) {
    let room = WaitingRoom { capacity: CAPACITY, pass_seconds: 90, claim_seconds: 20, ..draft(store) };
    let room = opened(store, room, NUMBERS).await;
    let mut random = Random(42);
    for round in 0..ROUNDS {
        let deeds = deeds(&replicas[0], room, &mut random).await;
        let done = deeds.into_iter().enumerate().map(|(number, deed)| {
            let replica = replicas[number % 2].clone();
            tokio::spawn(async move { perform(&replica, room, deed).await })
        });
        for done in join_all(done).await {
            done.unwrap();
        }
        check(store, &replicas[1], room).await;
        if round % 10 == 9 {
            assert_sound(store).await;
        }
        store.clock.advance(TimeDelta::milliseconds(random.below(12_000)));
    }
    let serving = record(&replicas[0], room).await.progress.serving;
    assert!(serving > i64::from(2 * CAPACITY), "only {serving} were let in");
}

async fn deeds(rooms: &SqlRooms, room: WaitingRoomId, random: &mut Random) -> Vec<Deed> {
    let record = record(rooms, room).await;
    let serving = record.progress.serving;
    let near = |random: &mut Random| (serving - 30 + random.below(60)).clamp(1, NUMBERS);
    let deed = |random: &mut Random| match random.below(20) {
        0 => Deed::Tick(plan(&record, TickKind::Scheduled, 10)),
        1 => Deed::Tick(plan(&record, TickKind::ByHand, u32::try_from(random.below(4) + 1).unwrap())),
        2 => Deed::Pick((0..3).map(|_| near(random)).map(|number| (owner(number), number)).collect()),
        3 => Deed::Block(near(random), random.below(3) == 0),
        4..=7 => Deed::End(near(random)),
        _ => Deed::Claim(near(random)),
    };
    let tick = [5, 10].map(|count| Deed::Tick(plan(&record, TickKind::Scheduled, count)));
    tick.into_iter().chain((0..40).map(|_| deed(random))).collect()
}

/// Refusals are answers too; anything else is not expected.
async fn perform(rooms: &SqlRooms, room: WaitingRoomId, deed: Deed) {
    use onsale_application::ports::StepError::Refused;
    match deed {
        Deed::Tick(plan) => assert!(matches!(rooms.tick(room, plan).await, Ok(_) | Err(Refused(_)))),
        Deed::Claim(number) => {
            assert!(matches!(rooms.claim(room, &owner(number), number).await, Ok(_) | Err(Refused(_))));
        }
        Deed::End(number) => {
            rooms.end(room, &owner(number), number, EndReason::Left).await.unwrap();
        }
        Deed::Pick(chosen) => {
            rooms.pick(room, &chosen).await.unwrap();
        }
        Deed::Block(number, blocked) => rooms.block(room, &owner(number), blocked).await.unwrap(),
    }
}

async fn check(store: &Store, rooms: &SqlRooms, room: WaitingRoomId) {
    let now = store.context.now();
    let known = everything(rooms, room).await;
    let alive = known.record.progress.alive;
    assert!((0..=i64::from(CAPACITY)).contains(&alive), "{alive} are inside");
    let inside = known.visits.iter().filter(|visit| visit.claimed_at.is_some() && visit.is_alive(now));
    let inside: Vec<_> = inside.map(|visit| &visit.visitor).collect();
    assert!(i64::try_from(inside.len()).unwrap() <= alive, "{} visits, counted as {alive}", inside.len());
    assert_eq!(inside.iter().collect::<BTreeSet<_>>().len(), inside.len(), "somebody is inside twice");
    let blocked: BTreeSet<_> = known.blocks.iter().map(|(visitor, _)| visitor).collect();
    assert!(inside.iter().all(|visitor| !blocked.contains(visitor)), "somebody who is shut out is inside");
}
