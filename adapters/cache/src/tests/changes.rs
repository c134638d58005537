//! When changes show.

use std::sync::Arc;

use onsale_application::ports::{BusMessage, CatalogueReader, ConcertFilter};
use tokio_util::sync::CancellationToken;

use super::store::{PLAN, Stage};

#[tokio::test]
async fn a_write_during_a_slow_load_is_never_hidden_by_the_older_value() {
    let mut stage = Stage::new();
    stage.store.close_gate();
    let before = stage.visitor().await;
    stage.load_begins().await;
    // The first load has seen the old rows and is on its way when the write commits and is announced.
    stage.store.write("new");
    stage.cache.generation().await.unwrap();
    let after = stage.visitor().await;
    assert_eq!(stage.store.loads(), 1, "the second visitor waits for the first one's load");
    stage.store.let_through(1);
    assert_eq!(before.await.unwrap().unwrap().0.as_deref(), Some("old"), "asked before the change was known");
    stage.store.let_through(1);
    assert_eq!(after.await.unwrap().unwrap().0.as_deref(), Some("new"));
    assert_eq!(stage.title().await.as_deref(), Some("new"), "what the slow load left behind is not served");
    assert_eq!(stage.store.loads(), 2);
}

#[tokio::test]
async fn a_change_seen_in_one_value_ends_all_older_ones() {
    let stage = Stage::new();
    stage.title().await;
    stage.store.write("new");
    // Nobody announced it, but the page that is read now shows that there was one.
    stage.cache.concerts(&ConcertFilter::default()).await.unwrap();
    assert_eq!(stage.title().await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn an_announced_change_shows_at_once() {
    let mut stage = Stage::new();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(Arc::clone(&stage.cache).run(shutdown.clone()));
    stage.poll_is_taken_in().await;
    stage.title().await;
    let generation = stage.store.write("new");
    stage.store.announce(Some(&BusMessage::Catalogue { generation }));
    tokio::task::yield_now().await;
    assert_eq!(stage.title().await.as_deref(), Some("new"));
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_announcement_was_lost_shows_after_the_next_poll() {
    let mut stage = Stage::new();
    let running = tokio::spawn(Arc::clone(&stage.cache).run(CancellationToken::new()));
    stage.poll_is_taken_in().await;
    stage.title().await;
    stage.store.write("new");
    assert_eq!(stage.title().await.as_deref(), Some("old"), "nobody knows yet");
    stage.poll_is_taken_in().await;
    assert_eq!(stage.title().await.as_deref(), Some("new"));
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn missed_announcements_are_made_up_for_at_once() {
    let mut stage = Stage::new();
    let running = tokio::spawn(Arc::clone(&stage.cache).run(CancellationToken::new()));
    stage.poll_is_taken_in().await;
    stage.title().await;
    stage.store.write("new");
    stage.store.announce(None);
    tokio::task::yield_now().await;
    assert_eq!(stage.title().await.as_deref(), Some("new"));
    running.abort();
}

#[tokio::test]
async fn what_did_not_exist_shows_when_it_was_added() {
    let stage = Stage::new();
    stage.store.remove_concert();
    stage.store.set_plan(false);
    assert_eq!(stage.title().await, None);
    assert!(stage.cache.seating_plan(PLAN).await.unwrap().is_none());
    stage.store.set_plan(true);
    stage.store.write("added");
    stage.cache.generation().await.unwrap();
    assert_eq!(stage.title().await.as_deref(), Some("added"));
    assert!(stage.cache.seating_plan(PLAN).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_put_back_is_believed() {
    let mut stage = Stage::new();
    while stage.store.write("later") < 10 {}
    let running = tokio::spawn(Arc::clone(&stage.cache).run(CancellationToken::new()));
    stage.poll_is_taken_in().await;
    assert_eq!(stage.title().await.as_deref(), Some("later"));
    stage.store.restore("earlier", 5);
    stage.poll_is_taken_in().await;
    assert_eq!(stage.title().await.as_deref(), Some("earlier"));
    let loads = stage.store.loads();
    assert_eq!(stage.title().await.as_deref(), Some("earlier"));
    assert_eq!(stage.store.loads(), loads, "and kept");
    running.abort();
}
