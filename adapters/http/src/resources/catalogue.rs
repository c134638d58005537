//! What is on: concerts, performances and seating plans.

pub(crate) mod fresh;
pub(crate) mod objects;
pub(crate) mod plan_object;

mod front;
mod plans;
mod sold_out;

use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{ConcertFilter, Unavailable, Versioned};
use onsale_domain::ids::{ConcertId, PerformanceId, WaitingRoomId};
use onsale_support::supervise::Supervisor;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use uuid::Uuid;

use self::fresh::{Answer, FreshAnswers, Source};
pub(crate) use self::front::Front;
use self::front::Target;
use self::objects::{ConcertObject, ConcertPage, Look, PerformanceObject, is_public};
use self::plan_object::SeatingPlanObject;
use self::plans::RenderedPlans;
use self::sold_out::SoldOut;
use super::Tag;
use crate::paging::{Cursor, Limit};
use crate::problem::Problem;
use crate::rendered::{Rendered, RenderedBody};
use crate::state::UseCases;

/// One second: with a cache in front, the crowd of an on-sale asks the server once a second for each page, and "sold
/// out" is seen no later than by asking the server itself.
const FOR_A_SECOND: &str = "public, max-age=1";
/// A year: a plan never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// From this age on an answer is stale: the catalogue was not read for longer than its caches ever wait while the store
/// answers.
const STALE: TimeDelta = TimeDelta::seconds(120);

crate::problems! {
    /// Why concerts are not listed.
    pub(crate) enum ListProblem includes [] {}
}

crate::problems! {
    /// Why something that is on is not shown.
    pub(crate) enum FindProblem includes [] { NotFound }
}

/// The calls about what is on.
pub(crate) struct CatalogueApi {
    use_cases: Arc<UseCases>,
    answers: Arc<FreshAnswers>,
    plans: RenderedPlans,
    sold_out: SoldOut,
}

impl CatalogueApi {
    pub(crate) fn new(use_cases: Arc<UseCases>, answers: Arc<FreshAnswers>, supervisor: &Supervisor) -> Self {
        let sold_out = SoldOut::new(Arc::clone(&use_cases.availability), use_cases.context.clone(), supervisor);
        Self { use_cases, answers, plans: RenderedPlans::new(), sold_out }
    }

    /// What `render` makes of what `read` reads, or the answer that was made of the same within the last second.
    async fn answer<V, T>(
        &self,
        target: &Target,
        read: impl Future<Output = Result<Versioned<V>, Unavailable>>,
        render: impl FnOnce(&V, &Look<'_>) -> Option<RenderedBody>,
    ) -> Result<Option<Rendered<T>>, Problem> {
        let now = self.use_cases.context.now();
        let (begun, guard_changes) = (self.answers.begin(), self.use_cases.board.guard_changes());
        let Versioned { value, generation, read_at } = read.await?;
        let source = Source { generation, guard_changes, read_at };
        if let Some(answer) = self.answers.confirm(&target.uri, source, begun, now) {
            return Ok(Some(cacheable(answer, now)));
        }
        let is_sold_out = |performance| self.sold_out.is_sold_out(performance);
        let look = Look { now, is_sold_out: &is_sold_out, guard: &|concert| guard(&self.use_cases, concert) };
        let Some(body) = render(&value, &look) else { return Ok(None) };
        let answer = Answer { body, read_at, route: target.route.clone() };
        if target.is_kept() {
            self.answers.insert(&target.uri, &answer, source, begun, now);
        }
        Ok(Some(cacheable(answer, now)))
    }
}

/// The waiting room in front of a concert, as far as is known.
pub(crate) fn guard(use_cases: &UseCases, concert: ConcertId) -> Option<WaitingRoomId> {
    use_cases.rooms.guarding(concert).ok().flatten() // unknown only until the rooms have been read after the start
}

/// The answer as a response that others may keep for a moment.
fn cacheable<T>(answer: Answer, now: DateTime<Utc>) -> Rendered<T> {
    let rendered = Rendered::new(answer.body, FOR_A_SECOND);
    let age = now - answer.read_at;
    if age > STALE { rendered.aged(age.num_seconds().unsigned_abs()) } else { rendered }
}

#[OpenApi(tag = "Tag::Catalogue")]
impl CatalogueApi {
    /// List concerts
    ///
    /// Newest first, each with its performances by date.
    #[oai(path = "/v1/concerts", method = "get", operation_id = "list_concerts")]
    async fn list_concerts(
        &self,
        /// Only those whose title or venue has this text, whatever the case.
        #[oai(validator(max_length = 200))]
        q: Query<Option<String>>,
        /// Only those with a performance that starts at this moment or later.
        from: Query<Option<DateTime<Utc>>>,
        /// Only those with a performance that starts before this moment.
        to: Query<Option<DateTime<Utc>>>,
        /// At most this many.
        limit: Query<Option<Limit>>,
        /// Where to go on, from the `next_cursor` of an earlier answer.
        cursor: Query<Option<Cursor>>,
        target: Target,
    ) -> Result<Rendered<ConcertPage>, ListProblem> {
        let filter = ConcertFilter {
            text: q.0.map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty()),
            from: from.0.map(storable),
            to: to.0.map(storable),
            before: Cursor::id(cursor.0),
            limit: Limit::of(limit.0),
        };
        let read = self.use_cases.browse.concerts(&filter);
        let page = self.answer(&target, read, |page, look| {
            let items = page.items.iter().map(|listing| ConcertObject::new(listing, look)).collect();
            let next_cursor = Cursor::after(page.next.map(|id| id.0));
            Some(RenderedBody::json(&ConcertPage { items, next_cursor }))
        });
        Ok(page.await?.expect("a list may be empty but is never absent"))
    }

    /// Show a concert
    #[oai(path = "/v1/concerts/:id", method = "get", operation_id = "get_concert")]
    async fn get_concert(
        &self,
        /// Names the concert.
        id: Path<Uuid>,
        target: Target,
    ) -> Result<Rendered<ConcertObject>, FindProblem> {
        let read = self.use_cases.browse.concert(ConcertId(id.0));
        let concert = self.answer(&target, read, |listing, look| {
            listing.as_deref().map(|listing| RenderedBody::json(&ConcertObject::new(listing, look)))
        });
        concert.await?.ok_or(FindProblem::NotFound)
    }

    /// Show a performance
    ///
    /// With its price categories and the terms on which it is sold.
    #[oai(path = "/v1/performances/:id", method = "get", operation_id = "get_performance")]
    async fn get_performance(
        &self,
        /// Names the performance.
        id: Path<Uuid>,
        target: Target,
    ) -> Result<Rendered<PerformanceObject>, FindProblem> {
        let read = self.use_cases.browse.performance(PerformanceId(id.0));
        let performance = self.answer(&target, read, |performance, look| {
            let public = performance.as_deref().filter(|performance| is_public(performance))?;
            Some(RenderedBody::json(&PerformanceObject::new(public, look)))
        });
        performance.await?.ok_or(FindProblem::NotFound)
    }

    /// Show a seating plan
    ///
    /// A plan never changes: keep it for as long as you like. The columns of `seats` are in `seat_no` order, which counts
    /// zones, rows and seats as they stand in the plan file.
    #[oai(path = "/v1/seating-plans/:id", method = "get", operation_id = "get_seating_plan")]
    async fn get_seating_plan(
        &self,
        /// Names the plan.
        id: Path<Uuid>,
    ) -> Result<Rendered<SeatingPlanObject>, FindProblem> {
        let body = self.plans.get(id.0.into(), &self.use_cases.browse).await?;
        Ok(Rendered::new(body, FOR_EVER))
    }
}

/// The nearest moment that every store can keep: performances have no others.
fn storable(moment: DateTime<Utc>) -> DateTime<Utc> {
    let end = DateTime::from_timestamp(253_402_300_799, 0).expect("the end of the year 9999");
    moment.clamp(DateTime::UNIX_EPOCH, end)
}
