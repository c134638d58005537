//! The store, the clock and the bus of these tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_application::ports::{
    Bus, BusMessage, BusReceiver, CatalogueReader, Clock, ConcertFilter, ConcertListing, Page, Unavailable, Versioned,
};
use onsale_domain::concert::Concert;
use onsale_domain::ids::{ConcertId, PerformanceId, SeatingPlanId};
use onsale_domain::performance::Performance;
use onsale_domain::plan::{SeatingPlan, Size};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinHandle, yield_now};
use uuid::Uuid;

use crate::{CacheSettings, CachedCatalogue};

pub(super) const START: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
pub(super) const CONCERT: ConcertId = ConcertId(Uuid::from_u128(1));
pub(super) const PLAN: SeatingPlanId = SeatingPlanId(Uuid::from_u128(2));

/// What SQL would hold.
#[derive(Clone)]
struct Rows {
    generation: i64,
    /// The concert's title; nothing when there is no concert.
    title: Option<&'static str>,
    plan: bool,
    reachable: bool,
}

/// A store with one concert, which looks at its rows when a reading begins and answers when the gate lets it.
pub(super) struct Store {
    rows: Mutex<Rows>,
    now: Mutex<DateTime<Utc>>,
    gate: Semaphore,
    loads: AtomicUsize,
    begun: mpsc::UnboundedSender<()>,
    polled: mpsc::UnboundedSender<()>,
    receivers: Mutex<Vec<mpsc::UnboundedSender<Option<BusMessage>>>>,
}

/// A cache in front of the store, and what happens at the store.
pub(super) struct Stage {
    pub(super) store: Arc<Store>,
    pub(super) cache: Arc<CachedCatalogue>,
    begun: mpsc::UnboundedReceiver<()>,
    polled: mpsc::UnboundedReceiver<()>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let (begun_sender, begun) = mpsc::unbounded_channel();
        let (polled_sender, polled) = mpsc::unbounded_channel();
        let store = Arc::new(Store {
            rows: Mutex::new(Rows { generation: 1, title: Some("old"), plan: true, reachable: true }),
            now: Mutex::new(START),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            loads: AtomicUsize::new(0),
            begun: begun_sender,
            polled: polled_sender,
            receivers: Mutex::default(),
        });
        let clock: Arc<dyn Clock> = store.clone();
        let cache = CachedCatalogue::new(store.clone(), store.clone(), None, &clock, CacheSettings::default());
        Self { store, cache: Arc::new(cache), begun, polled }
    }

    /// Reads the concert's title and when it was read.
    pub(super) async fn read(&self) -> Result<(Option<String>, DateTime<Utc>), Unavailable> {
        read(&self.cache).await
    }

    pub(super) async fn title(&self) -> Option<String> {
        self.read().await.unwrap().0
    }

    /// A visitor who reads the title; has asked when this returns.
    pub(super) async fn visitor(&self) -> JoinHandle<Result<(Option<String>, DateTime<Utc>), Unavailable>> {
        let cache = Arc::clone(&self.cache);
        let (asks, asked) = tokio::sync::oneshot::channel();
        let visitor = tokio::spawn(async move {
            asks.send(()).unwrap();
            read(&cache).await
        });
        asked.await.unwrap();
        yield_now().await;
        visitor
    }

    /// Waits until the store has begun to answer.
    pub(super) async fn load_begins(&mut self) {
        self.begun.recv().await.unwrap();
    }

    /// Forgets the loads that have begun so far.
    pub(super) fn forget_begun(&mut self) {
        while self.begun.try_recv().is_ok() {}
    }

    /// Waits until what the store said to a poll from now on has been taken in: the next poll has begun.
    pub(super) async fn poll_is_taken_in(&mut self) {
        while self.polled.try_recv().is_ok() {}
        for _ in 0..2 {
            self.polled.recv().await.unwrap();
        }
    }
}

async fn read(cache: &CachedCatalogue) -> Result<(Option<String>, DateTime<Utc>), Unavailable> {
    let read = cache.concert(CONCERT).await?;
    Ok((read.value.map(|listing| listing.concert.title.clone()), read.read_at))
}

impl Store {
    /// Changes the title and raises the generation, as one transaction does.
    pub(super) fn write(&self, title: &'static str) -> i64 {
        let mut rows = self.rows.lock();
        rows.title = Some(title);
        rows.generation += 1;
        rows.generation
    }

    pub(super) fn remove_concert(&self) {
        self.rows.lock().title = None;
    }

    pub(super) fn set_plan(&self, plan: bool) {
        let mut rows = self.rows.lock();
        rows.plan = plan;
        rows.generation += 1;
    }

    /// Puts an earlier state back, as restoring a backup does.
    pub(super) fn restore(&self, title: &'static str, generation: i64) {
        *self.rows.lock() = Rows { generation, title: Some(title), plan: true, reachable: true };
    }

    pub(super) fn set_reachable(&self, reachable: bool) {
        self.rows.lock().reachable = reachable;
    }

    pub(super) fn close_gate(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(super) fn let_through(&self, loads: usize) {
        self.gate.add_permits(loads);
    }

    pub(super) fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    pub(super) fn pass_time(&self, time: Duration) {
        *self.now.lock() += time;
    }

    /// Says something on the bus; nothing says that something was missed.
    pub(super) fn announce(&self, message: Option<&BusMessage>) {
        for receiver in &*self.receivers.lock() {
            receiver.send(message.cloned()).unwrap();
        }
    }

    async fn load<T>(&self, value: impl FnOnce(&Rows) -> T) -> Result<Versioned<T>, Unavailable> {
        let (rows, read_at) = (self.rows.lock().clone(), self.now());
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.begun.send(()).ok();
        self.gate.acquire().await.unwrap().forget();
        if !rows.reachable {
            return Err(Unavailable::because("the store is away"));
        }
        Ok(Versioned { value: value(&rows), generation: rows.generation, read_at })
    }
}

fn listing(rows: &Rows) -> Option<Arc<ConcertListing>> {
    let title = rows.title?.to_owned();
    let concert = Concert { id: CONCERT, title, description: None, image_url: None, venue: "Hall".to_owned() };
    Some(Arc::new(ConcertListing { concert, performances: Vec::new() }))
}

#[async_trait]
impl CatalogueReader for Store {
    async fn concerts(
        &self,
        _: &ConcertFilter,
    ) -> Result<Versioned<Arc<Page<Arc<ConcertListing>, ConcertId>>>, Unavailable> {
        self.load(|rows| Arc::new(Page { items: listing(rows).into_iter().collect(), next: None })).await
    }

    async fn concert(&self, id: ConcertId) -> Result<Versioned<Option<Arc<ConcertListing>>>, Unavailable> {
        self.load(|rows| listing(rows).filter(|_| id == CONCERT)).await
    }

    async fn performance(&self, _: PerformanceId) -> Result<Versioned<Option<Arc<Performance>>>, Unavailable> {
        self.load(|_| panic!("on purpose")).await
    }

    async fn seating_plan(&self, id: SeatingPlanId) -> Result<Option<Arc<SeatingPlan>>, Unavailable> {
        let empty = |_: &Rows| SeatingPlan {
            id,
            name: "Hall".to_owned(),
            size: Size::default(),
            categories: Vec::new(),
            zones: Vec::new(),
            areas: Vec::new(),
            seats: Vec::new(),
        };
        let read = self.load(|rows| (rows.plan && id == PLAN).then(|| Arc::new(empty(rows)))).await?;
        Ok(read.value)
    }

    async fn generation(&self) -> Result<i64, Unavailable> {
        self.polled.send(()).ok();
        let rows = self.rows.lock();
        if rows.reachable { Ok(rows.generation) } else { Err(Unavailable::because("the store is away")) }
    }
}

impl Clock for Store {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock()
    }
}

struct Receiver(mpsc::UnboundedReceiver<Option<BusMessage>>);

impl Bus for Store {
    fn publish(&self, message: BusMessage) {
        self.announce(Some(&message));
    }

    fn subscribe(&self) -> Box<dyn BusReceiver> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.receivers.lock().push(sender);
        Box::new(Receiver(receiver))
    }
}

#[async_trait]
impl BusReceiver for Receiver {
    async fn next(&mut self) -> Option<BusMessage> {
        self.0.recv().await.unwrap()
    }
}
