use async_trait::async_trait;
use onsale_domain::box_office::{PayRefusal, PayReservation, RefundRefusal, RefundReservation};
use onsale_domain::charge::{Charge, ChargeReceipt, ChargeRefusal};
use onsale_domain::ids::{AccountId, ChargeId, EntryId, PaymentId, PerformanceId};
use onsale_domain::money::Amount;
use onsale_domain::payment::{Payment, Refund};
use onsale_domain::points::LedgerEntry;
use onsale_domain::reservation::Reservation;
use thiserror::Error;

use super::{Done, IdempotencyKey, Page, StepError, Unavailable};

/// Points that a customer's provider has the money for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeOrder {
    /// What to record.
    pub charge: Charge,
    /// The caller's name for this request.
    pub idempotency: Option<IdempotencyKey>,
}

/// A hold that a customer pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayOrder {
    /// Of which performance.
    pub performance: PerformanceId,
    /// What to pay.
    pub payment: PayReservation,
    /// The caller's name for this request.
    pub idempotency: Option<IdempotencyKey>,
}

/// A payment that a customer wants back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOrder {
    /// Of which performance.
    pub performance: PerformanceId,
    /// What to give back.
    pub refund: RefundReservation,
    /// The caller's name for this request.
    pub idempotency: Option<IdempotencyKey>,
}

/// One line of a customer's account.
pub type LedgerLine = LedgerEntry;

/// Points, payments and refunds.
#[async_trait]
pub trait Cashier: Send + Sync {
    /// Records a charge.
    ///
    /// # Errors
    /// [`StepError::Refused`] with a [`ChargeRefusal`]; no points have moved in any error.
    async fn charge(&self, order: ChargeOrder) -> Result<Done<ChargeReceipt>, StepError<ChargeRefusal>>;

    /// Pays a hold: seats sold, points moved, payment recorded, or nothing of it.
    ///
    /// # Errors
    /// [`StepError::Refused`] with a [`PayRefusal`]; a payment that comes too late gets
    /// [`PayRefusal::HoldExpired`] and moves no points.
    async fn pay(&self, order: PayOrder) -> Result<Done<(Payment, Reservation)>, StepError<PayRefusal>>;

    /// Gives a payment back: seats free, points returned, refund recorded, or nothing of it.
    ///
    /// # Errors
    /// [`StepError::Refused`] with a [`RefundRefusal`].
    async fn refund(&self, order: RefundOrder) -> Result<Done<(Refund, Reservation)>, StepError<RefundRefusal>>;

    /// A payment, whoever made it.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, Unavailable>;

    /// A charge, whoever made it.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn charge_receipt(&self, id: ChargeId) -> Result<Option<ChargeReceipt>, Unavailable>;

    /// A customer's points; nothing when there is no such customer.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn balance(&self, customer: AccountId) -> Result<Option<Amount>, Unavailable>;

    /// A customer's ledger entries, newest first, those before `before`.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn entries(
        &self,
        customer: AccountId,
        before: Option<EntryId>,
        limit: u32,
    ) -> Result<Page<LedgerLine, EntryId>, Unavailable>;
}

/// What a provider says when a charge is started. A state for money that is still under way comes with the first
/// provider that has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartedCharge {
    /// It has the money.
    Completed,
}

/// Why a provider took no money.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChargeProviderError {
    /// There is no provider of that name here.
    #[error("there is no charge method of that name here")]
    Disabled,
    /// The provider cannot be reached.
    #[error("the provider is not available: {0}")]
    Unavailable(String),
}

/// Somebody who takes a customer's money for points.
#[async_trait]
pub trait ChargeProvider: Send + Sync {
    /// Its name: the `method` of a charge.
    fn method(&self) -> &'static str;

    /// Takes the money for `charge`. A request that is repeated brings the same charge id, also after a failure of ours
    /// and to another replica: the provider takes the money once for each charge id, and answers the same again.
    ///
    /// # Errors
    /// [`ChargeProviderError`]; no money was taken.
    async fn start(&self, charge: &Charge) -> Result<StartedCharge, ChargeProviderError>;
}
