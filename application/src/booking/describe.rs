use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_domain::performance::Performance;
use onsale_domain::plan::SeatingPlan;
use onsale_domain::reservation::{Reservation, ReservationStatus};

use crate::ports::{CatalogueReader, ConcertListing, Context, Unavailable};

/// A reservation with what a customer wants to read about it.
#[derive(Clone, Debug)]
pub struct DescribedReservation {
    /// The reservation.
    pub reservation: Reservation,
    /// Its status at the moment of reading.
    pub status: ReservationStatus,
    /// Its performance.
    pub performance: Arc<Performance>,
    /// Its concert.
    pub concert: Arc<ConcertListing>,
    /// The plan that names its seats.
    pub plan: Option<Arc<SeatingPlan>>,
    /// Until when it can be given back, while it is paid.
    pub refundable_until: Option<DateTime<Utc>>,
}

/// Adds titles, dates and seat names to reservations, from the catalogue.
pub struct DescribeReservations {
    catalogue: Arc<dyn CatalogueReader>,
    context: Context,
}

impl DescribeReservations {
    /// On these ports.
    #[must_use]
    pub fn new(catalogue: Arc<dyn CatalogueReader>, context: Context) -> Self {
        Self { catalogue, context }
    }

    /// Describes `reservation` as it is now.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn execute(&self, reservation: Reservation) -> Result<DescribedReservation, Unavailable> {
        let status = reservation.status(self.context.now());
        self.with_status(reservation, status).await
    }

    /// Describes `reservation` with the status it had when an earlier request was answered.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn as_it_was(&self, reservation: Reservation) -> Result<DescribedReservation, Unavailable> {
        let status = reservation.status(reservation.created_at);
        self.with_status(reservation, status).await
    }

    async fn with_status(
        &self,
        reservation: Reservation,
        status: ReservationStatus,
    ) -> Result<DescribedReservation, Unavailable> {
        let missing = || Unavailable::because(format!("performance {} has vanished", reservation.performance));
        let performance = self.catalogue.performance(reservation.performance).await?.value.ok_or_else(missing)?;
        let concert = self.catalogue.concert(performance.concert).await?.value.ok_or_else(missing)?;
        let plan = match performance.seating_plan {
            Some(id) => self.catalogue.seating_plan(id).await?,
            None => None,
        };
        let refundable_until = (status == ReservationStatus::Paid).then_some(performance.refundable_until);
        Ok(DescribedReservation { reservation, status, performance, concert, plan, refundable_until })
    }
}
