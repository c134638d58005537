use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use onsale_application::ports::{
    Bus, BusMessage, BusReceiver, CatalogueReader, Clock, ConcertFilter, ConcertListing, Page, SharedCache,
    Unavailable, Versioned,
};
use onsale_domain::ids::{ConcertId, PerformanceId, SeatingPlanId};
use onsale_domain::performance::Performance;
use onsale_domain::plan::SeatingPlan;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::generation::KnownGeneration;
use crate::kinds::{Concerts, Kind, Lists, Performances};
use crate::plans::Plans;
use crate::settings::{CacheSettings, within};
use crate::shared::Sharing;
use crate::shelf::Shelf;

/// A catalogue reader in front of another: it answers from memory as long as that is right.
///
/// - A value is served while no later generation is known and it is younger than its time to live; late in its life
///   the next one is read in the background. Whoever asks after a change is known gets a value that shows it, even when
///   an older one is being read at that moment.
/// - However many want a value, it is read once. The reading goes on when those who asked for it leave.
/// - While the store cannot be read, the last value stands in, with its own `read_at`, for up to an hour.
///
/// [`run`](Self::run) must run all the time; without it a change made elsewhere shows after the time to live.
pub struct CachedCatalogue {
    reader: Arc<dyn CatalogueReader>,
    bus: Arc<dyn Bus>,
    settings: CacheSettings,
    known: Arc<KnownGeneration>,
    sharing: Option<Arc<Sharing>>,
    lists: Arc<Shelf<Lists>>,
    concerts: Arc<Shelf<Concerts>>,
    performances: Arc<Shelf<Performances>>,
    plans: Plans,
    /// Whether the generation could not be read the last time, so that trouble is logged when it begins and ends.
    in_the_dark: AtomicBool,
}

impl CachedCatalogue {
    /// A cache in front of `reader`, which shares what it reads with other replicas in `shared`, if there is one. A recorder of metrics must be installed before, or nothing is recorded.
    #[must_use]
    pub fn new(
        reader: Arc<dyn CatalogueReader>,
        bus: Arc<dyn Bus>,
        shared: Option<Arc<dyn SharedCache>>,
        clock: &Arc<dyn Clock>,
        settings: CacheSettings,
    ) -> Self {
        let known = Arc::new(KnownGeneration::new());
        let sharing = shared.map(|cache| Sharing::new(cache, Arc::clone(&reader), Arc::clone(&known), settings));
        let sharing = sharing.map(Arc::new);
        let shelves = Shelves { reader: &reader, clock, known: &known, sharing: &sharing, settings };
        Self {
            lists: shelves.shelf(settings.lists_bytes),
            concerts: shelves.shelf(settings.concerts_bytes),
            performances: shelves.shelf(settings.performances_bytes),
            plans: Plans::new(Arc::clone(&reader), Arc::clone(&known), settings),
            in_the_dark: AtomicBool::new(false),
            reader,
            bus,
            settings,
            known,
            sharing,
        }
    }

    /// Reads what the first visitors will ask for.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be read: the cache is cold, and this replica not ready.
    pub async fn warm(&self, first_page: &ConcertFilter) -> Result<(), Unavailable> {
        self.generation().await?;
        self.concerts(first_page).await.map(drop)
    }

    /// Learns of changes until `shutdown`: at once from the bus, and by reading the generation every half second.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let receiver = self.bus.subscribe();
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.listen(receiver) => {}
            () = self.watch_generation() => {}
            () = self.tell() => {}
        }
    }

    async fn tell(&self) {
        match &self.sharing {
            Some(sharing) => sharing.tell().await,
            None => pending().await,
        }
    }

    async fn listen(&self, mut receiver: Box<dyn BusReceiver>) {
        loop {
            match receiver.next().await {
                Some(BusMessage::Catalogue { generation }) => self.known.raise(generation),
                Some(BusMessage::Seats(_) | BusMessage::Room { .. } | BusMessage::Campaign { .. }) => {}
                None => self.learn_generation().await,
            }
        }
    }

    async fn watch_generation(&self) {
        let mut ticks = interval(self.settings.poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.learn_generation().await;
        }
    }

    async fn learn_generation(&self) {
        let known = self.known.get();
        match within(self.settings.load_timeout, self.reader.generation()).await {
            Ok(generation) => {
                if self.in_the_dark.swap(false, Ordering::Relaxed) {
                    info!(generation, "the catalogue's generation can be read again");
                }
                self.learn(known, generation).await;
            }
            Err(failure) => {
                if !self.in_the_dark.swap(true, Ordering::Relaxed) {
                    warn!(%failure, "the catalogue's generation cannot be read; changes show after the time to live");
                }
            }
        }
    }

    /// A generation below the one that was known before asking means that the store was put back to an earlier state, as
    /// by restoring a backup. Then everything read before is void.
    async fn learn(&self, known: i64, generation: i64) {
        if generation >= known {
            self.known.raise(generation);
        } else if self.known.set_back(known, generation) {
            warn!(known, generation, "the catalogue's generation went back; everything is read again");
            self.lists.clear();
            self.concerts.clear();
            self.performances.clear();
            if let Some(sharing) = &self.sharing {
                sharing.start_over(generation).await;
            }
        }
    }
}

struct Shelves<'a> {
    reader: &'a Arc<dyn CatalogueReader>,
    clock: &'a Arc<dyn Clock>,
    known: &'a Arc<KnownGeneration>,
    sharing: &'a Option<Arc<Sharing>>,
    settings: CacheSettings,
}

impl Shelves<'_> {
    fn shelf<K: Kind>(&self, bytes: u64) -> Arc<Shelf<K>> {
        let (reader, clock, known) = (Arc::clone(self.reader), Arc::clone(self.clock), Arc::clone(self.known));
        Arc::new(Shelf::new(reader, clock, known, self.sharing.clone(), self.settings, bytes))
    }
}

#[async_trait]
impl CatalogueReader for CachedCatalogue {
    async fn concerts(
        &self,
        filter: &ConcertFilter,
    ) -> Result<Versioned<Arc<Page<Arc<ConcertListing>, ConcertId>>>, Unavailable> {
        self.lists.get(filter).await
    }

    async fn concert(&self, id: ConcertId) -> Result<Versioned<Option<Arc<ConcertListing>>>, Unavailable> {
        self.concerts.get(&id).await
    }

    async fn performance(&self, id: PerformanceId) -> Result<Versioned<Option<Arc<Performance>>>, Unavailable> {
        self.performances.get(&id).await
    }

    async fn seating_plan(&self, id: SeatingPlanId) -> Result<Option<Arc<SeatingPlan>>, Unavailable> {
        self.plans.get(id).await
    }

    /// The store's, always read: what is kept here is compared with it.
    async fn generation(&self) -> Result<i64, Unavailable> {
        let generation = within(self.settings.load_timeout, self.reader.generation()).await?;
        self.known.raise(generation);
        Ok(generation)
    }
}
