use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_application::ports::{CatalogueReader, ConcertFilter, ConcertListing, Page, Unavailable, Versioned};
use onsale_domain::ids::{ConcertId, PerformanceId, SeatingPlanId};
use onsale_domain::performance::Performance;
use onsale_domain::plan::SeatingPlan;

use super::{GENERATION, SqlCatalogue, concerts, generation, load_performance, only, plans};
use crate::database::{SqlError, Statement, Transaction};

/// One consistent view of the catalogue.
struct Snapshot {
    transaction: Transaction,
    generation: i64,
    read_at: DateTime<Utc>,
}

impl Snapshot {
    async fn open(catalogue: &SqlCatalogue) -> Result<Self, SqlError> {
        let read_at = catalogue.context.now(); // before reading, so that nothing looks fresher than it is
        let mut transaction = catalogue.database.begin_read().await?;
        let generation = generation(&mut transaction).await?;
        Ok(Self { transaction, generation, read_at })
    }

    async fn close<T>(self, value: T) -> Result<Versioned<T>, SqlError> {
        self.transaction.commit().await?;
        Ok(Versioned { value, generation: self.generation, read_at: self.read_at })
    }
}

#[async_trait]
impl CatalogueReader for SqlCatalogue {
    async fn concerts(
        &self,
        filter: &ConcertFilter,
    ) -> Result<Versioned<Arc<Page<Arc<ConcertListing>, ConcertId>>>, Unavailable> {
        let mut snapshot = Snapshot::open(self).await?;
        let page = concerts::list(&mut snapshot.transaction, filter).await?;
        Ok(snapshot.close(Arc::new(page)).await?)
    }

    async fn concert(&self, id: ConcertId) -> Result<Versioned<Option<Arc<ConcertListing>>>, Unavailable> {
        let mut snapshot = Snapshot::open(self).await?;
        let listing = concerts::load(&mut snapshot.transaction, id).await?;
        Ok(snapshot.close(listing).await?)
    }

    async fn performance(&self, id: PerformanceId) -> Result<Versioned<Option<Arc<Performance>>>, Unavailable> {
        let mut snapshot = Snapshot::open(self).await?;
        let performance = load_performance(&mut snapshot.transaction, id).await?;
        Ok(snapshot.close(performance.map(Arc::new)).await?)
    }

    async fn seating_plan(&self, id: SeatingPlanId) -> Result<Option<Arc<SeatingPlan>>, Unavailable> {
        Ok(plans::load(&self.database, id).await?.map(Arc::new))
    }

    async fn generation(&self) -> Result<i64, Unavailable> {
        Ok(only(self.database.fetch_optional(Statement::new(GENERATION)).await?)?.get(0)?)
    }
}
