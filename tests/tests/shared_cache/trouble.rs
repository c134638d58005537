//! A Redis that is emptied, killed or stopped where it is: no wrong answer, and nobody waits for it twice.

use std::sync::Arc;
use std::time::Duration;

use onsale_application::ports::CatalogueReader;
use onsale_cache::CacheSettings;
use onsale_domain::ids::ConcertId;
use onsale_test_servers::private_redis;
use onsale_tests::redis::tell;
use onsale_tests::store::Store;
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

use crate::replica::{PATIENT, Replica, added, change};
use crate::support::{Place, Witness};

/// Every read asks what is shared, and soon tries again.
const ASKING: CacheSettings = CacheSettings { l1: false, retry_pause: Duration::from_millis(10), ..PATIENT };
const LIMIT: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_redis_is_filled_again_and_never_gives_an_older_value() {
    let server = private_redis().await;
    let place = Place::at(server.url());
    let store = Store::sqlite().await;
    let id = added(&store).await;
    let replica = Replica::new(&store, place.way(), ASKING);
    let running = tokio::spawn(Arc::clone(&replica.cache).run(CancellationToken::new()));
    assert_eq!(replica.title(id).await, "old");
    change(&store, id).await;
    let generation = replica.cache.generation().await.unwrap();
    tell(server.url(), "FLUSHALL").await;
    assert_eq!(replica.title(id).await, "new");
    while place.way().get("anything").await.unwrap().latest != Some(generation) {
        yield_now().await;
    }
    running.abort();
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_was_killed_is_left_alone_until_it_is_back() {
    let mut server = private_redis().await;
    let store = Store::sqlite().await;
    let id = added(&store).await;
    let (witness, _releases) = Witness::new(Place::at(server.url()).way_within(LIMIT));
    let replica = Replica::new(&store, witness.clone(), ASKING);
    assert_eq!(replica.title(id).await, "old");
    server.kill().await.unwrap();
    change(&store, id).await;
    replica.cache.generation().await.unwrap();
    assert_left_alone(&replica, &witness, id).await;
    server.start().await.unwrap();
    assert_used_again(&replica, &witness, id).await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_was_stopped_where_it_is_is_left_alone_until_it_goes_on() {
    let server = private_redis().await;
    let store = Store::sqlite().await;
    let id = added(&store).await;
    let (witness, mut releases) = Witness::new(Place::at(server.url()).way_within(LIMIT));
    let replica = Replica::new(&store, witness.clone(), ASKING);
    assert_eq!(replica.title(id).await, "old");
    releases.recv().await.unwrap();
    server.freeze().await.unwrap();
    change(&store, id).await;
    replica.cache.generation().await.unwrap();
    assert_left_alone(&replica, &witness, id).await;
    server.thaw().await.unwrap();
    assert_used_again(&replica, &witness, id).await;
    server.stop().await.unwrap();
}

/// At most one read waits for Redis, and all are right.
async fn assert_left_alone(replica: &Replica, witness: &Witness, id: ConcertId) {
    let before = witness.asked();
    for _ in 0..100 {
        assert_eq!(replica.title(id).await, "new");
    }
    assert!(witness.asked() <= before + 1, "asked {} times", witness.asked() - before);
}

/// Only the task in the background finds out that Redis answers again.
async fn assert_used_again(replica: &Replica, witness: &Witness, id: ConcertId) {
    let running = tokio::spawn(Arc::clone(&replica.cache).run(CancellationToken::new()));
    let before = witness.asked();
    while witness.asked() == before {
        assert_eq!(replica.title(id).await, "new");
    }
    let mut loads = replica.reader.loads();
    loop {
        assert_eq!(replica.title(id).await, "new");
        if replica.reader.loads() == loads {
            break; // Redis had it
        }
        loads = replica.reader.loads();
    }
    running.abort();
}
