//! What every shared cache does.

use std::time::Duration;

use futures_util::future::join_all;
use onsale_application::ports::{SharedAnswer, SharedLease, SharedValue};
use uuid::Uuid;

use crate::support::{Place, contracts};

const MINUTE: Duration = Duration::from_mins(1);
const INSTANT: Duration = Duration::from_millis(1);

contracts!(
    an_empty_cache_has_nothing,
    a_value_is_given_as_it_was_kept,
    an_older_value_is_neither_given_nor_kept,
    a_later_value_ends_all_older_ones,
    the_mark_never_falls,
    of_fills_and_a_change_at_once_no_older_value_remains,
    after_starting_over_nothing_of_the_other_history_comes_back,
    a_value_ends,
    one_of_many_gets_the_lease_until_it_comes_back,
    a_lease_ends,
);

fn value(generation: i64, bytes: &'static [u8]) -> SharedValue {
    SharedValue { generation, bytes: bytes.into() }
}

fn answer(latest: i64, value: Option<SharedValue>) -> SharedAnswer {
    SharedAnswer { latest: Some(latest), value }
}

async fn an_empty_cache_has_nothing(place: Place) {
    let cache = place.way();
    assert_eq!(cache.get("a").await, Ok(SharedAnswer::default()));
    assert_eq!(cache.raise(0).await, Ok(0));
    assert_eq!(cache.get("a").await, Ok(answer(0, None)));
}

async fn a_value_is_given_as_it_was_kept(place: Place) {
    let (cache, elsewhere) = (place.way(), place.way());
    let bytes = &[0, 255, 10, 13, 0];
    let last_exact = (1 << 53) - 1;
    for (name, generation) in [("a", 0), ("a", 1), ("a:b {c}\r\n 봄", 300), ("a", last_exact)] {
        assert_eq!(cache.fill(name, value(generation, bytes), MINUTE).await, Ok(true));
        assert_eq!(elsewhere.get(name).await, Ok(answer(generation, Some(value(generation, bytes)))));
    }
    assert_eq!(cache.fill("a", value(last_exact, b""), MINUTE).await, Ok(true), "another one of the same generation");
    assert_eq!(elsewhere.get("a").await, Ok(answer(last_exact, Some(value(last_exact, b"")))));
}

async fn an_older_value_is_neither_given_nor_kept(place: Place) {
    let cache = place.way();
    cache.fill("a", value(5, b"old"), MINUTE).await.unwrap();
    assert_eq!(cache.raise(6).await, Ok(6));
    assert_eq!(cache.get("a").await, Ok(answer(6, None)));
    assert_eq!(cache.fill("a", value(5, b"old"), MINUTE).await, Ok(false));
    assert_eq!(cache.get("a").await, Ok(answer(6, None)));
    assert_eq!(cache.fill("a", value(6, b"new"), MINUTE).await, Ok(true));
    assert_eq!(cache.fill("a", value(5, b"old"), MINUTE).await, Ok(false));
    assert_eq!(cache.get("a").await, Ok(answer(6, Some(value(6, b"new")))));
}

async fn a_later_value_ends_all_older_ones(place: Place) {
    let cache = place.way();
    cache.fill("a", value(5, b"old"), MINUTE).await.unwrap();
    cache.fill("b", value(6, b"new"), MINUTE).await.unwrap();
    assert_eq!(cache.get("a").await, Ok(answer(6, None)));
}

async fn the_mark_never_falls(place: Place) {
    let cache = place.way();
    for (told, mark) in [(300, 300), (2, 300), (300, 300), (301, 301)] {
        assert_eq!(cache.raise(told).await, Ok(mark));
    }
}

async fn of_fills_and_a_change_at_once_no_older_value_remains(place: Place) {
    let ways: Vec<_> = (0..4).map(|_| place.way()).collect();
    for round in (0..40_i64).map(|round| 2 * round) {
        let fills = ways.iter().map(|way| way.fill("a", value(round, b"old"), MINUTE));
        let (filled, raised) = tokio::join!(join_all(fills), ways[0].raise(round + 1));
        assert!(filled.iter().all(Result::is_ok) && raised == Ok(round + 1));
        assert_eq!(ways[1].get("a").await, Ok(answer(round + 1, None)));
    }
}

async fn after_starting_over_nothing_of_the_other_history_comes_back(place: Place) {
    let cache = place.way();
    cache.fill("a", value(10, b"other"), MINUTE).await.unwrap();
    cache.start_over(5).await.unwrap();
    assert_eq!(cache.get("a").await, Ok(answer(5, None)));
    assert_eq!(cache.fill("b", value(5, b"this"), MINUTE).await, Ok(true));
    cache.start_over(5).await.unwrap();
    assert_eq!(cache.get("b").await, Ok(answer(5, Some(value(5, b"this")))), "another replica has done it already");
    assert_eq!(cache.raise(10).await, Ok(10));
    assert_eq!(cache.get("a").await, Ok(answer(10, None)), "its number means another state now");
}

async fn a_value_ends(place: Place) {
    let cache = place.way();
    cache.fill("a", value(1, b"short"), INSTANT).await.unwrap();
    while cache.get("a").await.unwrap().value.is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(cache.get("a").await, Ok(answer(1, None)));
}

async fn one_of_many_gets_the_lease_until_it_comes_back(place: Place) {
    let ways: Vec<_> = (0..3).map(|_| place.way()).collect();
    let asking = (0..60).map(|asker| ways[asker % 3].lease("a", MINUTE));
    let leases: Vec<_> = join_all(asking).await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(leases.len(), 1);
    assert!(ways[0].lease("b", MINUTE).await.unwrap().is_some(), "another name is free");
    ways[0].release("a", SharedLease(Uuid::max())).await.unwrap();
    assert_eq!(ways[1].lease("a", MINUTE).await, Ok(None), "only its owner gives it back");
    ways[0].release("a", leases[0]).await.unwrap();
    let next = ways[1].lease("a", MINUTE).await.unwrap().unwrap();
    assert_ne!(next, leases[0]);
    ways[0].release("a", leases[0]).await.unwrap();
    assert_eq!(ways[2].lease("a", MINUTE).await, Ok(None), "the earlier owner cannot give the later one's back");
}

async fn a_lease_ends(place: Place) {
    let cache = place.way();
    cache.lease("a", INSTANT).await.unwrap().unwrap();
    while cache.lease("a", MINUTE).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(cache.lease("a", MINUTE).await, Ok(None));
}
