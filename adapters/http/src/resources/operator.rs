//! Putting concerts on sale and changing them, for operators.

mod changes;
mod objects;
mod plan_body;
mod problems;

use std::sync::Arc;

use onsale_application::ports::{ConcertListing, PerformanceDraft};
use onsale_domain::concert::Concert;
use onsale_domain::ids::{AccountId, ConcertId, PerformanceId};
use onsale_domain::performance::Performance;
use onsale_domain::plan::SeatingPlan;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{ParseFromJSON, ToJSON};
use poem_openapi::{ApiResponse, OpenApi};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use self::objects::{
    ConcertPatch, CreatedSeatingPlan, NewConcert, NewPerformance, OperatorActionObject, OperatorActionPage,
    PerformancePatch,
};
use self::plan_body::PlanBody;
use self::problems::{
    AddConcertProblem, AddPlanProblem, ChangeConcertProblem, ChangePerformanceProblem, JournalProblem,
};
use super::Tag;
use super::catalogue::fresh::FreshAnswers;
use super::catalogue::guard;
use super::catalogue::objects::{ConcertObject, Look, PerformanceObject};
use crate::auth::Operator;
use crate::input::JsonBody;
use crate::paging::{Cursor, Limit};
use crate::plan_file;
use crate::problem::Problem;
use crate::refusals::busy;
use crate::state::UseCases;

/// Plan files that are read at once: the largest take some hundred megabytes while they are.
const PLANS_AT_ONCE: usize = 2;

/// Something was added.
#[derive(ApiResponse)]
pub(crate) enum Added<T: ParseFromJSON + ToJSON + Send + Sync> {
    /// Added, as shown.
    #[oai(status = 201)]
    Added(Json<T>),
}

/// The calls of operators.
pub(crate) struct OperatorApi {
    use_cases: Arc<UseCases>,
    answers: Arc<FreshAnswers>,
    plans: Arc<Semaphore>,
}

impl OperatorApi {
    pub(crate) fn new(use_cases: Arc<UseCases>, answers: Arc<FreshAnswers>) -> Self {
        Self { use_cases, answers, plans: Arc::new(Semaphore::new(PLANS_AT_ONCE)) }
    }

    /// Reads, checks and stores a plan file, on a thread where that disturbs nobody. The thread keeps `room`: it goes
    /// on when nobody waits for it any more.
    async fn add_plan(
        &self,
        file: bytes::Bytes,
        operator: AccountId,
        room: OwnedSemaphorePermit,
    ) -> Result<SeatingPlan, AddPlanProblem> {
        let use_cases = Arc::clone(&self.use_cases);
        let runtime = Handle::current();
        let adding = tokio::task::spawn_blocking(move || {
            let _room = room;
            let parsed = plan_file::parse(&file)?;
            drop(file); // it may be large, and what follows takes longest
            Ok(runtime.block_on(use_cases.edit.add_plan(parsed, Some(operator)))?)
        });
        adding.await.map_err(Problem::internal)?
    }

    /// Adds a performance in a task of its own, so that its seats are laid out to the last though the caller may leave.
    async fn add_performance(
        &self,
        draft: PerformanceDraft,
        operator: AccountId,
    ) -> Result<Performance, ChangeConcertProblem> {
        let (use_cases, answers) = (Arc::clone(&self.use_cases), Arc::clone(&self.answers));
        let adding = tokio::spawn(async move {
            let added = use_cases.edit.add_performance(draft, Some(operator)).await;
            answers.changed();
            added
        });
        Ok(adding.await.map_err(Problem::internal)??)
    }

    /// How a concert is after a change. What is kept of it is forgotten.
    async fn shown(&self, concert: Concert) -> Result<ConcertObject, Problem> {
        self.answers.changed();
        let listing = self.use_cases.browse.concert(concert.id).await?.value;
        let performances = listing.map(|listing| listing.performances.clone()).unwrap_or_default();
        Ok(self.look(|look| ConcertObject::new(&ConcertListing { concert, performances }, look)))
    }

    fn look<T>(&self, show: impl FnOnce(&Look<'_>) -> T) -> T {
        let is_sold_out = |performance| self.use_cases.availability.known_sold_out(performance).unwrap_or(false);
        let guard = |concert| guard(&self.use_cases, concert);
        show(&Look { now: self.use_cases.context.now(), is_sold_out: &is_sold_out, guard: &guard })
    }
}

#[OpenApi(tag = "Tag::Operators")]
impl OperatorApi {
    /// Add a seating plan
    ///
    /// From a file in the seating-plan JSON format of pretix, up to 64 MiB and 200,000 seats. A plan never changes: to
    /// correct one, add another.
    #[oai(path = "/v1/seating-plans", method = "post", operation_id = "create_seating_plan")]
    async fn create_seating_plan(
        &self,
        operator: Operator,
        file: PlanBody,
    ) -> Result<Added<CreatedSeatingPlan>, AddPlanProblem> {
        let room = Arc::clone(&self.plans).try_acquire_owned().map_err(|_| busy())?;
        let plan = self.add_plan(file.read().await?, operator.0, room).await?;
        Ok(Added::Added(Json(CreatedSeatingPlan::new(plan))))
    }

    /// Add a concert
    #[oai(path = "/v1/concerts", method = "post", operation_id = "create_concert")]
    async fn create_concert(
        &self,
        operator: Operator,
        concert: JsonBody<NewConcert>,
    ) -> Result<Added<ConcertObject>, AddConcertProblem> {
        let concert = self.use_cases.edit.add_concert(concert.0.into_concert(), Some(operator.0)).await?;
        self.answers.changed();
        let listing = ConcertListing { concert, performances: Vec::new() };
        Ok(Added::Added(Json(self.look(|look| ConcertObject::new(&listing, look)))))
    }

    /// Change a concert
    ///
    /// What is absent stays. Every replica shows the change within a second.
    #[oai(path = "/v1/concerts/:id", method = "patch", operation_id = "change_concert")]
    async fn change_concert(
        &self,
        operator: Operator,
        /// Names the concert.
        id: Path<Uuid>,
        change: JsonBody<ConcertPatch>,
    ) -> Result<Json<ConcertObject>, ChangeConcertProblem> {
        let change = change.0.into_change()?;
        let concert = self.use_cases.edit.change_concert(ConcertId(id.0), change, Some(operator.0)).await?;
        Ok(Json(self.shown(concert).await?))
    }

    /// Add a performance
    ///
    /// It has the seats of a plan, tickets without seats, or both. Lays out a seat for each of the plan, which takes about a second for 50,000; the performance can be seen and sold
    /// once all are there.
    #[oai(path = "/v1/concerts/:id/performances", method = "post", operation_id = "create_performance")]
    async fn create_performance(
        &self,
        operator: Operator,
        /// Names the concert.
        id: Path<Uuid>,
        performance: JsonBody<NewPerformance>,
    ) -> Result<Added<PerformanceObject>, ChangeConcertProblem> {
        let known = self.use_cases.browse.concert(ConcertId(id.0)).await.map_err(Problem::from)?.value;
        let concert = known.ok_or(ChangeConcertProblem::NotFound)?;
        let draft = performance.0.into_draft(&concert.concert)?;
        let performance = self.add_performance(draft, operator.0).await?;
        Ok(Added::Added(Json(self.look(|look| PerformanceObject::new(&performance, look)))))
    }

    /// Change a performance
    ///
    /// What is absent stays. Changes are made in order with every hold: one that was answered before the change keeps its
    /// price and its end. The capacity of tickets without seats can be changed down to what is taken. Every replica shows the change within a second.
    #[oai(path = "/v1/performances/:id", method = "patch", operation_id = "change_performance")]
    async fn change_performance(
        &self,
        operator: Operator,
        /// Names the performance.
        id: Path<Uuid>,
        change: JsonBody<PerformancePatch>,
    ) -> Result<Json<PerformanceObject>, ChangePerformanceProblem> {
        let change = change.0.into_change()?;
        let performance = self.use_cases.edit.change_performance(PerformanceId(id.0), change, Some(operator.0)).await?;
        self.answers.changed();
        Ok(Json(self.look(|look| PerformanceObject::new(&performance, look))))
    }

    /// List what operators did
    ///
    /// Who changed what and when, before and after; newest first. Each line was written in the change's own transaction.
    #[oai(path = "/v1/operator-actions", method = "get", operation_id = "list_operator_actions")]
    async fn list_operator_actions(
        &self,
        _operator: Operator,
        /// At most this many.
        limit: Query<Option<Limit>>,
        /// Where to go on, from the `next_cursor` of an earlier answer.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<OperatorActionPage>, JournalProblem> {
        let page = self.use_cases.edit.operator_actions(Cursor::id(cursor.0), Limit::of(limit.0)).await;
        let page = page.map_err(Problem::from)?;
        let items = page.items.into_iter().map(OperatorActionObject::new).collect::<Result<_, _>>();
        let next_cursor = Cursor::after(page.next.map(|id| id.0));
        Ok(Json(OperatorActionPage { items: items.map_err(Problem::internal)?, next_cursor }))
    }
}
