//! Three servers, of which one after the other is killed.

use onsale_test_servers::{mysql, private_redis, redis_cluster};

use super::Fleet;
use super::crowd::Crowd;
use super::proof::free_in_the_end;

/// What is held, paid or refunded between two kills.
const BETWEEN: usize = 250;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_every_few_seconds_three_servers_keep_what_they_acknowledged_to_5_000_customers() {
    let (database, redis) = (mysql().await.fresh_database().await, private_redis().await);
    let mut fleet = three_servers(database.url(), redis.url()).await;
    let crowd = fleet.crowd(48, 5_000).await;
    for _ in 0..3 {
        kill_each(&mut fleet, &crowd).await;
    }
    prove(fleet, crowd).await;
    redis.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_redis_cluster_three_servers_keep_what_they_acknowledged() {
    let (database, redis) = (mysql().await.fresh_database().await, redis_cluster().await);
    let mut fleet = three_servers(database.url(), &redis.url()).await;
    let crowd = fleet.crowd(24, 240).await;
    kill_each(&mut fleet, &crowd).await;
    prove(fleet, crowd).await;
}

async fn three_servers(database: &str, redis: &str) -> Fleet {
    let mut fleet = Fleet::open(database, redis).await;
    fleet.join(&[]).await;
    fleet.join(&[]).await;
    fleet
}

async fn kill_each(fleet: &mut Fleet, crowd: &Crowd) {
    for server in 0..fleet.servers.len() {
        crowd.traffic.wait_for(BETWEEN).await;
        fleet.kill_and_restart(server).await;
    }
}

/// They have all come back, and everything that was told is so.
async fn prove(fleet: Fleet, crowd: Crowd) {
    crowd.traffic.wait_for_each(&[0, 1, 2], BETWEEN / 4).await;
    let customers = crowd.end().await;
    fleet.settled(&free_in_the_end(&customers)).await;
    fleet.prove(&customers).await;
}
