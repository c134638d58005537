//! The ports that sales stand behind.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_application::ports::{
    BoxOffice, Cashier, ChargeOrder, Done, HoldOrder, LedgerLine, OpenHold, Page, PayOrder, RefundOrder, ReleaseOrder,
    ReservationFilter, SeatMap, StepError, Unavailable,
};
use onsale_domain::box_office::{
    Command, ExpireHold, HoldRefusal, Outcome, PayRefusal, RefundRefusal, Refusal, ReleaseHold, ReleaseRefusal,
    Released,
};
use onsale_domain::charge::{ChargeReceipt, ChargeRefusal};
use onsale_domain::ids::{AccountId, ChargeId, EntryId, PaymentId, PerformanceId, ReservationId};
use onsale_domain::money::Amount;
use onsale_domain::payment::Payment;
use onsale_domain::reservation::Reservation;

use super::command::{Paid, Refunded, SaleCommand, misplaced, narrowed};
use super::idempotency::Step;
use super::{SqlSales, charges, reads};
use crate::settling::lane_error;

#[async_trait]
impl BoxOffice for SqlSales {
    async fn hold(&self, order: HoldOrder) -> Result<Done<Reservation>, StepError<HoldRefusal>> {
        let customer = order.hold.customer;
        let command = SaleCommand::named(Command::Hold(order.hold), Step::Hold, customer, order.idempotency);
        let narrow = |refusal| if let Refusal::Hold(refusal) = refusal { Ok(refusal) } else { Err(refusal) };
        let done = self.settle(order.performance, command).await.map_err(|error| narrowed(error, narrow))?;
        match done.value {
            Outcome::Held(reservation) => Ok(Done { value: reservation, replayed: done.replayed }),
            other => Err(misplaced(&other)),
        }
    }

    async fn release(&self, order: ReleaseOrder) -> Result<Released, StepError<ReleaseRefusal>> {
        let release = ReleaseHold { reservation: order.reservation, customer: order.customer };
        self.end(order.performance, Command::Release(release)).await
    }

    async fn expire(
        &self,
        performance: PerformanceId,
        reservation: ReservationId,
    ) -> Result<Released, StepError<ReleaseRefusal>> {
        self.end(performance, Command::Expire(ExpireHold { reservation })).await
    }

    async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, Unavailable> {
        Ok(reads::reservation(&self.database, id).await?)
    }

    async fn reservations(
        &self,
        filter: ReservationFilter,
        before: Option<ReservationId>,
        limit: u32,
    ) -> Result<Page<Reservation, ReservationId>, Unavailable> {
        Ok(reads::reservations_of(&self.database, filter, before, limit, self.context.now()).await?)
    }

    async fn seat_map(&self, performance: PerformanceId) -> Result<Option<SeatMap>, Unavailable> {
        Ok(reads::seat_map(&self.database, performance, self.context.now()).await?)
    }

    async fn seat_version(&self, performance: PerformanceId) -> Result<Option<(i64, i64)>, Unavailable> {
        Ok(reads::seat_version(&self.database, performance).await?)
    }

    async fn open_holds(
        &self,
        until: DateTime<Utc>,
        after: Option<(DateTime<Utc>, ReservationId)>,
        limit: u32,
    ) -> Result<Vec<OpenHold>, Unavailable> {
        Ok(reads::open_holds(&self.database, until, after, limit).await?)
    }
}

#[async_trait]
impl Cashier for SqlSales {
    async fn charge(&self, order: ChargeOrder) -> Result<Done<ChargeReceipt>, StepError<ChargeRefusal>> {
        let lane = charges::lane(order.charge.customer);
        self.charges.submit(lane, order.into()).await.unwrap_or_else(|error| Err(lane_error(error)))
    }

    async fn pay(&self, order: PayOrder) -> Result<Done<Paid>, StepError<PayRefusal>> {
        let customer = order.payment.customer;
        let command = SaleCommand::named(Command::Pay(order.payment), Step::Pay, customer, order.idempotency);
        let narrow = |refusal| if let Refusal::Pay(refusal) = refusal { Ok(refusal) } else { Err(refusal) };
        let done = self.settle(order.performance, command).await.map_err(|error| narrowed(error, narrow))?;
        match done.value {
            Outcome::Paid(payment, reservation) => Ok(Done { value: (payment, reservation), replayed: done.replayed }),
            other => Err(misplaced(&other)),
        }
    }

    async fn refund(&self, order: RefundOrder) -> Result<Done<Refunded>, StepError<RefundRefusal>> {
        let customer = order.refund.customer;
        let command = SaleCommand::named(Command::Refund(order.refund), Step::Refund, customer, order.idempotency);
        let narrow = |refusal| if let Refusal::Refund(refusal) = refusal { Ok(refusal) } else { Err(refusal) };
        let done = self.settle(order.performance, command).await.map_err(|error| narrowed(error, narrow))?;
        match done.value {
            Outcome::Refunded(refund, reservation) => {
                Ok(Done { value: (refund, reservation), replayed: done.replayed })
            }
            other => Err(misplaced(&other)),
        }
    }

    async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, Unavailable> {
        Ok(reads::payment(&self.database, id).await?)
    }

    async fn charge_receipt(&self, id: ChargeId) -> Result<Option<ChargeReceipt>, Unavailable> {
        Ok(reads::charge_receipt(&self.database, id).await?)
    }

    async fn balance(&self, customer: AccountId) -> Result<Option<Amount>, Unavailable> {
        Ok(reads::balance(&self.database, customer).await?)
    }

    async fn entries(
        &self,
        customer: AccountId,
        before: Option<EntryId>,
        limit: u32,
    ) -> Result<Page<LedgerLine, EntryId>, Unavailable> {
        Ok(reads::entries(&self.database, customer, before, limit).await?)
    }
}

impl SqlSales {
    /// Ends a hold: given back or expired.
    async fn end(&self, performance: PerformanceId, command: Command) -> Result<Released, StepError<ReleaseRefusal>> {
        let narrow = |refusal| if let Refusal::Release(refusal) = refusal { Ok(refusal) } else { Err(refusal) };
        let done = self.settle(performance, SaleCommand::unnamed(command)).await;
        match done.map_err(|error| narrowed(error, narrow))?.value {
            Outcome::Released(released) => Ok(released),
            other => Err(misplaced(&other)),
        }
    }
}
