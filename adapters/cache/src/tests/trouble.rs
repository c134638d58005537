//! What is served while the store cannot be read.

use std::time::Duration;

use onsale_application::ports::CatalogueReader;

use super::store::{PLAN, START, Stage};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn without_the_store_the_last_value_is_served_with_its_age_for_an_hour() {
    let stage = Stage::new();
    stage.title().await;
    stage.cache.seating_plan(PLAN).await.unwrap();
    stage.store.set_reachable(false);
    stage.store.pass_time(Duration::from_mins(59));
    assert_eq!(stage.read().await.unwrap(), (Some("old".to_owned()), START));
    stage.store.pass_time(Duration::from_mins(1));
    assert!(stage.read().await.is_err(), "an hour is enough");
    assert!(stage.cache.seating_plan(PLAN).await.unwrap().is_some(), "a plan has no age");
}

#[tokio::test]
async fn without_the_store_and_a_value_the_failure_shows() {
    let stage = Stage::new();
    stage.store.set_reachable(false);
    assert!(stage.read().await.is_err());
    assert!(stage.cache.seating_plan(PLAN).await.is_err());
    stage.store.set_reachable(true);
    assert_eq!(stage.title().await.as_deref(), Some("old"));
}

#[tokio::test]
async fn a_store_in_trouble_is_not_asked_by_everybody() {
    let stage = Stage::new();
    stage.title().await;
    stage.store.set_reachable(false);
    stage.store.pass_time(Duration::from_mins(2));
    for _ in 0..100 {
        assert_eq!(stage.title().await.as_deref(), Some("old"));
    }
    assert_eq!(stage.store.loads(), 2);
}

#[tokio::test]
async fn nobody_waits_for_a_store_in_trouble_and_its_return_shows() {
    let mut stage = Stage::new();
    stage.title().await;
    stage.store.set_reachable(false);
    stage.store.pass_time(Duration::from_mins(2));
    stage.title().await;
    stage.forget_begun();
    // It is tried again, behind a gate that would hold up whoever waited.
    stage.store.set_reachable(true);
    stage.store.write("new");
    stage.store.close_gate();
    stage.store.pass_time(SECOND);
    assert_eq!(stage.title().await.as_deref(), Some("old"));
    stage.load_begins().await;
    assert_eq!(stage.title().await.as_deref(), Some("old"));
    // Long after the failure everybody waits again, here for the reading under way.
    stage.store.pass_time(20 * SECOND);
    let visitor = stage.visitor().await;
    stage.store.let_through(1);
    assert_eq!(visitor.await.unwrap().unwrap().0.as_deref(), Some("new"));
    assert_eq!(stage.store.loads(), 3);
}

#[tokio::test]
async fn an_announced_change_that_cannot_be_read_yet_leaves_the_old_value() {
    let stage = Stage::new();
    stage.title().await;
    stage.store.write("new");
    stage.cache.generation().await.unwrap();
    stage.store.set_reachable(false);
    assert_eq!(stage.title().await.as_deref(), Some("old"));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_counts_as_one_that_cannot_be_read() {
    let stage = Stage::new();
    stage.title().await;
    stage.store.close_gate();
    stage.store.pass_time(Duration::from_mins(2));
    assert_eq!(stage.title().await.as_deref(), Some("old"));
    stage.store.pass_time(Duration::from_hours(1));
    assert!(stage.read().await.is_err());
}
