//! How often replicas read from SQL.

use std::sync::Arc;

use onsale_application::ports::{CatalogueReader, ConcertFilter};
use onsale_domain::ids::ConcertId;
use onsale_tests::store::Store;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::replica::{HASTY, PATIENT, Replica, added};
use crate::support::{Place, Witness, contracts};

contracts!(
    a_thousand_first_readers_on_three_replicas_cause_one_load,
    what_one_replica_has_read_no_other_reads,
    who_does_not_want_to_wait_reads_alone,
);

async fn a_thousand_first_readers_on_three_replicas_cause_one_load(place: Place) {
    let store = Store::mysql().await;
    let id = added(&store).await;
    let mut replicas: Vec<_> = (0..3).map(|_| Replica::new(&store, place.way(), PATIENT)).collect();
    for replica in &replicas {
        replica.reader.close_gate();
    }
    let mut readers = JoinSet::new();
    for reader in 0..1_000 {
        let cache = Arc::clone(&replicas[reader % 3].cache);
        readers.spawn(async move { cache.concert(id).await.unwrap().value.unwrap().concert.title.clone() });
    }
    let [first, second, third] = &mut replicas[..] else { unreachable!() };
    tokio::select! {
        () = first.has_read() => {}
        () = second.has_read() => {}
        () = third.has_read() => {}
    }
    for replica in &replicas {
        replica.reader.open_gate();
    }
    assert!(readers.join_all().await.iter().all(|title| title == "old"));
    assert_eq!(replicas.iter().map(|replica| replica.reader.loads()).sum::<usize>(), 1);
}

async fn what_one_replica_has_read_no_other_reads(place: Place) {
    let store = Store::sqlite().await;
    let id = added(&store).await;
    let (witness, mut releases) = Witness::new(place.way());
    let (first, second) = (Replica::new(&store, witness, PATIENT), Replica::new(&store, place.way(), PATIENT));
    let (page, nowhere) = (ConcertFilter { limit: 10, ..ConcertFilter::default() }, ConcertId(Uuid::max()));
    let other = ConcertFilter { text: Some("new".to_owned()), ..page.clone() };
    for replica in [&first, &second] {
        assert_eq!(replica.title(id).await, "old");
        assert!(replica.cache.concert(nowhere).await.unwrap().value.is_none());
        assert_eq!(replica.cache.concerts(&page).await.unwrap().value.items.len(), 1);
        assert_eq!(replica.cache.concerts(&other).await.unwrap().value.items.len(), 0, "another filter, another page");
        if replica.reader.loads() > 0 {
            for _ in 0..4 {
                releases.recv().await.unwrap();
            }
        }
    }
    assert_eq!((first.reader.loads(), second.reader.loads()), (4, 0));
}

/// A replica that took the lease and died keeps nobody for longer than reading takes.
async fn who_does_not_want_to_wait_reads_alone(place: Place) {
    let store = Store::sqlite().await;
    let id = added(&store).await;
    let mut first = Replica::new(&store, place.way(), HASTY);
    first.reader.close_gate();
    let cache = Arc::clone(&first.cache);
    let stuck = tokio::spawn(async move { cache.concert(id).await });
    first.has_read().await;
    let second = Replica::new(&store, place.way(), HASTY);
    assert_eq!(second.title(id).await, "old");
    assert_eq!(second.reader.loads(), 1);
    stuck.abort();
}
