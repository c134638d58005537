//! Who reads the stores, and how old an answer can be.

use std::sync::Arc;

use futures_util::future::join_all;
use onsale_application::availability::{AvailabilityError, MAXIMUM_AGE};

use super::{OLD_MS, Watched, sold, taken};
use crate::doubles::{at, out_of_order};

#[tokio::test(start_paused = true)]
async fn a_young_snapshot_is_everybodys() {
    let watched = Watched::new().await;
    let first = watched.read().await;
    assert!(Arc::ptr_eq(&first, &watched.read_at(39).await));
    assert_eq!(watched.versions_read(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_older_than_the_maximum_age_though_a_renewal_is_stuck() {
    let watched = Watched::new().await;
    let first = watched.read().await;
    watched.change(7, sold()).await;
    let almost = MAXIMUM_AGE.num_milliseconds() - 1;
    watched.clock.set(almost);
    watched.box_office.version_gate.close();
    let renewing = watched.start_reading();
    watched.box_office.version_gate.wait_for(2).await;
    assert!(Arc::ptr_eq(&first, &watched.read().await), "others get the old one while it is young enough");
    watched.clock.set(almost + 1);
    let mut late = watched.start_reading();
    assert!(futures_util::poll!(&mut late).is_pending());
    tokio::task::yield_now().await;
    assert!(futures_util::poll!(&mut late).is_pending(), "from then on they wait for the new one");
    watched.box_office.version_gate.open();
    for reader in [renewing, late] {
        let shown = reader.await.expect("the reader lives").expect("the stores answer");
        assert_eq!((taken(&shown), shown.at), (vec![7], at(almost)));
    }
    assert_eq!(watched.versions_read(), 2);
}

#[tokio::test(start_paused = true)]
async fn every_age_up_to_the_maximum_is_kept() {
    let watched = Watched::new().await;
    for moment in (0..1_000).step_by(7) {
        let shown = watched.read_at(moment).await;
        assert!(at(moment) - shown.at < MAXIMUM_AGE, "read at {moment}, true at {}", shown.at);
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_readers_at_once_one_renews() {
    let watched = Watched::new().await;
    watched.read().await;
    watched.clock.set(1_000);
    watched.box_office.version_gate.close();
    let readers: Vec<_> = (0..100).map(|_| watched.start_reading()).collect();
    watched.box_office.version_gate.wait_for(2).await;
    tokio::task::yield_now().await;
    watched.box_office.version_gate.open();
    for answer in join_all(readers).await {
        assert_eq!(answer.expect("the reader lives").expect("the stores answer").at, at(1_000));
    }
    assert_eq!((watched.versions_read(), watched.maps_read()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn readers_of_a_slow_store_share_the_renewal_that_begins_after_they_came() {
    let watched = Watched::new().await;
    watched.read().await;
    watched.clock.set(1_000);
    watched.box_office.version_gate.close();
    let renewing = watched.start_reading();
    watched.box_office.version_gate.wait_for(2).await;
    let readers: Vec<_> = (0..100).map(|_| watched.start_reading()).collect();
    tokio::task::yield_now().await;
    watched.clock.set(2_000);
    watched.box_office.version_gate.open_for_one();
    watched.box_office.version_gate.wait_for(3).await;
    watched.clock.set(3_000);
    watched.box_office.version_gate.open();
    assert_eq!(renewing.await.expect("the reader lives").expect("the stores answer").at, at(1_000));
    for answer in join_all(readers).await {
        assert_eq!(answer.expect("the reader lives").expect("the stores answer").at, at(2_000));
    }
    assert_eq!(watched.versions_read(), 3);
}

#[tokio::test(start_paused = true)]
async fn readers_of_a_failing_store_share_its_failure() {
    let watched = Watched::new().await;
    watched.read().await;
    watched.clock.set(1_000);
    watched.box_office.version_gate.close();
    let renewing = watched.start_reading();
    watched.box_office.version_gate.wait_for(2).await;
    let readers: Vec<_> = (0..100).map(|_| watched.start_reading()).collect();
    tokio::task::yield_now().await;
    *watched.box_office.fails.lock() = true;
    watched.box_office.version_gate.open();
    let failed = || Err(AvailabilityError::Unavailable(out_of_order()));
    assert_eq!(renewing.await.expect("the reader lives"), failed());
    for answer in join_all(readers).await {
        assert_eq!(answer.expect("the reader lives"), failed());
    }
    assert_eq!(watched.versions_read(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_recovers_is_believed_again() {
    let watched = Watched::new().await;
    *watched.box_office.fails.lock() = true;
    let failed = watched.start_reading().await.expect("the reader lives");
    assert_eq!(failed, Err(AvailabilityError::Unavailable(out_of_order())));
    *watched.box_office.fails.lock() = false;
    watched.box_office.map_gate.close();
    let reader = watched.start_reading();
    watched.box_office.map_gate.wait_for(1).await;
    *watched.box_office.fails.lock() = true;
    watched.box_office.map_gate.open();
    assert_eq!(reader.await.expect("the reader lives"), Err(AvailabilityError::Unavailable(out_of_order())));
    *watched.box_office.fails.lock() = false;
    watched.change(7, sold()).await;
    assert_eq!(taken(&*watched.read().await), [7]);
    watched.change(8, sold()).await;
    assert_eq!(taken(&*watched.read_at(OLD_MS).await), [7, 8]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_does_not_keep_an_old_answer_alive() {
    let watched = Watched::new().await;
    watched.read_at(3_600_000).await;
    watched.change(7, sold()).await;
    assert_eq!(taken(&*watched.read_at(0).await), [7]);
}
