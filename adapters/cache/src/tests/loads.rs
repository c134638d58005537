//! How often the store is read.

use std::sync::Arc;
use std::time::Duration;

use onsale_application::ports::{CatalogueReader, ConcertFilter};
use onsale_domain::ids::{ConcertId, PerformanceId, SeatingPlanId};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::store::{CONCERT, PLAN, START, Stage};

#[tokio::test]
async fn a_thousand_first_readers_cause_one_load() {
    let mut stage = Stage::new();
    stage.store.close_gate();
    let mut visitors = JoinSet::new();
    for _ in 0..1_000 {
        let cache = Arc::clone(&stage.cache);
        visitors.spawn(async move { cache.concert(CONCERT).await.unwrap().value.unwrap().concert.title.clone() });
    }
    stage.load_begins().await;
    stage.store.let_through(1_000);
    assert!(visitors.join_all().await.iter().all(|title| title == "old"));
    assert_eq!(stage.store.loads(), 1);
    assert_eq!(stage.title().await.as_deref(), Some("old"));
    assert_eq!(stage.store.loads(), 1);
}

#[tokio::test]
async fn a_thousand_first_readers_of_a_plan_cause_one_load_and_no_change_causes_another() {
    let mut stage = Stage::new();
    stage.store.close_gate();
    let mut visitors = JoinSet::new();
    for _ in 0..1_000 {
        let cache = Arc::clone(&stage.cache);
        visitors.spawn(async move { cache.seating_plan(PLAN).await.unwrap().is_some() });
    }
    stage.load_begins().await;
    stage.store.let_through(1_000);
    assert!(visitors.join_all().await.into_iter().all(|found| found));
    stage.store.write("new");
    stage.cache.generation().await.unwrap();
    assert!(stage.cache.seating_plan(PLAN).await.unwrap().is_some());
    assert_eq!(stage.store.loads(), 1);
}

#[tokio::test]
async fn a_load_goes_on_when_the_one_who_asked_leaves() {
    let mut stage = Stage::new();
    stage.store.close_gate();
    let visitor = stage.visitor().await;
    stage.load_begins().await;
    visitor.abort();
    assert!(visitor.await.unwrap_err().is_cancelled());
    stage.store.let_through(1);
    assert_eq!(stage.title().await.as_deref(), Some("old"));
    assert_eq!(stage.store.loads(), 1);
}

#[tokio::test]
async fn late_in_its_life_a_value_is_read_once_in_the_background_and_still_served() {
    let mut stage = Stage::new();
    stage.title().await;
    stage.forget_begun();
    stage.store.close_gate();
    stage.store.pass_time(Duration::from_secs(50));
    for _ in 0..100 {
        assert_eq!(stage.read().await.unwrap().1, START, "nobody waits");
    }
    stage.load_begins().await;
    assert_eq!(stage.store.loads(), 2);
    // After its time to live the old one is not served any longer: this visitor waits for the reading under way.
    stage.store.pass_time(Duration::from_secs(10));
    let visitor = stage.visitor().await;
    stage.store.let_through(1);
    assert_eq!(visitor.await.unwrap().unwrap().1, START + Duration::from_secs(50));
    assert_eq!(stage.store.loads(), 2);
}

#[tokio::test]
async fn after_its_time_to_live_a_value_is_read_again() {
    let stage = Stage::new();
    stage.title().await;
    stage.store.pass_time(Duration::from_mins(1));
    assert_eq!(stage.read().await.unwrap().1, START + Duration::from_mins(1));
    assert_eq!(stage.store.loads(), 2);
}

#[tokio::test]
async fn what_does_not_exist_is_asked_for_once_in_a_while() {
    let stage = Stage::new();
    let unknown = ConcertId(Uuid::from_u128(9));
    for _ in 0..10 {
        assert!(stage.cache.concert(unknown).await.unwrap().value.is_none());
    }
    assert_eq!(stage.store.loads(), 1);
    stage.store.pass_time(Duration::from_secs(10));
    assert!(stage.cache.concert(unknown).await.unwrap().value.is_none());
    assert_eq!(stage.store.loads(), 2);
    for _ in 0..10 {
        assert!(stage.cache.seating_plan(SeatingPlanId(Uuid::from_u128(9))).await.unwrap().is_none());
    }
    assert_eq!(stage.store.loads(), 3);
}

#[tokio::test]
async fn a_warm_cache_has_the_first_page() {
    let stage = Stage::new();
    let first_page = ConcertFilter { limit: 20, ..ConcertFilter::default() };
    stage.cache.warm(&first_page).await.unwrap();
    assert_eq!(stage.cache.concerts(&first_page).await.unwrap().value.items.len(), 1);
    assert_eq!(stage.store.loads(), 1);
    let second_page = ConcertFilter { before: Some(CONCERT), ..first_page };
    stage.cache.concerts(&second_page).await.unwrap();
    assert_eq!(stage.store.loads(), 2, "another filter is another page");
}

#[tokio::test]
async fn a_load_that_panics_fails_those_who_wait_and_nothing_else() {
    let stage = Stage::new();
    let performance = PerformanceId(Uuid::from_u128(3));
    assert!(stage.cache.performance(performance).await.is_err());
    assert!(stage.cache.performance(performance).await.is_err(), "and the next one is tried");
    assert_eq!(stage.store.loads(), 2);
}
