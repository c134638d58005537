//! The database is killed under two busy servers, and started again.

use onsale_test_servers::private_mysql;

use super::pair::Pair;
use super::until;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_killed_and_started_again_is_used_again_by_both() {
    let mut mysql = private_mysql().await;
    let database = mysql.fresh_database().await;
    let pair = Pair::busy(&database).await;
    mysql.kill().await.unwrap();
    for server in &pair.fleet.servers {
        let visitor = pair.fleet.visitor.at(&server.address);
        until("no server wants requests", async || visitor.get("/health/ready").await.status == 503).await;
    }
    mysql.start().await.unwrap();
    pair.recovers().await;
    mysql.stop().await.unwrap();
}
