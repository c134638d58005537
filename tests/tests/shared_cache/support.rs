//! Shared caches of all three kinds, and one that says what it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use onsale_application::ports::{SharedAnswer, SharedCache, SharedCacheError, SharedLease, SharedValue};
use onsale_local::LocalSharedCache;
use onsale_redis::{Redis, RedisSettings, RedisSharedCache};
use onsale_test_servers::{RedisCluster, redis, redis_cluster};
use tokio::sync::{OnceCell, mpsc};
use uuid::Uuid;

/// Runs each contract on every kind of shared cache, for functions that take a [`Place`].
macro_rules! contracts {
    ($($name:ident),+ $(,)?) => {
        onsale_tests::on_every_kind!(
            $crate::support::Place::local(),
            $crate::support::Place::redis().await,
            $crate::support::Place::cluster().await;
            $($name),+
        );
    };
}
pub(crate) use contracts;

/// Longer than a busy machine ever takes.
const LONG: Duration = Duration::from_secs(20);

/// Where replicas share what they read; every test has a catalogue of its own.
pub(crate) enum Place {
    Local(Arc<LocalSharedCache>),
    Redis { url: String, catalogue: String },
}

impl Place {
    pub(crate) fn local() -> Self {
        Self::Local(Arc::default())
    }

    /// On the server that all tests share.
    pub(crate) async fn redis() -> Self {
        Self::at(redis().await.url())
    }

    /// On the Cluster that all tests share.
    pub(crate) async fn cluster() -> Self {
        static SHARED: OnceCell<RedisCluster> = OnceCell::const_new();
        Self::at(&SHARED.get_or_init(redis_cluster).await.url())
    }

    pub(crate) fn at(url: &str) -> Self {
        Self::Redis { url: url.to_owned(), catalogue: Uuid::now_v7().to_string() }
    }

    /// A way to it, as one replica has.
    pub(crate) fn way(&self) -> Arc<dyn SharedCache> {
        self.way_within(LONG)
    }

    /// A way on which nobody waits longer than `limit`.
    pub(crate) fn way_within(&self, limit: Duration) -> Arc<dyn SharedCache> {
        match self {
            Self::Local(cache) => cache.clone(),
            Self::Redis { url, catalogue } => {
                let settings = RedisSettings { timeout: limit, cache_timeout: limit, ..RedisSettings::new(url) };
                Arc::new(RedisSharedCache::new(Redis::new(&settings).unwrap(), catalogue))
            }
        }
    }
}

/// A shared cache that counts how often it is asked for values, and says when leases come back.
pub(crate) struct Witness {
    cache: Arc<dyn SharedCache>,
    asked: AtomicUsize,
    released: mpsc::UnboundedSender<()>,
}

impl Witness {
    pub(crate) fn new(cache: Arc<dyn SharedCache>) -> (Arc<Self>, mpsc::UnboundedReceiver<()>) {
        let (sender, releases) = mpsc::unbounded_channel();
        (Arc::new(Self { cache, asked: AtomicUsize::new(0), released: sender }), releases)
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl SharedCache for Witness {
    async fn get(&self, name: &str) -> Result<SharedAnswer, SharedCacheError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.cache.get(name).await
    }

    async fn fill(&self, name: &str, value: SharedValue, ttl: Duration) -> Result<bool, SharedCacheError> {
        self.cache.fill(name, value, ttl).await
    }

    async fn lease(&self, name: &str, length: Duration) -> Result<Option<SharedLease>, SharedCacheError> {
        self.cache.lease(name, length).await
    }

    async fn release(&self, name: &str, lease: SharedLease) -> Result<(), SharedCacheError> {
        let answer = self.cache.release(name, lease).await;
        self.released.send(()).ok();
        answer
    }

    async fn raise(&self, generation: i64) -> Result<i64, SharedCacheError> {
        self.cache.raise(generation).await
    }

    async fn start_over(&self, generation: i64) -> Result<(), SharedCacheError> {
        self.cache.start_over(generation).await
    }
}
