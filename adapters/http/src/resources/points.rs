//! Points: the balance, where they went, and buying more.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_application::points::{ChargePointsError, ChargeRequest};
use onsale_domain::charge::{ChargeReceipt, ChargeRefusal};
use onsale_domain::ids::ChargeId;
use onsale_domain::money::{Amount, Currency};
use onsale_domain::points::{EntryKind, LedgerEntry};
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use uuid::Uuid;

use super::{FindOwnProblem, ListOwnProblem, Tag};
use crate::auth::Customer;
use crate::idempotency::{Created, RequestDigest, RequiredKey};
use crate::input::{JsonBody, Text};
use crate::paging::{Cursor, Limit};
use crate::problem::{BODY, CUSTOMER, Code, KEYED, Problem};
use crate::refusals::refuse;
use crate::state::UseCases;

/// The customer's points.
#[derive(Object)]
struct Balance {
    /// How many.
    balance: i64,
    /// The ISO 4217 code of their currency.
    currency: String,
}

/// Why points moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "EntryKind", rename_all = "snake_case")]
enum KindName {
    /// The customer bought points.
    Charge,
    /// The customer paid a reservation.
    Payment,
    /// The customer got a payment back.
    Refund,
    /// A gift.
    Grant,
    /// A correction by hand.
    Adjustment,
}

impl KindName {
    /// The name; nothing for a movement that is no customer's.
    const fn of(kind: EntryKind) -> Option<Self> {
        match kind {
            EntryKind::Charge => Some(Self::Charge),
            EntryKind::Payment => Some(Self::Payment),
            EntryKind::Refund => Some(Self::Refund),
            EntryKind::Discount => None,
            EntryKind::Grant => Some(Self::Grant),
            EntryKind::Adjustment => Some(Self::Adjustment),
        }
    }
}

/// One movement of the customer's points.
#[derive(Object)]
#[oai(rename = "PointsEntry", skip_serializing_if_is_none)]
struct EntryBody {
    /// Its identity.
    entry_id: Uuid,
    /// Why points moved.
    kind: KindName,
    /// How many: positive when they arrived, negative when they left.
    amount: i64,
    /// The balance after it.
    balance_after: i64,
    /// When.
    at: DateTime<Utc>,
    /// The reservation it is about.
    reservation_id: Option<Uuid>,
    /// The payment it is about.
    payment_id: Option<Uuid>,
    /// The refund it is about.
    refund_id: Option<Uuid>,
    /// The charge it is about.
    charge_id: Option<Uuid>,
}

impl TryFrom<LedgerEntry> for EntryBody {
    type Error = Problem;

    fn try_from(entry: LedgerEntry) -> Result<Self, Problem> {
        let no_balance = || Problem::internal(format_args!("entry {} of a customer has no balance", entry.id));
        let no_customers = || Problem::internal(format_args!("entry {} is no customer's", entry.id));
        Ok(Self {
            entry_id: entry.id.0,
            kind: KindName::of(entry.kind).ok_or_else(no_customers)?,
            amount: entry.signed_amount(),
            balance_after: entry.balance_after.ok_or_else(no_balance)?.units(),
            at: entry.at,
            reservation_id: entry.references.reservation.map(|id| id.0),
            payment_id: entry.references.payment.map(|id| id.0),
            refund_id: entry.references.refund.map(|id| id.0),
            charge_id: entry.references.charge.map(|id| id.0),
        })
    }
}

/// Part of the movements of the customer's points.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct PointsEntryPage {
    /// The movements, newest first.
    items: Vec<EntryBody>,
    /// Where to go on, when there are more.
    next_cursor: Option<Cursor>,
}

/// Points to buy.
#[derive(Object)]
struct ChargeOrder {
    /// How many.
    #[oai(validator(minimum(value = "1"), maximum(value = "100000000")))]
    amount: i64,
    /// How to pay for them. `test` takes no money, where it is switched on.
    #[oai(validator(min_length = 1, max_length = 64))]
    method: Text,
}

/// How far a charge has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum ChargeStatus {
    /// The points have arrived.
    Completed,
}

/// Points that were bought.
#[derive(Object)]
#[oai(rename = "Charge")]
struct ChargeBody {
    /// Its identity.
    charge_id: Uuid,
    /// How far it has come.
    status: ChargeStatus,
    /// How many points.
    amount: i64,
    /// How they were paid for.
    method: Text,
    /// The entry that recorded it.
    entry_id: Uuid,
    /// The customer's points afterwards.
    balance: i64,
    /// The ISO 4217 code of the currency.
    currency: String,
    /// When the points arrived.
    completed_at: DateTime<Utc>,
}

impl ChargeBody {
    fn new(receipt: ChargeReceipt, currency: Currency) -> Self {
        Self {
            charge_id: receipt.charge.id.0,
            status: ChargeStatus::Completed,
            amount: receipt.charge.amount.units(),
            method: Text(receipt.charge.method),
            entry_id: receipt.charge.entry.0,
            balance: receipt.balance.units(),
            currency: currency.as_str().to_owned(),
            completed_at: receipt.completed_at,
        }
    }
}

crate::problems! {
    /// Why no points were bought.
    enum ChargeProblem includes [BODY, CUSTOMER, KEYED] {
        ChargesDisabled,
        BalanceTooLarge,
    }
}

impl From<ChargePointsError> for ChargeProblem {
    fn from(error: ChargePointsError) -> Self {
        match error {
            ChargePointsError::Disabled => Self::ChargesDisabled,
            ChargePointsError::Step(error) => refuse(error),
        }
    }
}

impl From<ChargeRefusal> for ChargeProblem {
    fn from(refusal: ChargeRefusal) -> Self {
        match refusal {
            ChargeRefusal::AmountOutOfRange => Problem::invalid("amount", refusal.to_string()).into(),
            ChargeRefusal::BalanceTooLarge => Self::BalanceTooLarge,
            ChargeRefusal::UnknownAccount => Problem::new(Code::SignInRequired).into(), // the token outlived its account
        }
    }
}

/// The customer's points.
pub(crate) struct PointsApi {
    state: Arc<UseCases>,
}

impl PointsApi {
    /// On these use cases.
    pub(crate) fn new(state: Arc<UseCases>) -> Self {
        Self { state }
    }
}

#[OpenApi(prefix_path = "/v1/points", tag = "Tag::Points")]
impl PointsApi {
    /// Show how many points the customer has
    #[oai(path = "/", method = "get", operation_id = "get_points")]
    async fn balance(&self, customer: Customer) -> Result<Json<Balance>, ListOwnProblem> {
        let balance = self.state.points.balance(customer.0).await.map_err(Problem::from)?.units();
        Ok(Json(Balance { balance, currency: self.state.currency.as_str().to_owned() }))
    }

    /// List the movements of the customer's points, newest first
    #[oai(path = "/entries", method = "get", operation_id = "list_points_entries")]
    async fn entries(
        &self,
        customer: Customer,
        /// The most items to answer.
        limit: Query<Option<Limit>>,
        /// Where to go on: the `next_cursor` of an earlier answer.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<PointsEntryPage>, ListOwnProblem> {
        let page = self.state.points.entries(customer.0, Cursor::id(cursor.0), Limit::of(limit.0)).await;
        let page = page.map_err(Problem::from)?;
        let items = page.items.into_iter().map(EntryBody::try_from).collect::<Result<_, _>>()?;
        Ok(Json(PointsEntryPage { items, next_cursor: Cursor::after(page.next.map(|id| id.0)) }))
    }

    /// Buy points
    #[oai(path = "/charges", method = "post", operation_id = "create_charge")]
    async fn charge(
        &self,
        customer: Customer,
        /// The caller's name for this request: asking again with it buys nothing again.
        #[oai(name = "Idempotency-Key")]
        key: RequiredKey,
        order: JsonBody<ChargeOrder>,
    ) -> Result<Created<ChargeBody>, ChargeProblem> {
        let ChargeOrder { amount, method: Text(method) } = order.0;
        let digest = RequestDigest::of("POST", "/v1/points/charges").part(amount.to_be_bytes()).part(&method);
        let idempotency = key.of(digest)?;
        let amount = Amount::new(amount).map_err(|error| Problem::invalid("amount", error.to_string()))?;
        let request = ChargeRequest { customer: customer.0, amount, method, idempotency };
        let done = self.state.charge.execute(request).await?;
        Ok(Created::new(ChargeBody::new(done.value, self.state.currency), done.replayed))
    }

    /// Show one of the customer's charges
    #[oai(path = "/charges/:id", method = "get", operation_id = "get_charge")]
    async fn get_charge(
        &self,
        customer: Customer,
        /// The charge.
        id: Path<Uuid>,
    ) -> Result<Json<ChargeBody>, FindOwnProblem> {
        let receipt = self.state.points.charge(customer.0, ChargeId(id.0)).await.map_err(Problem::from)?;
        let receipt = receipt.ok_or(FindOwnProblem::NotFound)?;
        Ok(Json(ChargeBody::new(receipt, self.state.currency)))
    }
}

#[cfg(test)]
mod tests {
    use onsale_application::ports::StepError;

    use super::*;

    #[test]
    fn every_refused_charge_has_its_code() {
        let step = |refusal| ChargePointsError::Step(StepError::Refused(refusal));
        let expected = [
            (ChargePointsError::Disabled, Code::ChargesDisabled),
            (ChargePointsError::Step(StepError::IdempotencyInProgress), Code::IdempotencyInProgress),
            (step(ChargeRefusal::AmountOutOfRange), Code::InvalidRequest),
            (step(ChargeRefusal::BalanceTooLarge), Code::BalanceTooLarge),
            (step(ChargeRefusal::UnknownAccount), Code::SignInRequired),
        ];
        for (error, code) in expected {
            assert_eq!(Problem::from(ChargeProblem::from(error)).code(), code);
        }
    }
}
