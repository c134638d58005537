//! Concerts, performances and plans: looking at them, and putting them on sale.

use std::sync::Arc;

use onsale_domain::allotment::ALLOTMENTS_LIMIT;
use onsale_domain::concert::Concert;
use onsale_domain::ids::{AccountId, ConcertId, OperatorActionId, PerformanceId, SeatingPlanId};
use onsale_domain::money::Currency;
use onsale_domain::performance::{Performance, SalesStatus, check_price};
use onsale_domain::plan::{PlanFile, SeatingPlan};
use tracing::warn;

use crate::ports::{
    AllotmentDraft, CatalogueEditor, CatalogueReader, ConcertChange, ConcertFilter, ConcertListing, Context, EditError,
    OperatorAction, Page, PerformanceChange, PerformanceDraft, Unavailable, Versioned,
};

/// Looks at what is on.
#[derive(Clone)]
pub struct Browse {
    reader: Arc<dyn CatalogueReader>,
}

impl Browse {
    /// On this port.
    #[must_use]
    pub fn new(reader: Arc<dyn CatalogueReader>) -> Self {
        Self { reader }
    }

    /// Concerts with their performances, newest first.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn concerts(
        &self,
        filter: &ConcertFilter,
    ) -> Result<Versioned<Arc<Page<Arc<ConcertListing>, ConcertId>>>, Unavailable> {
        self.reader.concerts(filter).await
    }

    /// A concert with its performances.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn concert(&self, id: ConcertId) -> Result<Versioned<Option<Arc<ConcertListing>>>, Unavailable> {
        self.reader.concert(id).await
    }

    /// A performance.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn performance(&self, id: PerformanceId) -> Result<Versioned<Option<Arc<Performance>>>, Unavailable> {
        self.reader.performance(id).await
    }

    /// A seating plan.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn seating_plan(&self, id: SeatingPlanId) -> Result<Option<Arc<SeatingPlan>>, Unavailable> {
        self.reader.seating_plan(id).await
    }
}

/// Changes what is on, in an operator's name; nobody's when it is done at the terminal.
pub struct EditCatalogue {
    editor: Arc<dyn CatalogueEditor>,
    reader: Arc<dyn CatalogueReader>,
    points: Currency,
    context: Context,
}

impl EditCatalogue {
    /// On these ports; prices are in the currency of `points`.
    #[must_use]
    pub fn new(
        editor: Arc<dyn CatalogueEditor>,
        reader: Arc<dyn CatalogueReader>,
        points: Currency,
        context: Context,
    ) -> Self {
        Self { editor, reader, points, context }
    }

    /// Whoever changes something sees it with the next call: a cache may not have heard of it yet, and learns it here.
    async fn show(&self) {
        if let Err(error) = self.reader.generation().await {
            warn!(%error, "a change of the catalogue shows a moment later");
        }
    }

    /// Checks a plan file and adds its plan.
    ///
    /// # Errors
    /// [`EditError::Plan`] names the place in the file.
    pub async fn add_plan(&self, file: PlanFile, operator: Option<AccountId>) -> Result<SeatingPlan, EditError> {
        let plan = SeatingPlan::from_file(self.context.new_id(), file, || self.context.new_id())?;
        self.editor.add_plan(&plan, operator).await?;
        Ok(plan)
    }

    /// Adds a concert; the id it carries is replaced by a new one.
    ///
    /// # Errors
    /// [`EditError`].
    pub async fn add_concert(&self, concert: Concert, operator: Option<AccountId>) -> Result<Concert, EditError> {
        let concert = Concert { id: self.context.new_id(), ..concert }.checked()?;
        self.editor.add_concert(concert.clone(), operator).await?;
        self.show().await;
        Ok(concert)
    }

    /// Adds a performance and lays out its seats; its id, status and categories and the ids of its allotments are
    /// replaced.
    ///
    /// # Errors
    /// [`EditError`].
    pub async fn add_performance(
        &self,
        draft: PerformanceDraft,
        operator: Option<AccountId>,
    ) -> Result<Performance, EditError> {
        let performance = Performance {
            id: self.context.new_id(),
            status: SalesStatus::Preparing,
            categories: Vec::new(),
            ..draft.performance
        };
        performance.check_currency(self.points)?;
        draft.prices.iter().try_for_each(|(_, price)| check_price(*price))?;
        if performance.seating_plan.is_none() && draft.allotments.is_empty() {
            return Err(EditError::NothingToSell);
        }
        if draft.allotments.len() > ALLOTMENTS_LIMIT {
            return Err(EditError::TooManyAllotments { limit: ALLOTMENTS_LIMIT });
        }
        let named = |allotment| AllotmentDraft { id: self.context.new_id(), ..allotment };
        let allotments = draft.allotments.into_iter().map(named).collect();
        let draft = PerformanceDraft { performance: performance.checked()?, allotments, ..draft };
        let performance = self.editor.add_performance(draft, operator).await?;
        self.show().await;
        Ok(performance)
    }

    /// Changes a concert.
    ///
    /// # Errors
    /// [`EditError`].
    pub async fn change_concert(
        &self,
        id: ConcertId,
        change: ConcertChange,
        operator: Option<AccountId>,
    ) -> Result<Concert, EditError> {
        let concert = self.editor.change_concert(id, change, operator).await?;
        self.show().await;
        Ok(concert)
    }

    /// Changes a performance.
    ///
    /// # Errors
    /// [`EditError`].
    pub async fn change_performance(
        &self,
        id: PerformanceId,
        change: PerformanceChange,
        operator: Option<AccountId>,
    ) -> Result<Performance, EditError> {
        let performance = self.editor.change_performance(id, change, operator).await?;
        self.show().await;
        Ok(performance)
    }

    /// The operators' journal, newest first.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn operator_actions(
        &self,
        before: Option<OperatorActionId>,
        limit: u32,
    ) -> Result<Page<OperatorAction, OperatorActionId>, Unavailable> {
        self.editor.operator_actions(before, limit).await
    }
}
