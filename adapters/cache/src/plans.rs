use std::sync::Arc;

use moka::future::Cache;
use onsale_application::ports::{CatalogueReader, Unavailable};
use onsale_domain::ids::SeatingPlanId;
use onsale_domain::plan::{Area, PlanCategory, PlanSeat, SeatingPlan, Shape};
use tokio::time::Instant;

use crate::generation::KnownGeneration;
use crate::metrics::ShelfMetrics;
use crate::settings::{CacheSettings, within};

/// How many unknown plans are remembered.
const UNKNOWN_LIMIT: u64 = 10_000;
/// What a text on the heap takes beside its bytes, about.
const TEXT_BYTES: usize = 16;

/// Seating plans. They never change, so neither age nor generation ends them: only lack of room or of interest.
pub(crate) struct Plans {
    reader: Arc<dyn CatalogueReader>,
    known: Arc<KnownGeneration>,
    settings: CacheSettings,
    kept: Cache<SeatingPlanId, Arc<SeatingPlan>>,
    /// The generation that was known when a plan was found missing: adding one raises it.
    unknown: Cache<SeatingPlanId, i64>,
    metrics: ShelfMetrics,
}

/// Why there is no plan to keep.
#[derive(Debug, thiserror::Error)]
enum NoPlan {
    #[error("there is no such plan")]
    Unknown,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Plans {
    pub(crate) fn new(reader: Arc<dyn CatalogueReader>, known: Arc<KnownGeneration>, settings: CacheSettings) -> Self {
        let weigh = |_: &SeatingPlanId, plan: &Arc<SeatingPlan>| u32::try_from(plan_bytes(plan)).unwrap_or(u32::MAX);
        let kept = Cache::builder().max_capacity(settings.plans_bytes).weigher(weigh).time_to_idle(settings.plan_idle);
        let unknown = Cache::builder().max_capacity(UNKNOWN_LIMIT).time_to_live(settings.absent_ttl);
        let metrics = ShelfMetrics::new("seating_plan");
        Self { reader, known, settings, kept: kept.build(), unknown: unknown.build(), metrics }
    }

    pub(crate) async fn get(&self, id: SeatingPlanId) -> Result<Option<Arc<SeatingPlan>>, Unavailable> {
        if let Some(plan) = self.kept.get(&id).await {
            self.metrics.hits.increment(1);
            return Ok(Some(plan));
        }
        let known = self.known.get();
        if self.unknown.get(&id).await.is_some_and(|generation| generation >= known) {
            self.metrics.hits.increment(1);
            return Ok(None);
        }
        self.metrics.misses.increment(1);
        match self.kept.try_get_with(id, self.load(id)).await {
            Ok(plan) => Ok(Some(plan)),
            Err(error) => match &*error {
                NoPlan::Unavailable(failure) => Err(failure.clone()),
                NoPlan::Unknown => {
                    self.unknown.insert(id, known).await;
                    Ok(None)
                }
            },
        }
    }

    async fn load(&self, id: SeatingPlanId) -> Result<Arc<SeatingPlan>, NoPlan> {
        let begun = Instant::now();
        let plan = within(self.settings.load_timeout, self.reader.seating_plan(id)).await;
        self.metrics.loads.record(begun.elapsed());
        plan?.ok_or(NoPlan::Unknown)
    }
}

fn plan_bytes(plan: &SeatingPlan) -> usize {
    let seat = |seat: &PlanSeat| {
        let texts = seat.guid.len() + seat.row.len() + seat.number.len();
        size_of::<PlanSeat>() + texts + 3 * TEXT_BYTES
    };
    let area = |area: &Area| {
        let corners = if let Shape::Polygon(corners) = &area.shape { size_of_val(corners.as_slice()) } else { 0 };
        size_of::<Area>() + area.text.len() + corners
    };
    let category = |category: &PlanCategory| size_of::<PlanCategory>() + category.name.len() + category.color.len();
    size_of::<SeatingPlan>()
        + plan.seats.iter().map(seat).sum::<usize>()
        + plan.areas.iter().map(area).sum::<usize>()
        + plan.categories.iter().map(category).sum::<usize>()
        + plan.zones.iter().map(|zone| size_of::<String>() + zone.len()).sum::<usize>()
}
