//! Waiting rooms and alarms on several servers, and what becomes of them when a server, Redis or the database goes away.

use std::time::Duration;

use onsale_test_servers::{RedisServer, private_redis};
use onsale_tests::server::{Server, Stack};

use crate::support::{Api, Place, Room, Site, until};

mod alarms;
mod database_away;
mod helpers_away;
mod killed;
mod redis_away;
mod two_servers;
mod wire;

/// The pause between two questions: a place may be asked after five times a second.
const PAUSE: Duration = Duration::from_millis(200);

/// Two servers on one MySQL and one Redis.
struct Pair {
    site: Site,
    other: Server,
    stack: Stack,
    redis: RedisServer,
}

impl Pair {
    async fn open() -> Self {
        let redis = private_redis().await;
        let mut stack = Stack::mysql().await.with("ONSALE_REDIS_URL", redis.url());
        let site = Site::open(&mut stack).await;
        let other = stack.serve().await;
        Self { site, other, stack, redis }
    }
}

/// How many have been let in, of `places` in the order of their numbers. Asked from the back, at one server, nobody waits
/// whose number is below that of one who was let in.
async fn let_in(places: &[Place]) -> usize {
    let mut let_in = 0;
    for (index, place) in places.iter().enumerate().rev() {
        if place.state().await == "waiting" {
            assert_eq!(let_in, 0, "place {} still waits", index + 1);
        } else {
            let_in = let_in.max(index + 1);
        }
    }
    let_in
}

/// New places for a tenant's visitors, with the numbers from 1 on; each is asked after where it was taken.
async fn entered(room: &Room, tenants: &[Api], count: usize) -> Vec<Place> {
    let mut places = Vec::new();
    for (number, tenant) in (1..=count).zip(tenants.iter().cycle()) {
        let place = room.enter_as(tenant, &name(number)).await;
        assert_eq!(place.status().await["number"], number);
        places.push(place);
    }
    places
}

/// The visitor with that number.
fn name(number: usize) -> String {
    format!("visitor-{number}")
}

fn all_at(places: &[Place], base: &str) -> Vec<Place> {
    places.iter().map(|place| place.at(base)).collect()
}
