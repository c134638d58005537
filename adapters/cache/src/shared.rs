use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use onsale_application::ports::{CatalogueReader, SharedCache, SharedCacheError, SharedLease, SharedValue};
use tokio::sync::Mutex;
use tokio::time::sleep;
use tracing::{debug, warn};

mod breaker;

use breaker::Breaker;

use crate::generation::KnownGeneration;
use crate::settings::{CacheSettings, within};

/// The second level, as far as it answers: nobody waits for one that does not.
pub(crate) struct Sharing {
    cache: Arc<dyn SharedCache>,
    reader: Arc<dyn CatalogueReader>,
    known: Arc<KnownGeneration>,
    settings: CacheSettings,
    breaker: Breaker,
    /// Held while SQL is asked whether it knows of a generation, so that everybody waits for one question.
    asking: Mutex<()>,
}

/// Who reads a value for everybody.
pub(crate) enum Leasing {
    /// Whoever asked.
    Taken(SharedLease),
    /// Another replica.
    Held,
    /// Each for itself: the second level does not answer.
    Away,
}

impl Sharing {
    pub(crate) fn new(
        cache: Arc<dyn SharedCache>,
        reader: Arc<dyn CatalogueReader>,
        known: Arc<KnownGeneration>,
        settings: CacheSettings,
    ) -> Self {
        Self { cache, reader, known, settings, breaker: Breaker::new(), asking: Mutex::new(()) }
    }

    /// The value called `name`, if there is one that can be believed.
    pub(crate) async fn get(&self, name: &str) -> Option<SharedValue> {
        let answer = self.ask(self.cache.get(name)).await?;
        if answer.latest.is_none_or(|latest| latest < self.known.get()) {
            self.known.remind(); // it was emptied, or nobody has told it yet
        }
        let is_believed = match answer.latest {
            Some(latest) => self.believes(latest).await,
            None => false,
        };
        answer.value.filter(|_| is_believed)
    }

    pub(crate) async fn lease(&self, name: &str) -> Leasing {
        match self.ask(self.cache.lease(name, self.settings.lease)).await {
            Some(Some(lease)) => Leasing::Taken(lease),
            Some(None) => Leasing::Held,
            None => Leasing::Away,
        }
    }

    pub(crate) async fn release(&self, name: &str, lease: SharedLease) {
        self.ask(self.cache.release(name, lease)).await;
    }

    pub(crate) async fn fill(&self, name: &str, value: SharedValue, ttl: Duration) {
        let generation = value.generation;
        if self.ask(self.cache.fill(name, value, ttl)).await == Some(false) {
            debug!(name, generation, "a value was not shared: a later generation is known, or there is no room");
        }
    }

    pub(crate) async fn start_over(&self, generation: i64) {
        self.ask(self.cache.start_over(generation)).await;
    }

    /// Tells the second level of each later generation, so that it gives nobody an older value any more. A second level
    /// that did not answer is told again and again until it does, and used by requests only from then on.
    pub(crate) async fn tell(&self) {
        loop {
            if let Some(generation) = self.known.if_any() {
                match self.cache.raise(generation).await {
                    Ok(latest) => {
                        self.breaker.close();
                        self.believes(latest).await;
                    }
                    Err(error) => {
                        self.note(&error);
                        sleep(self.settings.retry_pause).await;
                        continue;
                    }
                }
            }
            self.known.news().await;
            if self.breaker.is_open() {
                sleep(self.settings.retry_pause).await; // or one that answers this and not requests would be asked for ever
            }
        }
    }

    /// Whether SQL knows of the generation `latest` that the second level says. If it does not, the store was put back
    /// to an earlier state, and the second level has another history.
    async fn believes(&self, latest: i64) -> bool {
        if latest <= self.known.get() {
            return true;
        }
        let _asking = self.asking.lock().await;
        if latest <= self.known.get() {
            return true; // somebody else has asked
        }
        match within(self.settings.load_timeout, self.reader.generation()).await {
            Ok(generation) if generation < latest => {
                warn!(latest, generation, "the shared cache comes from another history; it starts over");
                self.start_over(generation).await;
                false
            }
            Ok(generation) => {
                self.known.raise(generation);
                true
            }
            Err(_) => {
                self.known.raise(latest);
                true
            }
        }
    }

    async fn ask<T>(&self, asking: impl Future<Output = Result<T, SharedCacheError>>) -> Option<T> {
        if self.breaker.is_open() {
            return None;
        }
        asking.await.inspect_err(|error| self.note(error)).ok()
    }

    fn note(&self, error: &SharedCacheError) {
        match error {
            SharedCacheError::Busy => debug!(%error, "a value is not shared"),
            SharedCacheError::Unavailable(cause) => {
                self.breaker.open(cause);
                self.known.remind();
            }
        }
    }
}
