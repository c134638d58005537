use async_trait::async_trait;
use onsale_application::ports::{
    CatalogueEditor, ConcertChange, EditError, OperatorAction, Page, PerformanceChange, PerformanceDraft, Unavailable,
};
use onsale_domain::concert::Concert;
use onsale_domain::ids::{AccountId, ConcertId, OperatorActionId, PerformanceId};
use onsale_domain::performance::Performance;
use onsale_domain::plan::SeatingPlan;

use super::concerts::{AddConcert, ChangeConcert};
use super::performances::ChangePerformance;
use super::plans::AddPlan;
use super::{SqlCatalogue, journal, plans};

#[async_trait]
impl CatalogueEditor for SqlCatalogue {
    async fn add_plan(&self, plan: &SeatingPlan, operator: Option<AccountId>) -> Result<(), EditError> {
        plans::write_seats(&self.database, plan).await.map_err(Unavailable::from)?;
        self.edit(&AddPlan { plan }, operator).await
    }

    async fn add_concert(&self, concert: Concert, operator: Option<AccountId>) -> Result<(), EditError> {
        let concert = concert.checked()?;
        self.edit(&AddConcert { concert, context: &self.context }, operator).await
    }

    async fn add_performance(
        &self,
        draft: PerformanceDraft,
        operator: Option<AccountId>,
    ) -> Result<Performance, EditError> {
        self.prepare(draft, operator).await
    }

    async fn change_concert(
        &self,
        id: ConcertId,
        change: ConcertChange,
        operator: Option<AccountId>,
    ) -> Result<Concert, EditError> {
        self.edit(&ChangeConcert { id, change }, operator).await
    }

    async fn change_performance(
        &self,
        id: PerformanceId,
        change: PerformanceChange,
        operator: Option<AccountId>,
    ) -> Result<Performance, EditError> {
        self.edit(&ChangePerformance { id, change }, operator).await
    }

    async fn operator_actions(
        &self,
        before: Option<OperatorActionId>,
        limit: u32,
    ) -> Result<Page<OperatorAction, OperatorActionId>, Unavailable> {
        Ok(journal::list(&self.database, before, limit).await?)
    }
}
