use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use onsale_application::ports::{SharedAnswer, SharedCache, SharedCacheError, SharedLease, SharedValue};
use redis::{FromRedisValue, ToRedisArgs, from_redis_value};
use uuid::Uuid;

use crate::link::{Call, Link, LinkError, NOTHING, Script};
use crate::server::Redis;

/// How long the mark outlives the last that was told or kept: far longer than any value lives or is being read.
const MARK_LIFE: Duration = Duration::from_hours(1);
/// An epoch, then a generation.
const MARK_BYTES: usize = 24;
const EPOCH_BYTES: usize = 16;

/// A script that begins with the mark.
macro_rules! marked {
    ($name:literal) => {
        Script::new(
            concat!("cache_", $name),
            concat!(
                include_str!("shared_cache/lua/mark.lua"),
                include_str!(concat!("shared_cache/lua/", $name, ".lua"))
            ),
        )
    };
}

/// The shared cache in Redis.
///
/// Every key of a catalogue has one hash tag, so that a script sees mark and value together; on a Cluster one node has
/// them all. That is no burden: each replica asks for a value about once a minute.
pub struct RedisSharedCache {
    link: Link,
    tag: String,
    get: Script,
    fill: Script,
    lease: Script,
    release: Script,
    raise: Script,
    start_over: Script,
}

/// What stands in front of a value's bytes, and is all of the mark.
struct Mark<'a> {
    epoch: &'a [u8],
    generation: i64,
}

impl<'a> Mark<'a> {
    /// The mark at the beginning of `bytes`, and what follows it.
    fn split(bytes: &'a Bytes) -> Option<(Self, Bytes)> {
        let (epoch, rest) = bytes.split_at_checked(EPOCH_BYTES)?;
        let generation = i64::from_be_bytes(*rest.first_chunk()?);
        Some((Self { epoch, generation }, bytes.slice(MARK_BYTES..)))
    }
}

impl RedisSharedCache {
    /// The shared cache of the catalogue called `catalogue` in `redis`. A recorder of metrics must be installed before, or
    /// nothing is recorded.
    #[must_use]
    pub fn new(redis: Redis, catalogue: &str) -> Self {
        let limit = redis.settings().cache_timeout;
        Self {
            link: Link::new(redis.within(limit)),
            tag: format!("{{onsale:{catalogue}}}"),
            get: Script::known("cache_get", "MGET"),
            fill: marked!("fill"),
            lease: Script::new("cache_lease", include_str!("shared_cache/lua/lease.lua")),
            release: Script::new("cache_release", include_str!("shared_cache/lua/release.lua")),
            raise: marked!("raise"),
            start_over: marked!("start_over"),
        }
    }

    fn mark(&self) -> String {
        format!("{}:mark", self.tag)
    }

    fn value(&self, name: &str) -> String {
        format!("{}:value:{name}", self.tag)
    }

    fn leased(&self, name: &str) -> String {
        format!("{}:lease:{name}", self.tag)
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &(impl ToRedisArgs + Sync),
    ) -> Result<T, SharedCacheError> {
        // All keys have one tag, so any name for it will do.
        let call = Call { script, tag: Uuid::nil(), keys, arguments };
        match self.link.run(&call).await {
            Ok(answer) => from_redis_value(answer).map_err(|error| SharedCacheError::Unavailable(error.to_string())),
            Err(LinkError::Busy) => Err(SharedCacheError::Busy),
            Err(LinkError::Unavailable(cause)) => Err(SharedCacheError::Unavailable(cause)),
        }
    }
}

#[async_trait]
impl SharedCache for RedisSharedCache {
    async fn get(&self, name: &str) -> Result<SharedAnswer, SharedCacheError> {
        let keys = [self.mark(), self.value(name)];
        let (mark, value): (Option<Bytes>, Option<Bytes>) = self.run(&self.get, &keys, &NOTHING).await?;
        let Some((mark, _)) = mark.as_ref().and_then(Mark::split) else { return Ok(SharedAnswer::default()) };
        let value = value.as_ref().and_then(Mark::split);
        let value = value.filter(|(under, _)| under.epoch == mark.epoch && under.generation >= mark.generation);
        let value = value.map(|(under, bytes)| SharedValue { generation: under.generation, bytes });
        Ok(SharedAnswer { latest: Some(mark.generation), value })
    }

    async fn fill(&self, name: &str, value: SharedValue, ttl: Duration) -> Result<bool, SharedCacheError> {
        let epoch = new_name();
        let arguments = (
            value.generation,
            epoch.as_bytes().as_slice(),
            milliseconds(MARK_LIFE),
            milliseconds(ttl),
            value.bytes.as_ref(),
        );
        self.run(&self.fill, &[self.mark(), self.value(name)], &arguments).await
    }

    async fn lease(&self, name: &str, length: Duration) -> Result<Option<SharedLease>, SharedCacheError> {
        let lease = new_name();
        let arguments = (lease.as_bytes().as_slice(), milliseconds(length));
        let taken: bool = self.run(&self.lease, &[self.leased(name)], &arguments).await?;
        Ok(taken.then_some(SharedLease(lease)))
    }

    async fn release(&self, name: &str, lease: SharedLease) -> Result<(), SharedCacheError> {
        self.run::<i64>(&self.release, &[self.leased(name)], &lease.0.as_bytes().as_slice()).await.map(drop)
    }

    async fn raise(&self, generation: i64) -> Result<i64, SharedCacheError> {
        let epoch = new_name();
        self.run(&self.raise, &[self.mark()], &(generation, epoch.as_bytes().as_slice(), milliseconds(MARK_LIFE))).await
    }

    async fn start_over(&self, generation: i64) -> Result<(), SharedCacheError> {
        let epoch = new_name();
        let arguments = (generation, epoch.as_bytes().as_slice(), milliseconds(MARK_LIFE));
        self.run::<i64>(&self.start_over, &[self.mark()], &arguments).await.map(drop)
    }
}

/// At least one: Redis refuses to keep anything for none.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Tells epochs, and leases, apart.
#[expect(clippy::disallowed_methods, reason = "nothing but this adapter ever sees it, and no rule depends on it")]
fn new_name() -> Uuid {
    Uuid::now_v7()
}
