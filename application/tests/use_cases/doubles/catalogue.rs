use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use onsale_application::ports::{CatalogueReader, ConcertFilter, ConcertListing, Page, Unavailable, Versioned};
use onsale_domain::ids::{CategoryId, ConcertId, PerformanceId, SeatingPlanId};
use onsale_domain::money::Currency;
use onsale_domain::performance::{Performance, SalesStatus};
use onsale_domain::plan::{PlanCategory, PlanSeat, Point, SeatingPlan, Size};
use uuid::Uuid;

use super::at;

/// A catalogue of performances that share one plan.
pub(crate) struct CatalogueDouble {
    performances: HashMap<PerformanceId, Arc<Performance>>,
    plan: Arc<SeatingPlan>,
    /// How often the generation was read.
    pub(crate) generations_read: AtomicU32,
}

impl CatalogueDouble {
    /// These performances, each with `seats` seats: even numbers in the first category, odd ones in the second.
    pub(crate) fn new(performances: impl IntoIterator<Item = PerformanceId>, seats: u16) -> Self {
        let plan = Arc::new(plan(seats));
        let known = |id| (id, Arc::new(terms(id, plan.id)));
        Self { performances: performances.into_iter().map(known).collect(), plan, generations_read: AtomicU32::new(0) }
    }
}

/// The identity of a category of the plan.
pub(crate) fn category(index: u128) -> CategoryId {
    CategoryId(Uuid::from_u128(7_000 + index))
}

fn plan(seats: u16) -> SeatingPlan {
    let categories = [0, 1].map(|index| PlanCategory {
        id: category(index),
        name: format!("Category {index}"),
        color: String::new(),
    });
    let seat = |no: u16| PlanSeat {
        guid: no.to_string().into(),
        zone: 0,
        row: "A".into(),
        number: no.to_string().into(),
        category: no % 2,
        position: Point::default(),
    };
    SeatingPlan {
        id: SeatingPlanId(Uuid::from_u128(8_000)),
        name: "Hall".to_owned(),
        size: Size::default(),
        categories: categories.into(),
        zones: vec!["Ground".to_owned()],
        areas: Vec::new(),
        seats: (0..seats).map(seat).collect(),
    }
}

/// A performance that is on sale.
pub(crate) fn terms(id: PerformanceId, plan: SeatingPlanId) -> Performance {
    Performance {
        id,
        concert: ConcertId(Uuid::nil()),
        starts_at: at(0),
        time_zone: chrono_tz::UTC,
        venue: "Hall".to_owned(),
        seating_plan: Some(plan),
        sales_open_at: at(0),
        sales_close_at: at(1_000_000),
        refundable_until: at(1_000_000),
        hold_seconds: 300,
        max_seats_per_customer: 4,
        currency: Currency::parse("KRW").expect("three capital letters"),
        status: SalesStatus::Scheduled,
        categories: Vec::new(),
    }
}

fn versioned<T>(value: T) -> Versioned<T> {
    Versioned { value, generation: 1, read_at: at(0) }
}

#[async_trait]
impl CatalogueReader for CatalogueDouble {
    async fn concerts(
        &self,
        _filter: &ConcertFilter,
    ) -> Result<Versioned<Arc<Page<Arc<ConcertListing>, ConcertId>>>, Unavailable> {
        Ok(versioned(Arc::new(Page { items: Vec::new(), next: None })))
    }

    async fn concert(&self, _id: ConcertId) -> Result<Versioned<Option<Arc<ConcertListing>>>, Unavailable> {
        Ok(versioned(None))
    }

    async fn performance(&self, id: PerformanceId) -> Result<Versioned<Option<Arc<Performance>>>, Unavailable> {
        Ok(versioned(self.performances.get(&id).cloned()))
    }

    async fn seating_plan(&self, id: SeatingPlanId) -> Result<Option<Arc<SeatingPlan>>, Unavailable> {
        Ok((id == self.plan.id).then(|| self.plan.clone()))
    }

    async fn generation(&self) -> Result<i64, Unavailable> {
        self.generations_read.fetch_add(1, Ordering::Relaxed);
        Ok(1)
    }
}
