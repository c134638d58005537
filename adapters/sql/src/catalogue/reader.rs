use std::sync::Arc;

use async_trait::async_trait;
use onsale_application::ports::{CatalogueReader, ConcertFilter, ConcertListing, Page, Unavailable, Versioned};
use onsale_domain::ids::{ConcertId, PerformanceId, SeatingPlanId};
use onsale_domain::performance::Performance;
use onsale_domain::plan::SeatingPlan;

use super::reads::{FindConcert, FindPerformance, ListConcerts, Read};
use super::{GENERATION, SqlCatalogue, generation, only, plans};
use crate::database::{SqlError, Statement};

impl SqlCatalogue {
    /// From the copy when it is there and shows everything that is known, or else from the database itself.
    async fn read<R: Read>(&self, read: R) -> Result<Versioned<R::Value>, Unavailable> {
        if let Some(copy) = &self.copy
            && let Some(value) = copy.read(&read).await
        {
            return Ok(value);
        }
        Ok(self.read_itself(&read).await?)
    }

    async fn read_itself<R: Read>(&self, read: &R) -> Result<Versioned<R::Value>, SqlError> {
        let question = self.copy.as_ref().map(|copy| copy.known.question());
        let read_at = self.context.now(); // before reading, so that nothing looks fresher than it is
        let mut transaction = self.database.begin_read().await?;
        let generation = generation(&mut transaction).await?;
        if let (Some(copy), Some(question)) = (&self.copy, question) {
            copy.known.answered(question, generation);
        }
        let value = read.load(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Versioned { value, generation, read_at })
    }
}

#[async_trait]
impl CatalogueReader for SqlCatalogue {
    async fn concerts(
        &self,
        filter: &ConcertFilter,
    ) -> Result<Versioned<Arc<Page<Arc<ConcertListing>, ConcertId>>>, Unavailable> {
        self.read(ListConcerts(filter)).await
    }

    async fn concert(&self, id: ConcertId) -> Result<Versioned<Option<Arc<ConcertListing>>>, Unavailable> {
        self.read(FindConcert(id)).await
    }

    async fn performance(&self, id: PerformanceId) -> Result<Versioned<Option<Arc<Performance>>>, Unavailable> {
        self.read(FindPerformance(id)).await
    }

    async fn seating_plan(&self, id: SeatingPlanId) -> Result<Option<Arc<SeatingPlan>>, Unavailable> {
        if let Some(copy) = &self.copy
            && let Some(plan) = copy.plan(id).await
        {
            return Ok(Some(Arc::new(plan)));
        }
        Ok(plans::load(&self.database, id).await?.map(Arc::new))
    }

    async fn generation(&self) -> Result<i64, Unavailable> {
        let question = self.copy.as_ref().map(|copy| copy.known.question());
        let generation = only(self.database.fetch_optional(Statement::new(GENERATION)).await?)?.get(0)?;
        if let (Some(copy), Some(question)) = (&self.copy, question) {
            copy.known.answered(question, generation);
        }
        Ok(generation)
    }
}
