//! When changes show on other replicas.

use std::sync::Arc;

use onsale_application::ports::{Bus, BusMessage, CatalogueReader, ConcertFilter};
use onsale_domain::ids::ConcertId;
use onsale_local::LocalBus;
use onsale_tests::store::Store;
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

use crate::replica::{HASTY, PATIENT, Replica, added, catalogue, change};
use crate::support::{Place, Witness, contracts};

contracts!(
    a_write_during_a_slow_load_is_never_hidden_by_the_older_value,
    a_change_that_was_told_is_never_hidden_by_an_older_value,
    an_announced_change_shows_on_every_replica,
    a_change_whose_announcement_was_lost_shows_all_the_same,
    without_the_database_a_change_shows_through_what_is_shared,
    what_comes_from_another_history_is_not_believed,
);

async fn until_new(replica: &Replica, id: ConcertId) {
    while replica.title(id).await != "new" {
        yield_now().await;
    }
}

async fn a_write_during_a_slow_load_is_never_hidden_by_the_older_value(place: Place) {
    let store = Store::sqlite().await;
    let id = added(&store).await;
    let (witness, mut releases) = Witness::new(place.way());
    let mut slow = Replica::new(&store, witness, HASTY);
    slow.reader.close_gate();
    let cache = Arc::clone(&slow.cache);
    let before = tokio::spawn(async move { cache.concert(id).await.unwrap().value.unwrap().concert.title.clone() });
    slow.has_read().await;
    // The slow one has seen the old rows. Another replica knows of the change and reads the new ones.
    change(&store, id).await;
    let (quick_witness, mut quick_releases) = Witness::new(place.way());
    let quick = Replica::new(&store, quick_witness, HASTY);
    quick.cache.generation().await.unwrap();
    assert_eq!(quick.title(id).await, "new");
    // It had no lease for the concert, but has one for a page; once that is shared, the mark is of the new generation.
    quick.cache.concerts(&ConcertFilter::default()).await.unwrap();
    quick_releases.recv().await.unwrap();

    slow.reader.open_gate();
    assert_eq!(before.await.unwrap(), "old", "asked before the change was known");
    releases.recv().await.unwrap();
    let third = Replica::new(&store, place.way(), PATIENT);
    assert_eq!(third.title(id).await, "new", "it knows of no change, and yet is not given the older value");
    assert_eq!(quick.title(id).await, "new");
    slow.cache.generation().await.unwrap();
    assert_eq!(slow.title(id).await, "new");
}

/// The same, when nobody has read the new rows yet: then only the mark stands in the older value's way.
async fn a_change_that_was_told_is_never_hidden_by_an_older_value(place: Place) {
    let store = Store::sqlite().await;
    let id = added(&store).await;
    let (witness, mut releases) = Witness::new(place.way());
    let mut slow = Replica::new(&store, witness, PATIENT);
    slow.reader.close_gate();
    let cache = Arc::clone(&slow.cache);
    let before = tokio::spawn(async move { cache.concert(id).await.unwrap().value.unwrap().concert.title.clone() });
    slow.has_read().await;
    change(&store, id).await;
    let generation = catalogue(&store).generation().await.unwrap();
    place.way().raise(generation).await.unwrap();
    slow.reader.open_gate();
    assert_eq!(before.await.unwrap(), "old");
    releases.recv().await.unwrap();
    let other = Replica::new(&store, place.way(), PATIENT);
    assert_eq!(other.title(id).await, "new");
    assert_eq!(other.reader.loads(), 1);
}

async fn an_announced_change_shows_on_every_replica(place: Place) {
    let store = Store::sqlite().await;
    let id = added(&store).await;
    let bus = Arc::new(LocalBus::new(16));
    let replicas: Vec<_> = (0..3).map(|_| Replica::on(&store, bus.clone(), place.way(), PATIENT)).collect();
    let shutdown = CancellationToken::new();
    let running: Vec<_> =
        replicas.iter().map(|replica| tokio::spawn(Arc::clone(&replica.cache).run(shutdown.clone()))).collect();
    for replica in &replicas {
        assert_eq!(replica.title(id).await, "old");
    }
    change(&store, id).await;
    for message in store.bus.heard() {
        assert!(matches!(message, BusMessage::Catalogue { .. }));
        bus.publish(message);
    }
    for replica in &replicas {
        until_new(replica, id).await;
    }
    shutdown.cancel();
    for run in running {
        run.await.unwrap();
    }
}

async fn a_change_whose_announcement_was_lost_shows_all_the_same(place: Place) {
    let store = Store::sqlite().await;
    let id = added(&store).await;
    let replicas: Vec<_> = (0..3).map(|_| Replica::new(&store, place.way(), PATIENT)).collect();
    let running: Vec<_> =
        replicas.iter().map(|replica| tokio::spawn(Arc::clone(&replica.cache).run(CancellationToken::new()))).collect();
    for replica in &replicas {
        assert_eq!(replica.title(id).await, "old");
    }
    change(&store, id).await;
    for replica in &replicas {
        until_new(replica, id).await;
    }
    running.iter().for_each(tokio::task::JoinHandle::abort);
}

async fn without_the_database_a_change_shows_through_what_is_shared(place: Place) {
    let store = Store::sqlite().await;
    let id = added(&store).await;
    let cut_off = Replica::new(&store, place.way(), PATIENT);
    assert_eq!(cut_off.title(id).await, "old");
    cut_off.reader.set_reachable(false);
    change(&store, id).await;
    let (witness, mut releases) = Witness::new(place.way());
    let well = Replica::new(&store, witness, PATIENT);
    well.cache.generation().await.unwrap();
    assert_eq!(well.title(id).await, "new");
    well.cache.concerts(&ConcertFilter::default()).await.unwrap();
    for _ in 0..2 {
        releases.recv().await.unwrap();
    }
    // Asking for another page, it hears of a generation that it cannot check.
    cut_off.cache.concerts(&ConcertFilter::default()).await.unwrap();
    assert_eq!(cut_off.title(id).await, "new");
}

async fn what_comes_from_another_history_is_not_believed(place: Place) {
    let store = Store::sqlite().await;
    let id = added(&store).await;
    let elsewhere = place.way();
    // What is shared outlived the database, which was put back to an earlier state.
    elsewhere.raise(1_000_000).await.unwrap();
    let (witness, mut releases) = Witness::new(place.way());
    let (first, second) = (Replica::new(&store, witness, PATIENT), Replica::new(&store, place.way(), PATIENT));
    assert_eq!(first.title(id).await, "old");
    releases.recv().await.unwrap();
    assert_eq!(second.title(id).await, "old");
    assert_eq!((first.reader.loads(), second.reader.loads()), (1, 0), "and it is of use again");
    let generation = first.cache.generation().await.unwrap();
    assert_eq!(elsewhere.get("anything").await.unwrap().latest, Some(generation));
}
