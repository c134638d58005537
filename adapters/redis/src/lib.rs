//! Redis adapters, for several replicas: waiting lines, hold timer, event bus and shared cache. Redis 7.0 or later, or a
//! server that speaks like it.
//!
//! One server or a Cluster: every key of a room, of a part of the timer or of the cache shares one hash tag, and
//! redirections are followed wherever they come from. Nothing in Redis is the truth: it may be emptied, restarted or replaced by another at any moment.

mod backoff;
mod bus;
mod health;
mod hold_timer;
mod link;
mod metrics;
mod places;
mod server;
mod settings;
mod shared_cache;

pub use bus::RedisBus;
pub use health::RedisHealth;
pub use hold_timer::{RedisHoldTimer, RedisHoldTimerSettings};
pub use places::RedisPlaces;
pub use server::Redis;
pub use settings::{RedisSettings, RedisSettingsError};
pub use shared_cache::RedisSharedCache;
