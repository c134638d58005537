use async_trait::async_trait;
use onsale_application::ports::{
    CatalogueEditor, ConcertChange, EditError, OperatorAction, Page, PerformanceChange, PerformanceDraft, Unavailable,
};
use onsale_domain::concert::Concert;
use onsale_domain::ids::{AccountId, ConcertId, OperatorActionId, PerformanceId};
use onsale_domain::performance::Performance;
use onsale_domain::plan::SeatingPlan;
use parking_lot::Mutex;

/// An editor that remembers what was added and knows nothing that could be changed.
#[derive(Default)]
pub(crate) struct CatalogueEditorDouble {
    pub(crate) plans: Mutex<Vec<SeatingPlan>>,
    pub(crate) concerts: Mutex<Vec<Concert>>,
    pub(crate) drafts: Mutex<Vec<PerformanceDraft>>,
}

#[async_trait]
impl CatalogueEditor for CatalogueEditorDouble {
    async fn add_plan(&self, plan: &SeatingPlan, _operator: Option<AccountId>) -> Result<(), EditError> {
        self.plans.lock().push(plan.clone());
        Ok(())
    }

    async fn add_concert(&self, concert: Concert, _operator: Option<AccountId>) -> Result<(), EditError> {
        self.concerts.lock().push(concert);
        Ok(())
    }

    async fn add_performance(
        &self,
        draft: PerformanceDraft,
        _operator: Option<AccountId>,
    ) -> Result<Performance, EditError> {
        let performance = draft.performance.clone();
        self.drafts.lock().push(draft);
        Ok(performance)
    }

    async fn change_concert(
        &self,
        _id: ConcertId,
        _change: ConcertChange,
        _operator: Option<AccountId>,
    ) -> Result<Concert, EditError> {
        Err(EditError::UnknownConcert)
    }

    async fn change_performance(
        &self,
        _id: PerformanceId,
        _change: PerformanceChange,
        _operator: Option<AccountId>,
    ) -> Result<Performance, EditError> {
        Err(EditError::UnknownPerformance)
    }

    async fn operator_actions(
        &self,
        _before: Option<OperatorActionId>,
        _limit: u32,
    ) -> Result<Page<OperatorAction, OperatorActionId>, Unavailable> {
        Ok(Page { items: Vec::new(), next: None })
    }
}
