//! A Redis that is away, silent or overrun: nobody waits for longer than the limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use onsale_application::ports::{Entered, Entry, LineId, PlacesError};
use onsale_domain::ids::WaitingRoomId;
use onsale_redis::{Redis, RedisPlaces, RedisSettings};
use onsale_support::lanes::LaneLimits;
use onsale_test_servers::private_redis;
use onsale_tests::redis::tell;
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::support::{OPEN, Subject, place, places, visitor};

const TIMEOUT: Duration = Duration::from_millis(500);
/// What a busy machine may add.
const SLACK: Duration = Duration::from_millis(1_500);

fn impatient(url: &str) -> RedisSettings {
    RedisSettings { timeout: TIMEOUT, ..RedisSettings::new(url) }
}

fn subject(settings: &RedisSettings) -> Subject {
    let places = Arc::new(RedisPlaces::new(Redis::new(settings).unwrap()));
    Subject { places, line: LineId { room: WaitingRoomId(Uuid::now_v7()), epoch: 1 } }
}

/// Every step is answered in time, that it is not available.
async fn assert_unavailable(subject: &Subject) {
    let started = Instant::now();
    let entries = join_all((0..2_000).map(async |_| subject.enter(&visitor(), OPEN).await)).await;
    assert!(started.elapsed() < TIMEOUT + SLACK, "entering took {:?}", started.elapsed());
    assert!(entries.iter().all(|entry| matches!(entry, Err(PlacesError::Unavailable(_)))), "{:?}", entries[0]);
    let started = Instant::now();
    let begun = subject.begin(1, 0).await;
    assert!(matches!(begun, Err(PlacesError::Unavailable(_))), "{begun:?}");
    assert!(started.elapsed() < TIMEOUT + SLACK, "beginning took {:?}", started.elapsed());
}

/// What entering answers as soon as it answers.
async fn once_available(subject: &Subject) -> Result<Entered, PlacesError> {
    loop {
        match subject.enter(&visitor(), OPEN).await {
            Err(PlacesError::Unavailable(_)) => tokio::task::yield_now().await,
            answer => return answer,
        }
    }
}

/// An address at which nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("redis://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_redis_that_is_away_costs_nobody_more_than_the_limit() {
    assert_unavailable(&subject(&impatient(&nobody().await))).await;
}

#[tokio::test]
async fn a_redis_that_takes_connections_and_says_nothing_costs_nobody_more_than_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut silent: Vec<TcpStream> = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            silent.push(connection);
        }
    });
    assert_unavailable(&subject(&impatient(&url))).await;
}

#[tokio::test]
async fn a_redis_that_hangs_costs_nobody_more_than_the_limit_and_is_used_again_afterwards() {
    let server = private_redis().await;
    let subject = subject(&impatient(server.url()));
    subject.begin(1, 0).await.unwrap();
    subject.entered(1).await;
    tell(server.url(), "CLIENT PAUSE 4000 ALL").await;
    assert_unavailable(&subject).await;
    tell(server.url(), "PING").await; // answered when it goes on
    assert!(once_available(&subject).await.is_ok());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_was_closed_is_made_again_without_anybody_noticing() {
    let server = private_redis().await;
    let subject = Subject::at(server.url()).await;
    for number in 1..=5 {
        tell(server.url(), "CLIENT KILL TYPE normal").await;
        assert_eq!(subject.enter(&visitor(), OPEN).await, Ok(place(number, true)));
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_redis_that_comes_back_is_found_again() {
    let mut server = private_redis().await;
    let subject = Subject::at(server.url()).await;
    server.kill().await.unwrap();
    assert!(matches!(subject.enter(&visitor(), OPEN).await, Err(PlacesError::Unavailable(_))));
    server.start().await.unwrap();
    assert_eq!(once_available(&subject).await, Err(PlacesError::Lost));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_next_node_is_asked_when_the_first_is_away() {
    let server = private_redis().await;
    let url = format!("{},{}", nobody().await, server.url().trim_start_matches("redis://").trim_end_matches('/'));
    let subject = Subject { places: places(&url), ..subject(&impatient(server.url())) };
    subject.begin(1, 0).await.unwrap();
    subject.entered(3).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn beyond_the_limits_it_is_busy() {
    let server = private_redis().await;
    let entries = LaneLimits { queue: 4, ..LaneLimits::default() };
    let subject = subject(&RedisSettings { in_flight: 2, entries, ..RedisSettings::new(server.url()) });
    subject.begin(1, 0).await.unwrap();
    let entries = join_all((0..100).map(async |_| subject.enter(&visitor(), OPEN).await)).await;
    let busy = entries.iter().filter(|entry| **entry == Err(PlacesError::Busy)).count();
    assert!(busy > 0 && entries.iter().filter(|entry| entry.is_ok()).count() == 100 - busy);
    let fronts = join_all((0..100).map(async |_| subject.places.front(subject.line, 0, 1).await)).await;
    assert_eq!(fronts.iter().filter(|front| front.is_ok()).count(), 2);
    assert!(fronts.iter().all(|front| front.is_ok() || *front == Err(PlacesError::Busy)));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_gives_up_waiting_gets_the_same_place_by_asking_again() {
    let subject = Subject::redis().await;
    let visitor = visitor();
    let entry = Entry { visitor: visitor.clone(), instead_of: None };
    drop(futures_util::poll!(subject.places.enter(subject.line, entry, OPEN)));
    let entered = subject.enter(&visitor, OPEN).await.unwrap();
    assert_eq!(entered.number, 1);
}
