//! Redis over TLS, with a user who may do no more than is needed.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use onsale_application::ports::{
    Bus, BusMessage, Context, HelperHealth, HoldAlarm, HoldTimer, SharedCache, SharedValue,
};
use onsale_crypto::{SystemClock, UuidIds};
use onsale_domain::ids::{PerformanceId, ReservationId};
use onsale_local::LocalBus;
use onsale_redis::{
    Redis, RedisBus, RedisHealth, RedisHoldTimer, RedisHoldTimerSettings, RedisPlaces, RedisSettings,
    RedisSettingsError, RedisSharedCache,
};
use onsale_test_servers::{SecuredRedis, secured_redis};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Subject, settings};

const LONG: Duration = Duration::from_secs(30);
/// The rights that docs/operations.md asks for.
const RIGHTS: &str = "user onsale on >secret resetchannels &onsale:bus &onsale:timer ~{onsale:room:* ~{onsale:timer:* \
    ~{onsale:catalogue}:* \
    +eval +evalsha +info +cluster|info +ping +publish +subscribe +spublish +ssubscribe \
    +asking +select +get +mget +set +del +hset +hmget +hdel +expire +pexpire +unlink \
    +zadd +zcard +zcount +zmscore +zrange +zrem +zremrangebyrank +zscore";

fn context() -> Context {
    Context::new(Arc::new(SystemClock), Arc::new(UuidIds))
}

async fn server() -> SecuredRedis {
    secured_redis(&format!("user default off\n{RIGHTS}\n")).await
}

fn trusting(server: &SecuredRedis, password: &str) -> RedisSettings {
    let authorities = Some(fs::read(server.authority()).unwrap());
    RedisSettings { authorities, ..settings(&server.url("onsale", password)) }
}

/// Why the Redis of `settings` is not well.
async fn trouble(settings: &RedisSettings) -> String {
    RedisHealth::new(Redis::new(settings).unwrap()).status().await.unwrap_err().cause
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_with_the_rights_that_are_asked_for_can_do_everything() {
    let server = server().await;
    let redis = Redis::new(&trusting(&server, "secret")).unwrap();
    let subject = Subject::with(Arc::new(RedisPlaces::new(redis.clone()))).await;
    let visitors = subject.entered(3).await;
    assert_eq!(subject.number_of(&visitors[2]).await, Some(3));
    let answers = subject.answers().await;
    assert!(answers.iter().all(Option::is_none), "{answers:?}");
    subject.places.clear(subject.line.room).await.unwrap();
    assert_eq!(RedisHealth::new(redis.clone()).status().await.as_deref(), Ok("1 of 1 nodes answer"));

    let timer = RedisHoldTimer::new(redis.clone(), RedisHoldTimerSettings::default(), context());
    let (reservation, performance) = (ReservationId(Uuid::from_u128(1)), PerformanceId(Uuid::from_u128(2)));
    let alarm = HoldAlarm { reservation, performance, due: DateTime::UNIX_EPOCH };
    timer.arm(&[alarm]).await.unwrap();
    assert_eq!(timer.ring(10).await.unwrap(), [alarm]);
    timer.acknowledge(&[alarm]).await.unwrap();
    assert_eq!(timer.dead(10).await.unwrap().known, 0);

    let cache = RedisSharedCache::new(redis.clone(), "catalogue");
    let lease = cache.lease("name", LONG).await.unwrap().expect("nobody has it");
    let value = SharedValue { generation: 1, bytes: "value".into() };
    assert!(cache.fill("name", value.clone(), LONG).await.unwrap());
    cache.release("name", lease).await.unwrap();
    assert_eq!(cache.get("name").await.unwrap().value, Some(value));
    cache.start_over(0).await.unwrap();

    let [speaker, listener] = [(); 2].map(|()| Arc::new(RedisBus::new(redis.clone(), Arc::new(LocalBus::new(64)))));
    let shutdown = CancellationToken::new();
    let tasks = [&speaker, &listener].map(|bus| {
        let (bus, shutdown) = (Arc::clone(bus), shutdown.clone());
        tokio::spawn(async move { bus.run(shutdown).await.unwrap() })
    });
    let mut receiver = listener.subscribe();
    let mut next = async || timeout(LONG, receiver.next()).await.expect("a message or a missed signal");
    assert_eq!(next().await, None, "it listens");
    let message = BusMessage::Catalogue { generation: 1 };
    speaker.publish(message.clone());
    while next().await.as_ref() != Some(&message) {}
    shutdown.cancel();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_nobody_vouches_for_is_refused() {
    let server = server().await;
    let stranger = self::server().await;
    let of_another = RedisSettings { authorities: trusting(&stranger, "").authorities, ..trusting(&server, "secret") };
    for settings in [settings(&server.url("onsale", "secret")), of_another] {
        let trouble = trouble(&settings).await;
        assert!(
            trouble.contains("cannot connect to Redis") && trouble.contains("invalid peer certificate"),
            "{trouble}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_named_and_not_shown() {
    let server = server().await;
    let trouble = trouble(&trusting(&server, "hunter2")).await;
    assert!(trouble.contains("WRONGPASS") || trouble.contains("authentication failed"), "{trouble}");
    assert!(!trouble.contains("hunter2"), "{trouble}");
}

#[test]
fn authorities_that_would_not_be_used_are_refused() {
    let certificate = Some(b"-----BEGIN CERTIFICATE-----".to_vec());
    let without_tls = RedisSettings { authorities: certificate, ..RedisSettings::new("redis://one") };
    assert_eq!(Redis::new(&without_tls).err(), Some(RedisSettingsError::AuthoritiesWithoutTls));
    let nobody = RedisSettings { authorities: Some(b"none".to_vec()), ..RedisSettings::new("rediss://one") };
    assert!(matches!(Redis::new(&nobody).err(), Some(RedisSettingsError::Authorities(_))));
}
