use std::sync::Arc;

use onsale_domain::box_office::{self, PayRefusal, RefundRefusal, SpendCoupon};
use onsale_domain::ids::{AccountId, CouponId, PerformanceId, ReservationId};
use onsale_domain::payment::{Payment, Refund};
use onsale_domain::reservation::Reservation;
use tracing::warn;

use crate::ports::{
    BoxOffice, Cashier, CatalogueReader, Context, Done, HoldTimer, IdempotencyKey, PayOrder, RefundOrder, StepError,
    Unavailable, Versioned,
};
use crate::waiting_room::Admissions;

/// A reservation that its customer pays.
#[derive(Clone, Debug)]
pub struct PayRequest {
    /// Who asks.
    pub customer: AccountId,
    /// Which reservation.
    pub reservation: ReservationId,
    /// The coupon to spend on it.
    pub coupon: Option<CouponId>,
    /// The caller's name for this request.
    pub idempotency: IdempotencyKey,
}

/// A payment that its customer wants back.
#[derive(Clone, Debug)]
pub struct RefundRequest {
    /// Who asks.
    pub customer: AccountId,
    /// Which reservation.
    pub reservation: ReservationId,
    /// The caller's name for this request.
    pub idempotency: IdempotencyKey,
}

/// Pays a hold with points.
pub struct PayReservation {
    box_office: Arc<dyn BoxOffice>,
    cashier: Arc<dyn Cashier>,
    timer: Arc<dyn HoldTimer>,
    catalogue: Arc<dyn CatalogueReader>,
    admissions: Arc<Admissions>,
    context: Context,
}

impl PayReservation {
    /// On these ports.
    #[must_use]
    pub fn new(
        box_office: Arc<dyn BoxOffice>,
        cashier: Arc<dyn Cashier>,
        timer: Arc<dyn HoldTimer>,
        catalogue: Arc<dyn CatalogueReader>,
        admissions: Arc<Admissions>,
        context: Context,
    ) -> Self {
        Self { box_office, cashier, timer, catalogue, admissions, context }
    }

    /// Pays: seats sold, points moved and the coupon spent together, or nothing of it.
    ///
    /// # Errors
    /// [`StepError::Refused`] with a [`PayRefusal`].
    pub async fn execute(&self, request: PayRequest) -> Result<Done<(Payment, Reservation)>, StepError<PayRefusal>> {
        let performance = performance_of(&*self.box_office, request.reservation, request.customer).await?;
        let performance = performance.ok_or(StepError::Refused(PayRefusal::Unknown))?;
        let order = PayOrder {
            performance,
            payment: box_office::PayReservation {
                payment: self.context.new_id(),
                entry: self.context.new_id(),
                reservation: request.reservation,
                customer: request.customer,
                coupon: request.coupon.map(|coupon| SpendCoupon { coupon, entry: self.context.new_id() }),
            },
            idempotency: Some(request.idempotency),
        };
        let done = self.cashier.pay(order).await?;
        self.timer.disarm_soon(performance, request.reservation);
        if !done.replayed {
            self.end_visit(&done.value.1).await;
        }
        Ok(done)
    }

    /// Who has paid makes room for the next in line; should that fail, the pass ends by itself.
    async fn end_visit(&self, reservation: &Reservation) {
        match self.catalogue.performance(reservation.performance).await {
            Ok(Versioned { value: Some(performance), .. }) => {
                self.admissions.paid(performance.concert, reservation.customer).await;
            }
            Ok(_) => {}
            Err(error) => warn!(reservation_id = %reservation.id, %error, "the visit goes on until its pass expires"),
        }
    }
}

/// Gives a payment back.
pub struct RefundReservation {
    box_office: Arc<dyn BoxOffice>,
    cashier: Arc<dyn Cashier>,
    context: Context,
}

impl RefundReservation {
    /// On these ports.
    #[must_use]
    pub fn new(box_office: Arc<dyn BoxOffice>, cashier: Arc<dyn Cashier>, context: Context) -> Self {
        Self { box_office, cashier, context }
    }

    /// Refunds: seats free, points and coupon back together, or nothing of it.
    ///
    /// # Errors
    /// [`StepError::Refused`] with a [`RefundRefusal`].
    pub async fn execute(
        &self,
        request: RefundRequest,
    ) -> Result<Done<(Refund, Reservation)>, StepError<RefundRefusal>> {
        let performance = performance_of(&*self.box_office, request.reservation, request.customer).await?;
        let order = RefundOrder {
            performance: performance.ok_or(StepError::Refused(RefundRefusal::Unknown))?,
            refund: box_office::RefundReservation {
                refund: self.context.new_id(),
                entry: self.context.new_id(),
                discount_entry: self.context.new_id(),
                reservation: request.reservation,
                customer: request.customer,
            },
            idempotency: Some(request.idempotency),
        };
        self.cashier.refund(order).await
    }
}

/// Which performance's lane the request belongs to; nothing when the customer has no such reservation.
async fn performance_of(
    box_office: &dyn BoxOffice,
    reservation: ReservationId,
    customer: AccountId,
) -> Result<Option<PerformanceId>, Unavailable> {
    let reservation = box_office.reservation(reservation).await?;
    let own = reservation.filter(|reservation| reservation.customer == customer);
    Ok(own.map(|reservation| reservation.performance))
}
