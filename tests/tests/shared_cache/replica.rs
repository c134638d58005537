//! Replicas over one database, whose readings the tests count, hold back and refuse.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_application::ports::{
    Bus, CatalogueEditor, CatalogueReader, Clock, ConcertChange, ConcertFilter, ConcertListing, Page, SharedCache,
    Unavailable, Versioned,
};
use onsale_cache::{CacheSettings, CachedCatalogue};
use onsale_domain::ids::{ConcertId, PerformanceId, SeatingPlanId};
use onsale_domain::performance::Performance;
use onsale_domain::plan::SeatingPlan;
use onsale_sql::SqlCatalogue;
use onsale_tests::samples::concert;
use onsale_tests::store::Store;
use tokio::sync::{Semaphore, mpsc};

/// Nobody gives up waiting for another's reading.
pub(crate) const PATIENT: CacheSettings =
    CacheSettings { patience: Duration::from_mins(1), lease: Duration::from_mins(1), ..CacheSettings::DEFAULT };
/// Nobody waits for another's reading.
pub(crate) const HASTY: CacheSettings = CacheSettings { patience: Duration::ZERO, ..CacheSettings::DEFAULT };

/// One process, as far as the catalogue is concerned.
pub(crate) struct Replica {
    pub(crate) cache: Arc<CachedCatalogue>,
    pub(crate) reader: Arc<Reader>,
    read: mpsc::UnboundedReceiver<()>,
}

impl Replica {
    /// One that hears nothing of the others but what they share.
    pub(crate) fn new(store: &Store, shared: Arc<dyn SharedCache>, settings: CacheSettings) -> Self {
        Self::on(store, store.bus.clone(), shared, settings)
    }

    pub(crate) fn on(store: &Store, bus: Arc<dyn Bus>, shared: Arc<dyn SharedCache>, settings: CacheSettings) -> Self {
        let (sender, read) = mpsc::unbounded_channel();
        let reader = Arc::new(Reader {
            inner: catalogue(store),
            loads: AtomicUsize::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            read: sender,
            reachable: AtomicBool::new(true),
        });
        let clock: Arc<dyn Clock> = store.clock.clone();
        let cache = CachedCatalogue::new(reader.clone(), bus, Some(shared), &clock, settings);
        Self { cache: Arc::new(cache), reader, read }
    }

    pub(crate) async fn title(&self, id: ConcertId) -> String {
        self.read(id).await.0
    }

    /// The concert's title and when it was read from SQL.
    pub(crate) async fn read(&self, id: ConcertId) -> (String, DateTime<Utc>) {
        let read = self.cache.concert(id).await.unwrap();
        (read.value.unwrap().concert.title.clone(), read.read_at)
    }

    /// Waits until a reading has seen its rows.
    pub(crate) async fn has_read(&mut self) {
        self.read.recv().await.unwrap();
    }
}

/// The database, and a gate between its rows and those who want them.
pub(crate) struct Reader {
    inner: SqlCatalogue,
    loads: AtomicUsize,
    gate: Semaphore,
    read: mpsc::UnboundedSender<()>,
    reachable: AtomicBool,
}

impl Reader {
    pub(crate) fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    pub(crate) fn close_gate(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn open_gate(&self) {
        self.gate.add_permits(1_000);
    }

    pub(crate) fn set_reachable(&self, reachable: bool) {
        self.reachable.store(reachable, Ordering::SeqCst);
    }

    async fn let_through<T>(&self, reading: impl Future<Output = Result<T, Unavailable>>) -> Result<T, Unavailable> {
        self.check()?;
        let rows = reading.await;
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.read.send(()).ok();
        self.gate.acquire().await.unwrap().forget();
        rows
    }

    fn check(&self) -> Result<(), Unavailable> {
        let reachable = self.reachable.load(Ordering::SeqCst);
        if reachable { Ok(()) } else { Err(Unavailable::because("the database is away")) }
    }
}

#[async_trait]
impl CatalogueReader for Reader {
    async fn concerts(
        &self,
        filter: &ConcertFilter,
    ) -> Result<Versioned<Arc<Page<Arc<ConcertListing>, ConcertId>>>, Unavailable> {
        self.let_through(self.inner.concerts(filter)).await
    }

    async fn concert(&self, id: ConcertId) -> Result<Versioned<Option<Arc<ConcertListing>>>, Unavailable> {
        self.let_through(self.inner.concert(id)).await
    }

    async fn performance(&self, id: PerformanceId) -> Result<Versioned<Option<Arc<Performance>>>, Unavailable> {
        self.let_through(self.inner.performance(id)).await
    }

    async fn seating_plan(&self, id: SeatingPlanId) -> Result<Option<Arc<SeatingPlan>>, Unavailable> {
        self.let_through(self.inner.seating_plan(id)).await
    }

    async fn generation(&self) -> Result<i64, Unavailable> {
        self.check()?;
        self.inner.generation().await
    }
}

pub(crate) fn catalogue(store: &Store) -> SqlCatalogue {
    SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone())
}

/// A concert called `old`.
pub(crate) async fn added(store: &Store) -> ConcertId {
    let concert = concert(&store.context, "old");
    let id = concert.id;
    catalogue(store).add_concert(concert, None).await.unwrap();
    id
}

/// Changes its title to `new`.
pub(crate) async fn change(store: &Store, id: ConcertId) {
    let change = ConcertChange { title: Some("new".to_owned()), ..ConcertChange::default() };
    catalogue(store).change_concert(id, change, None).await.unwrap();
}
