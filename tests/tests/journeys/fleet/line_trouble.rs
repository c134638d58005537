//! What is between one server and its database, or its Redis, is cut, silent or slow.

use std::time::Duration;

use onsale_test_servers::mysql;

use super::link::State;
use super::pair::{BEHIND, Pair};
use super::until;

/// How much later everything arrives on a slow link to the database, each way: as far away as another country. A group
/// asks ten times or so while nobody else can sell seats of its performance.
const FAR: Duration = Duration::from_millis(10);
/// The same of a link to Redis.
const VERY_FAR: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_from_the_database_one_server_stops_and_the_other_sells() {
    without_a_database(State::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_holds_locked_whose_database_fell_silent_is_free_again_for_the_other() {
    without_a_database(State::Silent).await;
}

async fn without_a_database(state: State) {
    let database = mysql().await.fresh_database().await;
    let pair = Pair::busy(&database).await;
    pair.to_database.be(state);
    let visitor = pair.fleet.visitor.at(&pair.fleet.servers[BEHIND].address);
    until("it wants no requests", async || visitor.get("/health/ready").await.status == 503).await;
    pair.the_first_goes_on().await;
    pair.to_database.be(State::Good);
    pair.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_far_from_its_database_sells_slowly() {
    let database = mysql().await.fresh_database().await;
    let pair = Pair::busy(&database).await;
    pair.to_database.be(State::Slow(FAR));
    pair.both_go_on().await;
    pair.to_database.be(State::Good);
    pair.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_its_link_to_redis_is_a_server_sells() {
    let database = mysql().await.fresh_database().await;
    let pair = Pair::busy(&database).await.watched().await;
    for state in [State::Cut, State::Slow(VERY_FAR), State::Silent] {
        pair.to_redis.be(state);
        pair.both_go_on().await;
    }
    pair.to_redis.be(State::Good);
    pair.recovers().await;
}
