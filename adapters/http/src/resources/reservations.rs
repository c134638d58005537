//! Reservations: holding seats and tickets, reading them, giving a hold back.

use std::sync::Arc;

use onsale_application::booking::{HoldRequest, HoldSeatsError, WantedItems};
use onsale_application::ports::ReservationFilter;
use onsale_domain::box_office::{HoldRefusal, ReleaseRefusal, Released};
use onsale_domain::ids::{CategoryId, PerformanceId, ReservationId};
use onsale_domain::seat::SeatNo;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi, Union};
use uuid::Uuid;

use super::reservation_body::{ReservationBody, StatusName};
use super::{FindOwnProblem, ListOwnProblem, Tag};
use crate::auth::Customer;
use crate::headers::QueuePass;
use crate::idempotency::{Created, OptionalKey, RequestDigest};
use crate::input::JsonBody;
use crate::paging::{Cursor, Limit};
use crate::problem::{BODY, CUSTOMER, Code, IDEMPOTENT, Problem};
use crate::refusals::refuse;
use crate::state::UseCases;

/// Particular seats of a performance.
#[derive(Object)]
struct SeatsOrder {
    /// Of which performance.
    performance_id: Uuid,
    /// Which seats, each once, by their index in the seating plan.
    #[oai(validator(min_items = 1))]
    seats: Vec<SeatNo>,
}

/// Tickets without seats.
#[derive(Object)]
struct TicketsOrder {
    /// Of which performance.
    performance_id: Uuid,
    /// Of which category: one of the kind `allotment`.
    category_id: Uuid,
    /// How many.
    #[oai(validator(minimum(value = "1")))]
    quantity: u32,
}

/// The best free seats beside one another in one row.
///
/// Best is what is nearest to the front and the middle of its zone. Among blocks that are as near, one that leaves no single
/// seat behind comes first.
#[derive(Object)]
struct BestAvailableOrder {
    /// Of which performance.
    performance_id: Uuid,
    /// Of which category: one of the kind `seats`.
    category_id: Uuid,
    /// How many.
    #[oai(validator(minimum(value = "1")))]
    quantity: u32,
}

/// What a customer wants to hold.
#[derive(Union)]
#[oai(one_of, discriminator_name = "type", rename_all = "snake_case")]
enum ReservationOrder {
    Seats(SeatsOrder),
    Tickets(TicketsOrder),
    BestAvailable(BestAvailableOrder),
}

impl ReservationOrder {
    /// What makes two orders the same.
    fn digest(&self) -> RequestDigest {
        let digest = RequestDigest::of("POST", "/v1/reservations");
        match self {
            Self::Seats(order) => digest.part("seats").part(order.performance_id).numbers(&order.seats),
            Self::Tickets(order) => {
                digest.part("tickets").part(order.performance_id).part(order.category_id).numbers(&[order.quantity])
            }
            Self::BestAvailable(order) => {
                let digest = digest.part("best_available").part(order.performance_id);
                digest.part(order.category_id).numbers(&[order.quantity])
            }
        }
    }

    fn wanted(self) -> (PerformanceId, WantedItems) {
        match self {
            Self::Seats(SeatsOrder { performance_id, seats }) => {
                (PerformanceId(performance_id), WantedItems::Seats(seats))
            }
            Self::Tickets(TicketsOrder { performance_id, category_id, quantity }) => {
                let category = CategoryId(category_id);
                (PerformanceId(performance_id), WantedItems::Tickets { category, quantity })
            }
            Self::BestAvailable(BestAvailableOrder { performance_id, category_id, quantity }) => {
                let category = CategoryId(category_id);
                (PerformanceId(performance_id), WantedItems::BestAvailable { category, quantity })
            }
        }
    }
}

/// Part of the customer's reservations.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct ReservationPage {
    /// The reservations, newest first.
    items: Vec<ReservationBody>,
    /// Where to go on, when there are more.
    next_cursor: Option<Cursor>,
}

#[derive(ApiResponse)]
enum GivenBack {
    /// The hold has ended.
    #[oai(status = 204)]
    GivenBack,
}

crate::problems! {
    /// Why nothing was held.
    enum HoldProblem includes [BODY, CUSTOMER, IDEMPOTENT] {
        NotFound => "there is no such performance",
        SeatsTaken { conflicts: Vec<SeatNo> },
        SoldOut,
        NoAdjacentSeats { largest_block: u32 } => "at most {largest_block} free seats are beside one another",
        NotOnSale,
        TooManyHolds { limit: u32 } => "at most {limit} holds may be open",
        TooManySeats { limit: u32 } => "at most {limit} seats and tickets of a performance for one customer",
        UnknownSeats { seats: Vec<SeatNo> },
        PassRequired { waiting_room_id: Uuid },
        PassExpired,
        PassNotYours,
    }
}

from_admission_error! { HoldProblem }

impl From<HoldSeatsError> for HoldProblem {
    fn from(error: HoldSeatsError) -> Self {
        match error {
            HoldSeatsError::NoSeats | HoldSeatsError::SeatNamedTwice(_) => {
                Problem::invalid("seats", error.to_string()).into()
            }
            HoldSeatsError::NoQuantity => Problem::invalid("quantity", error.to_string()).into(),
            HoldSeatsError::NotAdmitted(error) => error.into(),
            HoldSeatsError::Step(error) => refuse(error),
        }
    }
}

impl From<HoldRefusal> for HoldProblem {
    fn from(refusal: HoldRefusal) -> Self {
        match refusal {
            HoldRefusal::SeatsTaken { conflicts } => Self::SeatsTaken { conflicts },
            HoldRefusal::UnknownSeats { seats } => Self::UnknownSeats { seats },
            HoldRefusal::UnknownCategory { .. } => Problem::invalid("category_id", refusal.to_string()).into(),
            HoldRefusal::SoldOut => Self::SoldOut,
            HoldRefusal::NoAdjacentSeats { largest } => Self::NoAdjacentSeats { largest_block: largest },
            HoldRefusal::NotOnSale => Self::NotOnSale,
            HoldRefusal::TooManyHolds { limit } => Self::TooManyHolds { limit },
            HoldRefusal::TooManySeats { limit } => Self::TooManySeats { limit },
            HoldRefusal::PassEnded => Self::PassExpired,
            HoldRefusal::UnknownPerformance => Self::NotFound,
            HoldRefusal::UnknownCustomer => Problem::new(Code::SignInRequired).into(), // the token outlived its account
        }
    }
}

crate::problems! {
    /// Why a hold was not given back.
    enum ReleaseProblem includes [CUSTOMER] {
        NotFound,
        AlreadyPaid,
    }
}

impl From<ReleaseRefusal> for ReleaseProblem {
    fn from(refusal: ReleaseRefusal) -> Self {
        match refusal {
            ReleaseRefusal::Unknown => Self::NotFound,
            ReleaseRefusal::AlreadyPaid => Self::AlreadyPaid,
        }
    }
}

/// The customer's reservations.
pub(crate) struct ReservationsApi {
    state: Arc<UseCases>,
}

impl ReservationsApi {
    /// On these use cases.
    pub(crate) fn new(state: Arc<UseCases>) -> Self {
        Self { state }
    }
}

#[OpenApi(prefix_path = "/v1/reservations", tag = "Tag::Reservations")]
impl ReservationsApi {
    /// Hold seats or tickets
    ///
    /// All of them or none: `seats_taken` names every seat that somebody has, `sold_out` says that so many are not left,
    /// `no_adjacent_seats` how many free seats are beside one another at most. A hold ends by itself at `held_until` unless it is paid before, and what it had is free in that moment.
    #[oai(path = "/", method = "post", operation_id = "create_reservation")]
    async fn hold(
        &self,
        customer: Customer,
        /// The caller's name for this request: asking again with it holds nothing again.
        #[oai(name = "Idempotency-Key")]
        key: OptionalKey,
        /// The customer's pass, where the concert has a waiting room.
        #[oai(name = "X-Queue-Pass")]
        pass: QueuePass,
        order: JsonBody<ReservationOrder>,
    ) -> Result<Created<ReservationBody>, HoldProblem> {
        let idempotency = key.of(|| order.0.digest())?;
        let (performance, wanted) = order.0.wanted();
        let request = HoldRequest { customer: customer.0, performance, wanted, pass: pass.0, idempotency };
        let done = self.state.hold.execute(request).await?;
        let replayed = done.replayed;
        Ok(Created::new(ReservationBody::of_step(&self.state, done).await?, replayed))
    }

    /// List the reservations of the customer who is signed in, newest first
    #[oai(path = "/", method = "get", operation_id = "list_reservations")]
    async fn list(
        &self,
        customer: Customer,
        /// Only those of this status.
        status: Query<Option<StatusName>>,
        /// Only those of this performance.
        performance_id: Query<Option<Uuid>>,
        /// The most items to answer.
        limit: Query<Option<Limit>>,
        /// Where to go on: the `next_cursor` of an earlier answer.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<ReservationPage>, ListOwnProblem> {
        let filter = ReservationFilter {
            customer: customer.0,
            status: status.0.map(Into::into),
            performance: performance_id.0.map(PerformanceId),
        };
        let page = self.state.bookings.reservations(filter, Cursor::id(cursor.0), Limit::of(limit.0)).await;
        let page = page.map_err(Problem::from)?;
        let mut items = Vec::with_capacity(page.items.len());
        for reservation in page.items {
            items.push(ReservationBody::of_now(&self.state, reservation).await?);
        }
        Ok(Json(ReservationPage { items, next_cursor: Cursor::after(page.next.map(|id| id.0)) }))
    }

    /// Show one of the customer's reservations
    #[oai(path = "/:id", method = "get", operation_id = "get_reservation")]
    async fn get(
        &self,
        customer: Customer,
        /// The reservation.
        id: Path<Uuid>,
    ) -> Result<Json<ReservationBody>, FindOwnProblem> {
        let id = ReservationId(id.0);
        let reservation = self.state.bookings.reservation(customer.0, id).await.map_err(Problem::from)?;
        let reservation = reservation.ok_or(FindOwnProblem::NotFound)?;
        Ok(Json(ReservationBody::of_now(&self.state, reservation).await?))
    }

    /// Give a hold back
    ///
    /// Only a hold: giving a payment back is a refund. A hold that has ended already stays as it is, and the answer is
    /// the same.
    #[oai(path = "/:id", method = "delete", operation_id = "release_reservation")]
    async fn release(
        &self,
        customer: Customer,
        /// The hold.
        id: Path<Uuid>,
    ) -> Result<GivenBack, ReleaseProblem> {
        let id = ReservationId(id.0);
        match self.state.release.execute(customer.0, id).await.map_err(refuse::<_, ReleaseProblem>)? {
            Released::Ended(_) => Ok(GivenBack::GivenBack),
            Released::NotDue { .. } => Err(Problem::internal("a release was answered like an early tidying").into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use onsale_application::ports::StepError;
    use onsale_application::waiting_room::AdmissionError;
    use onsale_domain::ids::WaitingRoomId;

    use super::*;

    #[test]
    fn every_refused_hold_has_its_code() {
        let room = WaitingRoomId(Uuid::nil());
        let step = |refusal| HoldSeatsError::Step(StepError::Refused(refusal));
        let expected = [
            (HoldSeatsError::NoSeats, Code::InvalidRequest),
            (HoldSeatsError::NoQuantity, Code::InvalidRequest),
            (HoldSeatsError::SeatNamedTwice(3), Code::InvalidRequest),
            (HoldSeatsError::Step(StepError::Busy), Code::Busy),
            (step(HoldRefusal::SeatsTaken { conflicts: vec![1] }), Code::SeatsTaken),
            (step(HoldRefusal::UnknownSeats { seats: vec![9] }), Code::UnknownSeats),
            (step(HoldRefusal::UnknownCategory { category: CategoryId(Uuid::nil()) }), Code::InvalidRequest),
            (step(HoldRefusal::SoldOut), Code::SoldOut),
            (step(HoldRefusal::NoAdjacentSeats { largest: 1 }), Code::NoAdjacentSeats),
            (step(HoldRefusal::NotOnSale), Code::NotOnSale),
            (step(HoldRefusal::TooManyHolds { limit: 2 }), Code::TooManyHolds),
            (step(HoldRefusal::TooManySeats { limit: 4 }), Code::TooManySeats),
            (step(HoldRefusal::PassEnded), Code::PassExpired),
            (HoldSeatsError::NotAdmitted(AdmissionError::PassRequired { room }), Code::PassRequired),
            (HoldSeatsError::NotAdmitted(AdmissionError::PassExpired), Code::PassExpired),
            (HoldSeatsError::NotAdmitted(AdmissionError::PassNotYours), Code::PassNotYours),
            (HoldSeatsError::NotAdmitted(AdmissionError::Busy), Code::Busy),
            (step(HoldRefusal::UnknownPerformance), Code::NotFound),
            (step(HoldRefusal::UnknownCustomer), Code::SignInRequired),
        ];
        for (error, code) in expected {
            assert_eq!(Problem::from(HoldProblem::from(error)).code(), code);
        }
    }

    #[test]
    fn every_refused_release_has_its_code() {
        let code = |refusal: ReleaseRefusal| Problem::from(ReleaseProblem::from(refusal)).code();
        assert_eq!(code(ReleaseRefusal::Unknown), Code::NotFound);
        assert_eq!(code(ReleaseRefusal::AlreadyPaid), Code::AlreadyPaid);
    }
}
