//! What replicas share, put together.

use std::sync::Arc;

use onsale_application::ports::{Bus, HelperHealth, Places, SharedCache};
use onsale_local::{DEFAULT_BUS_CAPACITY, LocalBus, LocalPlaces};
use onsale_redis::{Redis, RedisBus, RedisHealth, RedisPlaces, RedisSettings, RedisSharedCache};

use crate::configuration::Configuration;
use crate::failure::Failure;

/// What the catalogue that replicas share is called in Redis.
const CATALOGUE: &str = "catalogue";

/// What replicas share beside the database: Redis, or, for one process alone, its own memory.
pub(super) struct Shared {
    pub(super) places: Arc<dyn Places>,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) cache: Option<Arc<dyn SharedCache>>,
    pub(super) redis_bus: Option<Arc<RedisBus>>,
    pub(super) redis_health: Option<Arc<dyn HelperHealth>>,
}

impl Shared {
    pub(super) fn new(redis: Option<Redis>) -> Self {
        let local: Arc<dyn Bus> = Arc::new(LocalBus::new(DEFAULT_BUS_CAPACITY));
        let Some(redis) = redis else {
            let places = Arc::new(LocalPlaces::default());
            return Self { places, bus: local, cache: None, redis_bus: None, redis_health: None };
        };
        let bus = Arc::new(RedisBus::new(redis.clone(), local));
        let redis_health: Arc<dyn HelperHealth> = Arc::new(RedisHealth::new(redis.clone()));
        let cache = Arc::new(RedisSharedCache::new(redis.clone(), CATALOGUE));
        let places = Arc::new(RedisPlaces::new(redis));
        Self { places, bus: bus.clone(), cache: Some(cache), redis_bus: Some(bus), redis_health: Some(redis_health) }
    }
}

/// The Redis that replicas share, if there is one; nothing is connected yet.
pub(super) fn redis(configuration: &Configuration) -> Result<Option<Redis>, Failure> {
    let url = configuration.redis_url.reveal();
    if url.is_empty() {
        return Ok(None);
    }
    let settings = RedisSettings { authorities: redis_authorities(configuration)?, ..RedisSettings::new(url) };
    let redis = Redis::new(&settings);
    redis.map(Some).map_err(|error| Failure::because(format!("setting `redis_url`: {error}")))
}

fn redis_authorities(configuration: &Configuration) -> Result<Option<Vec<u8>>, Failure> {
    let file = &configuration.redis_ca_file;
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let wrong = |error| Failure::because(format!("setting `redis_ca_file`: {}: {error}", file.display()));
    std::fs::read(file).map(Some).map_err(wrong)
}
