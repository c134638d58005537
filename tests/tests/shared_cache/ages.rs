//! How old values become that replicas share.

use chrono::TimeDelta;
use onsale_tests::store::Store;

use crate::replica::{PATIENT, Replica, added};
use crate::support::{Place, Witness, contracts};

contracts!(a_value_keeps_its_age_wherever_it_goes);

async fn a_value_keeps_its_age_wherever_it_goes(place: Place) {
    let store = Store::sqlite().await;
    let id = added(&store).await;
    let start = store.context.now();
    let (witness, mut releases) = Witness::new(place.way());
    let first = Replica::new(&store, witness, PATIENT);
    assert_eq!(first.read(id).await.1, start);
    releases.recv().await.unwrap();
    // Another replica gets it late, and a third one later still; both know how old it is.
    let others = [50, 50].map(|seconds| {
        store.clock.advance(TimeDelta::seconds(seconds));
        Replica::new(&store, place.way(), PATIENT)
    });
    for other in &others {
        assert_eq!(other.read(id).await.1, start);
        assert_eq!(other.reader.loads(), 0);
    }
    // From two minutes on it is too old for everybody, however late it came.
    store.clock.advance(TimeDelta::seconds(20));
    for other in &others {
        assert_eq!(other.read(id).await.1, start + TimeDelta::seconds(120));
    }
}
