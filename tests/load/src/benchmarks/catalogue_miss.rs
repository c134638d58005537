//! `catalogue-miss`: what the catalogue's cache saves.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use onsale_application::ports::{CatalogueReader, Clock, ConcertFilter, Context};
use onsale_cache::{CacheSettings, CachedCatalogue};
use onsale_crypto::{SystemClock, UuidIds};
use onsale_local::{DEFAULT_BUS_CAPACITY, LocalBus};
use onsale_sql::SqlCatalogue;
use tokio::task::JoinSet;

use super::{Bench, programme};
use crate::{
    Failure,
    onsale::Onsale,
    report::Report,
    stage::Stage,
    store::{StoreKind, Stores},
    timings::Timings,
};

/// Who reads at the same time.
const READERS: usize = 64;
/// Reads between two looks at the clock: a read from memory takes less than looking.
const READS: u32 = 100;

/// Measures reads of the first page of concerts through the cache, against reads of the same from MySQL, in this process.
///
/// # Errors
/// When a server fails or both do not say the same.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let stores = Stores::start(StoreKind::Mysql, Duration::ZERO).await?;
    let store = stores.create().await?;
    let server = Onsale::start(&bench.binary, &store.settings, &[]).await?;
    programme::put_up(Stage { server: server.address(), operator: &store.operator }).await?;
    server.stop().await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let context = Context::new(clock.clone(), Arc::new(UuidIds));
    let bus = Arc::new(LocalBus::new(DEFAULT_BUS_CAPACITY));
    let uncached: Arc<dyn CatalogueReader> = Arc::new(SqlCatalogue::new(store.database.clone(), context, bus.clone()));
    let cached: Arc<dyn CatalogueReader> =
        Arc::new(CachedCatalogue::new(uncached.clone(), bus, None, &clock, CacheSettings::default()));
    let shown = (cached.concerts(&first_page()).await?, uncached.concerts(&first_page()).await?);
    let is_same = shown.0.generation == shown.1.generation && shown.0.value.items.len() == shown.1.value.items.len();
    read(&cached, bench.scale.run / 4).await?;
    read(&uncached, bench.scale.run / 4).await?;
    let (mut fast, mut slow) = (Timings::default(), Timings::default());
    for _ in 0..bench.scale.pairs {
        slow.note(read(&uncached, bench.scale.run).await?);
        fast.note(read(&cached, bench.scale.run).await?);
    }
    let ratio = fast.ratio(&slow);
    Ok(Report::new("catalogue-miss", fast.row("cached"))
        .row(slow.row("from MySQL"))
        .figure("ratio", ratio)
        .target("ratio ≥ 50", ratio >= 50.0)
        .target("both say the same", is_same))
}

fn first_page() -> ConcertFilter {
    ConcertFilter { limit: 20, ..ConcertFilter::default() }
}

/// Reads for the time `run`: how many a second, and how long each took.
async fn read(reader: &Arc<dyn CatalogueReader>, run: Duration) -> Result<(f64, Vec<f64>), Failure> {
    let started = Instant::now();
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let reader = Arc::clone(reader);
        readers.spawn(async move {
            let (filter, mut count, mut milliseconds) = (first_page(), 0_u64, Vec::new());
            while started.elapsed() < run {
                let asked = Instant::now();
                let mut reads = 0;
                while reads < READS && (reads == 0 || asked.elapsed() < run / 100) {
                    reader.concerts(&filter).await?;
                    reads += 1;
                }
                count += u64::from(reads);
                milliseconds.push(asked.elapsed().as_secs_f64() * 1e3 / f64::from(reads));
                tokio::task::yield_now().await;
            }
            Ok::<_, Failure>((count, milliseconds))
        });
    }
    let (mut count, mut milliseconds) = (0, Vec::new());
    while let Some(reader) = readers.join_next().await {
        let (some, took) = reader??;
        count += some;
        milliseconds.extend(took);
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 reads")]
    let count = count as f64;
    Ok((count / started.elapsed().as_secs_f64(), milliseconds))
}
