//! Random walks through a waiting room on two replicas, with the line lost between any two steps.
//!
//! After each step: nobody has somebody else's number, nobody comes in twice or ahead of turn, never more are inside than
//! may be. At the end everybody who waits is let in.

mod lost;
mod replica;
mod walk;

use lost::{Forgetful, LosesRedis};
use walk::walk;

/// Walks on the line in memory.
const LOCAL_WALKS: u64 = 1_000;
/// Walks on Redis, which is emptied, or killed and started again from an older copy of itself.
const REDIS_WALKS: u64 = 100;

#[tokio::test]
async fn a_thousand_walks_on_a_line_that_a_restart_forgets() {
    let mut places = Forgetful::new();
    let store = onsale_tests::store::Store::sqlite().await;
    for seed in 0..LOCAL_WALKS {
        walk(&store, &mut places, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_walks_on_a_redis_that_loses_everything_or_its_last_writes() {
    let mut places = LosesRedis::start().await;
    let store = onsale_tests::store::Store::mysql().await;
    for seed in 0..REDIS_WALKS {
        walk(&store, &mut places, seed).await;
    }
}
