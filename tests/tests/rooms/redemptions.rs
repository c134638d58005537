//! Passes that tenants present.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{Redemption, Rooms};
use onsale_tests::store::Store;

use super::support::{replicas, rooms};

onsale_tests::contracts!(
    of_a_hundred_who_present_a_pass_at_once_one_is_the_first,
    many_passes_on_many_replicas_are_each_new_once,
    what_may_be_forgotten_is_forgotten,
);

fn redemption(store: &Store, number: u32, seconds: i64) -> Redemption {
    let mut digest = [3; 32];
    digest[..4].copy_from_slice(&number.to_le_bytes());
    let expires_at = store.context.now() + TimeDelta::seconds(seconds);
    Redemption { digest, room: uuid::Uuid::from_u128(1).into(), expires_at }
}

async fn first_uses(store: &Store, replicas: usize, calls: u32, passes: u32) -> usize {
    let replicas = self::replicas(store, replicas).await;
    let presented = (0..calls).map(|call| {
        let replica = replicas[call as usize % replicas.len()].clone();
        let redemption = redemption(store, call % passes, 60);
        tokio::spawn(async move { replica.redeem(redemption).await.unwrap() })
    });
    join_all(presented).await.into_iter().filter(|first| *first.as_ref().unwrap()).count()
}

async fn of_a_hundred_who_present_a_pass_at_once_one_is_the_first(store: Store) {
    assert_eq!(first_uses(&store, 4, 100, 1).await, 1);
    assert!(!rooms(&store).redeem(redemption(&store, 0, 60)).await.unwrap());
}

async fn many_passes_on_many_replicas_are_each_new_once(store: Store) {
    assert_eq!(first_uses(&store, 3, 3_000, 500).await, 500);
}

async fn what_may_be_forgotten_is_forgotten(store: Store) {
    let rooms = rooms(&store);
    for number in 0..10 {
        assert!(rooms.redeem(redemption(&store, number, i64::from(number) + 1)).await.unwrap());
    }
    store.clock.advance(TimeDelta::seconds(5));
    let now = store.context.now();
    assert_eq!(rooms.purge(now, 3).await.unwrap(), 3);
    assert_eq!(rooms.purge(now, 3).await.unwrap(), 2);
    assert_eq!(rooms.purge(now, 3).await.unwrap(), 0);
    assert!(!rooms.redeem(redemption(&store, 9, 60)).await.unwrap(), "not yet");
    assert!(rooms.redeem(redemption(&store, 0, 60)).await.unwrap());
}
