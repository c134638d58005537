//! Points: buying them, and reading an account.

use std::sync::Arc;

use onsale_domain::charge::{CHARGE_LIMIT, Charge, ChargeReceipt, ChargeRefusal};
use onsale_domain::ids::{AccountId, ChargeId, EntryId};
use onsale_domain::money::Amount;
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::{Builder, Uuid};

use crate::ports::{
    Cashier, ChargeOrder, ChargeProvider, ChargeProviderError, Context, Done, IdempotencyKey, LedgerLine, Page,
    StartedCharge, StepError, Unavailable,
};

/// Points that a customer wants to buy.
#[derive(Clone, Debug)]
pub struct ChargeRequest {
    /// Who buys.
    pub customer: AccountId,
    /// How many points.
    pub amount: Amount,
    /// The provider's name.
    pub method: String,
    /// The caller's name for this request.
    pub idempotency: IdempotencyKey,
}

/// Why no points were bought.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChargePointsError {
    /// The provider is not to be had here.
    #[error("there is no charge method of that name here")]
    Disabled,
    /// The step did not happen.
    #[error(transparent)]
    Step(#[from] StepError<ChargeRefusal>),
}

/// Buys points from a provider and records them.
pub struct ChargePoints {
    cashier: Arc<dyn Cashier>,
    providers: Vec<Arc<dyn ChargeProvider>>,
    context: Context,
}

impl ChargePoints {
    /// On these ports; a method that no provider has is disabled.
    #[must_use]
    pub fn new(cashier: Arc<dyn Cashier>, providers: Vec<Arc<dyn ChargeProvider>>, context: Context) -> Self {
        Self { cashier, providers, context }
    }

    /// Buys the points.
    ///
    /// # Errors
    /// [`ChargePointsError`]; no points were bought.
    pub async fn execute(&self, request: ChargeRequest) -> Result<Done<ChargeReceipt>, ChargePointsError> {
        let provider = self.providers.iter().find(|provider| provider.method() == request.method);
        let provider = provider.ok_or(ChargePointsError::Disabled)?;
        if request.amount == Amount::ZERO || request.amount > CHARGE_LIMIT {
            return Err(StepError::Refused(ChargeRefusal::AmountOutOfRange).into());
        }
        let charge = Charge {
            id: charge_id(request.customer, &request.idempotency),
            customer: request.customer,
            amount: request.amount,
            method: request.method,
            entry: self.context.new_id(),
        };
        match provider.start(&charge).await {
            Ok(StartedCharge::Completed) => {}
            Err(ChargeProviderError::Disabled) => return Err(ChargePointsError::Disabled),
            Err(error) => return Err(StepError::Unavailable(Unavailable::because(error)).into()),
        }
        let order = ChargeOrder { charge, idempotency: Some(request.idempotency) };
        Ok(self.cashier.charge(order).await?)
    }
}

/// The same for the same request, so that a provider that was asked before is asked for the same charge again, whatever
/// was lost since: a `UUIDv8` of the SHA-256 digest of customer, request and key (RFC 9562, 5.8).
fn charge_id(customer: AccountId, key: &IdempotencyKey) -> ChargeId {
    let request = Sha256::new().chain_update(customer.0).chain_update(key.request()).chain_update(key.as_str());
    let mut bytes = uuid::Bytes::default();
    bytes.copy_from_slice(&request.finalize()[..size_of::<Uuid>()]);
    ChargeId(Builder::from_custom_bytes(bytes).into_uuid())
}

/// Reads a customer's points.
pub struct ReadPoints {
    cashier: Arc<dyn Cashier>,
}

impl ReadPoints {
    /// On this port.
    #[must_use]
    pub fn new(cashier: Arc<dyn Cashier>) -> Self {
        Self { cashier }
    }

    /// The balance; zero for somebody who has no points account.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn balance(&self, customer: AccountId) -> Result<Amount, Unavailable> {
        Ok(self.cashier.balance(customer).await?.unwrap_or_default())
    }

    /// The entries, newest first.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn entries(
        &self,
        customer: AccountId,
        before: Option<EntryId>,
        limit: u32,
    ) -> Result<Page<LedgerLine, EntryId>, Unavailable> {
        self.cashier.entries(customer, before, limit).await
    }

    /// One of the customer's own charges.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn charge(&self, customer: AccountId, id: ChargeId) -> Result<Option<ChargeReceipt>, Unavailable> {
        let receipt = self.cashier.charge_receipt(id).await?;
        Ok(receipt.filter(|receipt| receipt.charge.customer == customer))
    }
}
