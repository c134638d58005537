use std::sync::Arc;

use onsale_domain::box_office::{Admission, Hold, HoldRefusal, ReleaseRefusal, Released, Wanted};
use onsale_domain::ids::{AccountId, CategoryId, ItemId, PerformanceId, ReservationId};
use onsale_domain::performance::{MAX_SEATS_PER_CUSTOMER_LIMIT, Performance};
use onsale_domain::reservation::Reservation;
use onsale_domain::seat::SeatNo;
use thiserror::Error;

use crate::ports::{
    BoxOffice, CatalogueReader, Context, Done, HoldAlarm, HoldOrder, HoldTimer, IdempotencyKey, ReleaseOrder, StepError,
};
use crate::waiting_room::{AdmissionError, Admissions};

/// Seats or tickets that a customer asks for.
#[derive(Clone, Debug)]
pub struct HoldRequest {
    /// Who asks.
    pub customer: AccountId,
    /// Of which performance.
    pub performance: PerformanceId,
    /// What is asked for.
    pub wanted: WantedItems,
    /// The pass on which the customer is here, if one was shown.
    pub pass: Option<String>,
    /// The caller's name for this request.
    pub idempotency: Option<IdempotencyKey>,
}

/// What a customer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedItems {
    /// These seats, in any order.
    Seats(Vec<SeatNo>),
    /// Tickets without seats.
    Tickets {
        /// Of which category.
        category: CategoryId,
        /// How many.
        quantity: u32,
    },
    /// The best free seats beside one another.
    BestAvailable {
        /// Of which category.
        category: CategoryId,
        /// How many.
        quantity: u32,
    },
}

impl WantedItems {
    /// How many seats or tickets it is.
    fn quantity(&self) -> usize {
        match self {
            Self::Seats(seats) => seats.len(),
            Self::Tickets { quantity, .. } | Self::BestAvailable { quantity, .. } => *quantity as usize,
        }
    }
}

/// Why nothing was held.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HoldSeatsError {
    /// No seats were named.
    #[error("name at least one seat")]
    NoSeats,
    /// A quantity of none was asked for.
    #[error("ask for at least one seat or ticket")]
    NoQuantity,
    /// A seat was named twice.
    #[error("seat {0} is named twice")]
    SeatNamedTwice(SeatNo),
    /// The concert has a waiting room, and the customer is not in.
    #[error(transparent)]
    NotAdmitted(#[from] AdmissionError),
    /// The step did not happen.
    #[error(transparent)]
    Step(#[from] StepError<HoldRefusal>),
}

/// Takes seats or tickets for a customer.
pub struct HoldSeats {
    catalogue: Arc<dyn CatalogueReader>,
    box_office: Arc<dyn BoxOffice>,
    timer: Arc<dyn HoldTimer>,
    admissions: Arc<Admissions>,
    context: Context,
}

impl HoldSeats {
    /// On these ports.
    #[must_use]
    pub fn new(
        catalogue: Arc<dyn CatalogueReader>,
        box_office: Arc<dyn BoxOffice>,
        timer: Arc<dyn HoldTimer>,
        admissions: Arc<Admissions>,
        context: Context,
    ) -> Self {
        Self { catalogue, box_office, timer, admissions, context }
    }

    /// Holds all that is asked for, or nothing.
    ///
    /// # Errors
    /// [`HoldSeatsError`]; nothing is held then.
    pub async fn execute(&self, request: HoldRequest) -> Result<Done<Reservation>, HoldSeatsError> {
        let terms = self.terms(request.performance).await?;
        let admission = self.admissions.require(terms.concert, request.pass.as_deref(), Some(request.customer)).await?;
        let order = self.order(request, admission, terms.max_seats_per_customer)?;
        let done = self.box_office.hold(order).await?;
        if !done.replayed {
            self.arm(&done.value);
        }
        Ok(done)
    }

    /// The performance as far as the catalogue knows it. An unknown one must not open a lane.
    async fn terms(&self, id: PerformanceId) -> Result<Arc<Performance>, HoldSeatsError> {
        let known = self.catalogue.performance(id).await.map_err(StepError::Unavailable)?;
        Ok(known.value.ok_or(StepError::Refused(HoldRefusal::UnknownPerformance))?)
    }

    /// An order that no performance allows is refused here, so that none is large; `limit` is for its customer to know.
    fn order(
        &self,
        request: HoldRequest,
        admission: Option<Admission>,
        limit: u32,
    ) -> Result<HoldOrder, HoldSeatsError> {
        if request.wanted.quantity() > MAX_SEATS_PER_CUSTOMER_LIMIT as usize {
            return Err(StepError::Refused(HoldRefusal::TooManySeats { limit }).into());
        }
        let hold = Hold {
            reservation: self.context.new_id(),
            customer: request.customer,
            wanted: self.wanted(request.wanted)?,
            admission,
        };
        Ok(HoldOrder { performance: request.performance, hold, idempotency: request.idempotency })
    }

    fn wanted(&self, items: WantedItems) -> Result<Wanted, HoldSeatsError> {
        match items {
            WantedItems::Seats(seats) => self.seats(seats),
            WantedItems::Tickets { quantity: 0, .. } | WantedItems::BestAvailable { quantity: 0, .. } => {
                Err(HoldSeatsError::NoQuantity)
            }
            WantedItems::Tickets { category, quantity } => {
                Ok(Wanted::Tickets { category, items: self.new_items(quantity) })
            }
            WantedItems::BestAvailable { category, quantity } => {
                Ok(Wanted::BestAvailable { category, items: self.new_items(quantity) })
            }
        }
    }

    fn new_items(&self, quantity: u32) -> Vec<ItemId> {
        (0..quantity).map(|_| self.context.new_id()).collect()
    }

    fn seats(&self, mut seats: Vec<SeatNo>) -> Result<Wanted, HoldSeatsError> {
        if seats.is_empty() {
            return Err(HoldSeatsError::NoSeats);
        }
        seats.sort_unstable();
        if let Some(pair) = seats.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(HoldSeatsError::SeatNamedTwice(pair[0]));
        }
        Ok(Wanted::Seats(seats.into_iter().map(|no| (no, self.context.new_id())).collect()))
    }

    /// Prompt tidying only, for which no customer waits: the hold ends by itself, and the sweep arms what could not be
    /// armed here.
    fn arm(&self, reservation: &Reservation) {
        self.timer.arm_soon(HoldAlarm {
            reservation: reservation.id,
            performance: reservation.performance,
            due: reservation.held_until,
        });
    }
}

/// Gives a hold back.
pub struct ReleaseHold {
    box_office: Arc<dyn BoxOffice>,
    timer: Arc<dyn HoldTimer>,
}

impl ReleaseHold {
    /// On these ports.
    #[must_use]
    pub fn new(box_office: Arc<dyn BoxOffice>, timer: Arc<dyn HoldTimer>) -> Self {
        Self { box_office, timer }
    }

    /// Gives the hold back; one that has already ended stays as it is.
    ///
    /// # Errors
    /// [`StepError::Refused`] with a [`ReleaseRefusal`].
    pub async fn execute(
        &self,
        customer: AccountId,
        reservation: ReservationId,
    ) -> Result<Released, StepError<ReleaseRefusal>> {
        let known = self.box_office.reservation(reservation).await?;
        let known = known.ok_or(StepError::Refused(ReleaseRefusal::Unknown))?;
        let order = ReleaseOrder { performance: known.performance, reservation, customer };
        let released = self.box_office.release(order).await?;
        self.timer.disarm_soon(known.performance, reservation);
        Ok(released)
    }
}
