use std::sync::Arc;

use onsale_domain::ids::{AccountId, PaymentId, ReservationId};
use onsale_domain::payment::Payment;
use onsale_domain::reservation::Reservation;

use crate::ports::{BoxOffice, Cashier, Page, ReservationFilter, Unavailable};

/// Reads a customer's own reservations and payments; another's are not found.
pub struct ReadBookings {
    box_office: Arc<dyn BoxOffice>,
    cashier: Arc<dyn Cashier>,
}

impl ReadBookings {
    /// On these ports.
    #[must_use]
    pub fn new(box_office: Arc<dyn BoxOffice>, cashier: Arc<dyn Cashier>) -> Self {
        Self { box_office, cashier }
    }

    /// One of the customer's reservations.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn reservation(
        &self,
        customer: AccountId,
        id: ReservationId,
    ) -> Result<Option<Reservation>, Unavailable> {
        let reservation = self.box_office.reservation(id).await?;
        Ok(reservation.filter(|reservation| reservation.customer == customer))
    }

    /// The customer's reservations, newest first.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn reservations(
        &self,
        filter: ReservationFilter,
        before: Option<ReservationId>,
        limit: u32,
    ) -> Result<Page<Reservation, ReservationId>, Unavailable> {
        self.box_office.reservations(filter, before, limit).await
    }

    /// One of the customer's payments.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn payment(&self, customer: AccountId, id: PaymentId) -> Result<Option<Payment>, Unavailable> {
        let payment = self.cashier.payment(id).await?;
        Ok(payment.filter(|payment| payment.customer == customer))
    }
}
