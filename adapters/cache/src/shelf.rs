use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::future::Cache;
use onsale_application::ports::{CatalogueReader, Clock, Unavailable, Versioned};
use parking_lot::Mutex;
use tracing::warn;

use crate::generation::KnownGeneration;
use crate::kinds::Kind;
use crate::metrics::ShelfMetrics;
use crate::settings::CacheSettings;
use crate::shared::Sharing;

mod entry;
mod fetch;
mod flight;
mod patience;

use entry::{Entry, Eviction, Lifetimes};
use fetch::Haste;
use flight::{Answer, Flight, Landing};
use patience::Patience;

/// What one entry takes beside its key and value, in bytes, about.
const ENTRY_BYTES: usize = 300;

type Entries<K> = Cache<<K as Kind>::Key, Arc<Entry<<K as Kind>::Value>>>;

/// Values of one kind: kept for a while, read once however many want them.
pub(crate) struct Shelf<K: Kind> {
    reader: Arc<dyn CatalogueReader>,
    clock: Arc<dyn Clock>,
    known: Arc<KnownGeneration>,
    settings: CacheSettings,
    /// What replicas share, if they do.
    sharing: Option<Arc<Sharing>>,
    /// Nothing when this process keeps nothing.
    entries: Option<Entries<K>>,
    patience: Patience,
    flights: Mutex<HashMap<K::Key, Flight<K::Value>>>,
    hasher: RandomState,
    metrics: ShelfMetrics,
}

impl<K: Kind> Shelf<K> {
    pub(crate) fn new(
        reader: Arc<dyn CatalogueReader>,
        clock: Arc<dyn Clock>,
        known: Arc<KnownGeneration>,
        sharing: Option<Arc<Sharing>>,
        settings: CacheSettings,
        bytes: u64,
    ) -> Self {
        let entries = settings.l1.then(|| {
            Cache::builder()
                .max_capacity(bytes)
                .weigher(|key, entry: &Arc<Entry<K::Value>>| {
                    u32::try_from(ENTRY_BYTES + K::weight(key, &entry.value.value)).unwrap_or(u32::MAX)
                })
                .expire_after(Eviction)
                .build()
        });
        Self {
            reader,
            clock,
            known,
            settings,
            sharing,
            entries,
            patience: Patience::default(),
            flights: Mutex::default(),
            hasher: RandomState::new(),
            metrics: ShelfMetrics::new(K::NAME),
        }
    }

    /// The value of `key`, at least as recent as every change that this process knew of when it was asked.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be read and no value stands in.
    pub(crate) async fn get(self: &Arc<Self>, key: &K::Key) -> Result<Versioned<K::Value>, Unavailable> {
        let required = self.known.get();
        let entry = self.entry(key).await;
        if let Some(value) = entry.as_deref().and_then(|entry| self.at_hand(key, entry, required)) {
            return Ok(value);
        }
        self.metrics.misses.increment(1);
        let read = self.read(key, required).await;
        read.or_else(|failure| self.stand_in(entry.as_deref(), failure))
    }

    async fn entry(&self, key: &K::Key) -> Option<Arc<Entry<K::Value>>> {
        self.entries.as_ref()?.get(key).await
    }

    /// What can be served without waiting; late in its life the next one is read meanwhile.
    fn at_hand(self: &Arc<Self>, key: &K::Key, entry: &Entry<K::Value>, required: i64) -> Option<Versioned<K::Value>> {
        let now = self.clock.now();
        let again = if entry.is_current(required, now) {
            self.metrics.hits.increment(1);
            entry.is_due(now)
        } else if entry.is_troubled(now) {
            self.metrics.stale.increment(1);
            entry.has_rested(now)
        } else {
            return None;
        };
        if again {
            drop(self.flight(key, Haste::Ahead));
        }
        Some(entry.value.clone())
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        if let Some(entries) = &self.entries {
            entries.invalidate_all();
        }
    }

    /// Reads until the value shows what is `required`. The reading that is under way may have begun before that was
    /// known; the one after it begins later and so shows it.
    async fn read(self: &Arc<Self>, key: &K::Key, required: i64) -> Answer<K::Value> {
        let first = self.flight(key, Haste::Wanted).answer().await?;
        if first.generation >= required {
            return Ok(first);
        }
        let second = self.flight(key, Haste::Wanted).answer().await?;
        if second.generation < required {
            // The store was put back to an earlier state, as by restoring a backup: what it says now is the truth.
            warn!(kind = K::NAME, known = required, read = second.generation, "the catalogue's generation went back");
        }
        Ok(second)
    }

    /// The last value for want of a better one.
    fn stand_in(&self, entry: Option<&Entry<K::Value>>, failure: Unavailable) -> Answer<K::Value> {
        let entry = entry.filter(|entry| entry.stands_in(self.clock.now())).ok_or(failure)?;
        self.metrics.stale.increment(1);
        Ok(entry.value.clone())
    }

    /// The reading of `key` that is under way, begun if there is none. It goes on when those who wait for it leave.
    fn flight(self: &Arc<Self>, key: &K::Key, haste: Haste) -> Flight<K::Value> {
        let mut flights = self.flights.lock();
        if let Some(flight) = flights.get(key) {
            return flight.clone();
        }
        let (landing, flight) = Landing::new(Arc::clone(self), key.clone());
        flights.insert(key.clone(), flight.clone());
        drop(flights);
        tokio::spawn(Self::fly(landing, haste));
        flight
    }

    async fn fly(mut landing: Landing<K>, haste: Haste) {
        let shelf = Arc::clone(&landing.shelf);
        let fetched = shelf.fetch(&landing.key, haste).await;
        match &fetched.answer {
            Ok(value) => shelf.keep(&landing.key, value.clone(), fetched.age).await,
            Err(failure) => shelf.fail(&landing.key, failure).await,
        }
        landing.answer = Some(fetched.answer.clone());
        let key = landing.key.clone();
        drop(landing);
        shelf.share(&key, fetched).await;
    }

    /// Readings of one key never overlap, so the later value always replaces the earlier one.
    async fn keep(&self, key: &K::Key, value: Versioned<K::Value>, age: Duration) {
        self.known.raise(value.generation);
        let Some(entries) = &self.entries else { return };
        let absent = K::is_absent(&value.value);
        let lifetimes = Lifetimes::new(&self.settings, absent, age, self.hash(key, value.read_at));
        entries.insert(key.clone(), Arc::new(Entry::new(value, lifetimes))).await;
    }

    /// Says how much shorter than others a value lives, and differs between processes.
    fn hash(&self, key: &K::Key, read_at: DateTime<Utc>) -> u64 {
        self.hasher.hash_one((key, read_at))
    }

    async fn fail(&self, key: &K::Key, failure: &Unavailable) {
        let now = self.clock.now();
        if let Some(entry) = self.entry(key).await.filter(|entry| entry.stands_in(now)) {
            warn!(kind = K::NAME, read_at = %entry.value.read_at, %failure, "an older value stands in");
            entry.fail(now);
        }
    }
}
