//! What is free: all seats at once, one by one, and as it changes.

mod bodies;
mod events;
mod gate;
mod objects;
mod seats;
mod stream;
mod watch;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use onsale_application::availability::AvailabilityError;
use onsale_application::ports::StreamClaims;
use onsale_domain::ids::PerformanceId;
use onsale_support::supervise::Supervisor;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use self::bodies::AvailabilityBodies;
use self::gate::Gate;
use self::objects::{AvailabilityObject, SeatPage, SeatStatus};
use self::seats::{Hall, SeatFilter};
use self::stream::{AvailabilityEvents, Follower};
use self::watch::Watch;
use super::Tag;
use crate::callers::MaybeSignedIn;
use crate::context::RequestContext;
use crate::headers::QueuePass;
use crate::paging::{Cursor, Limit};
use crate::problem::{Problem, SIGNED_IN};
use crate::refusals::busy;
use crate::rendered::Rendered;
use crate::server::Draining;
use crate::sse::EventStream;
use crate::state::UseCases;
use crate::stream_limit::StreamLimit;

/// Kept, if at all, only to be asked about again: no answer is older than a tenth of a second, and one that has not
/// changed costs no bytes. Private, because it holds an address that is the caller's; asked about again, because a
/// caller who may see it now may not a moment later.
const ASK_AGAIN: &str = "private, no-cache";
/// The most seats of one answer: a screenful of a large hall.
const SEATS_LIMIT: u32 = 1_000;

crate::problems! {
    /// Why it is not shown what is free.
    pub(crate) enum AvailabilityProblem includes [SIGNED_IN] {
        NotFound,
        PassRequired { waiting_room_id: Uuid },
        PassExpired,
        PassNotYours,
    }
}

from_admission_error! { AvailabilityProblem }

crate::problems! {
    /// Why a stream does not begin.
    pub(crate) enum StreamProblem includes [] { NotFound, StreamTicketInvalid }
}

/// A page of seats.
#[derive(ApiResponse)]
pub(crate) enum Seats {
    /// The seats that were asked for.
    #[oai(status = 200)]
    Page(
        Json<SeatPage>,
        /// Nobody keeps it: it is true for a moment.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// The calls about what is free.
pub(crate) struct AvailabilityApi {
    use_cases: Arc<UseCases>,
    gate: Gate,
    bodies: AvailabilityBodies,
    watch: Watch,
    limit: StreamLimit,
    draining: Draining,
}

impl AvailabilityApi {
    pub(crate) fn new(
        use_cases: Arc<UseCases>,
        limit: StreamLimit,
        supervisor: Arc<Supervisor>,
        draining: Draining,
    ) -> Self {
        Self {
            gate: Gate::new(Arc::clone(&use_cases)),
            bodies: AvailabilityBodies::new(Arc::clone(&use_cases.seals)),
            watch: Watch::new(Arc::clone(&use_cases.availability), supervisor),
            limit,
            use_cases,
            draining,
        }
    }

    fn opened(&self, ticket: &str, performance: PerformanceId) -> Result<StreamClaims, StreamProblem> {
        let claims = self.use_cases.seals.open_stream_ticket(ticket, self.use_cases.context.now());
        claims.ok().filter(|claims| claims.performance == performance).ok_or(StreamProblem::StreamTicketInvalid)
    }
}

macro_rules! from_availability_error {
    ($($name:ident)*) => {$(
        impl From<AvailabilityError> for $name {
            fn from(error: AvailabilityError) -> Self {
                match error {
                    AvailabilityError::UnknownPerformance => Self::NotFound,
                    AvailabilityError::Unavailable(unavailable) => Problem::from(unavailable).into(),
                }
            }
        }
    )*};
}

from_availability_error! { AvailabilityProblem StreamProblem }

#[OpenApi(tag = "Tag::Availability")]
impl AvailabilityApi {
    /// Show what is free
    ///
    /// All seats of a performance in one small answer that is never older than a tenth of a second. What is shown as free
    /// may be taken a moment later: only holding decides. A concert with a waiting room shows it only to those who were
    /// let in.
    #[oai(path = "/v1/performances/:id/availability", method = "get", operation_id = "get_availability")]
    async fn get_availability(
        &self,
        caller: MaybeSignedIn,
        /// The caller's pass, where the concert has a waiting room.
        #[oai(name = "X-Queue-Pass")]
        pass: QueuePass,
        /// Names the performance.
        id: Path<Uuid>,
    ) -> Result<Rendered<AvailabilityObject>, AvailabilityProblem> {
        let performance = PerformanceId(id.0);
        let concert = self.gate.concert_of(performance).await?;
        let pass = self.gate.admit(concert, &caller, &pass).await?;
        let snapshot = self.use_cases.availability.snapshot(performance).await?;
        let body = match pass {
            None => self.bodies.body(&snapshot),
            Some(pass) => self.bodies.body_of(&snapshot, &pass),
        };
        Ok(Rendered::new(body, ASK_AGAIN))
    }

    /// Follow what is free
    ///
    /// Server-sent events: a `snapshot`, then a `delta` at most five times a second, while something changes. A delta
    /// whose `epoch` or `previous_version` is not that of the event before it means that something was missed: open the
    /// stream again. A comment every 15 seconds keeps the connection.
    #[oai(path = "/v1/performances/:id/availability/events", method = "get", operation_id = "follow_availability")]
    async fn follow_availability(
        &self,
        /// Names the performance.
        id: Path<Uuid>,
        /// From the `events_url` of an answer that shows what is free.
        #[oai(validator(max_length = 1024))]
        ticket: Query<String>,
        request: RequestContext,
    ) -> Result<EventStream<AvailabilityEvents>, StreamProblem> {
        let claims = self.opened(&ticket.0, PerformanceId(id.0))?;
        let permit = self.limit.permit(request.client).filter(|_| !self.draining.has_begun()).ok_or_else(busy)?;
        let concert = self.gate.concert_of(claims.performance).await.map_err(Problem::from)?;
        if !self.use_cases.admissions.goes_on(concert, claims.admission).map_err(Problem::from)? {
            return Err(StreamProblem::StreamTicketInvalid);
        }
        let following = self.watch.follow(claims.performance, self.gate.is_guarded(concert)).await?;
        let is_admitted = self.gate.is_admitted(concert, claims.admission);
        let context = self.use_cases.context.clone();
        let follower = Follower::new((claims, is_admitted), following, permit, self.watch.clone(), context);
        Ok(EventStream::new(self.draining.end(follower.into_events())))
    }

    /// List seats
    ///
    /// The seats of a performance in the order of their numbers. To draw a hall, use its seating plan and what is free
    /// instead: both are far smaller.
    #[oai(path = "/v1/performances/:id/seats", method = "get", operation_id = "list_seats")]
    #[expect(clippy::too_many_arguments, reason = "one for each parameter of the call")]
    async fn list_seats(
        &self,
        caller: MaybeSignedIn,
        /// The caller's pass, where the concert has a waiting room.
        #[oai(name = "X-Queue-Pass")]
        pass: QueuePass,
        /// Names the performance.
        id: Path<Uuid>,
        /// Only those in the zone of this name.
        #[oai(validator(max_length = 200))]
        zone: Query<Option<String>>,
        /// Only those of this price category.
        category_id: Query<Option<Uuid>>,
        /// Only those that can be held, or only the others.
        status: Query<Option<SeatStatus>>,
        /// At most this many.
        limit: Query<Option<Limit<SEATS_LIMIT>>>,
        /// Where to go on, from the `next_cursor` of an earlier answer.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Seats, AvailabilityProblem> {
        let performance = self.gate.public(PerformanceId(id.0)).await?;
        self.gate.admit(performance.concert, &caller, &pass).await?;
        let filter = SeatFilter { zone: zone.0, category: category_id.0.map(Into::into), status: status.0 };
        let page = match performance.seating_plan {
            None => SeatPage { items: Vec::new(), next_cursor: None },
            Some(plan) => {
                let missing =
                    || Problem::internal(format_args!("the seating plan {plan} of {} is lost", performance.id));
                let plan =
                    self.use_cases.browse.seating_plan(plan).await.map_err(Problem::from)?.ok_or_else(missing)?;
                let snapshot = self.use_cases.availability.snapshot(performance.id).await?;
                let hall = Hall { performance: &performance, plan: &plan, snapshot: &snapshot };
                hall.page(&filter, cursor.0, Limit::of(limit.0))
            }
        };
        Ok(Seats::Page(Json(page), "no-store".to_owned()))
    }
}
