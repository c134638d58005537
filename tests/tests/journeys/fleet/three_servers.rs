//! Three servers, of which one is killed every few seconds.

use onsale_test_servers::{mysql, private_redis};

use super::Fleet;

const CLIENTS: usize = 48;
const CUSTOMERS: usize = 5_000;
/// How often each server is killed.
const ROUNDS: usize = 3;
/// What is held, paid or refunded between two kills.
const BETWEEN: usize = 250;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_one_after_the_other_three_servers_keep_what_they_acknowledged() {
    let (database, redis) = (mysql().await.fresh_database().await, private_redis().await);
    let mut fleet = Fleet::open(database.url(), redis.url()).await;
    fleet.join(&[]).await;
    fleet.join(&[]).await;
    let crowd = fleet.crowd(CLIENTS, CUSTOMERS).await;
    for _ in 0..ROUNDS {
        for server in 0..fleet.servers.len() {
            crowd.traffic.wait_for(BETWEEN).await;
            fleet.kill_and_restart(server).await;
        }
    }
    crowd.traffic.wait_for_each(&[0, 1, 2], BETWEEN / 4).await;
    let customers = crowd.end().await;
    fleet.settled(&customers).await;
    fleet.prove(&customers).await;
    redis.stop().await.unwrap();
}
