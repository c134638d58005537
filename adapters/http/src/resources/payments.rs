//! Payments: paying a hold with points, and getting them back.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_application::booking::{PayRequest, RefundRequest};
use onsale_application::ports::{Done, IdempotencyKey};
use onsale_domain::box_office::{CouponRefusal, PayRefusal, RefundRefusal};
use onsale_domain::ids::{CouponId, PaymentId, ReservationId};
use onsale_domain::money::Currency;
use onsale_domain::payment::{Payment, Refund};
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::payment_terms::{PaymentTerms, RefundTerms};
use super::reservation_body::ReservationBody;
use super::{FindOwnProblem, Tag};
use crate::auth::Customer;
use crate::idempotency::{Created, RequestDigest, RequiredKey};
use crate::problem::{CUSTOMER, Code, KEYED, Problem};
use crate::refusals::refuse;
use crate::state::UseCases;

const PAYMENT_PATH: &str = "/v1/reservations/{id}/payment";
const REFUND_PATH: &str = "/v1/reservations/{id}/refund";

/// A reservation paid with points.
#[derive(Object)]
#[oai(rename = "Payment", skip_serializing_if_is_none)]
struct PaymentBody {
    /// Its identity.
    payment_id: Uuid,
    /// What was paid.
    reservation_id: Uuid,
    /// The points that were paid: the price less the discount.
    amount: i64,
    /// What was taken off the price.
    discount: i64,
    /// The coupon that was spent on it.
    coupon_id: Option<Uuid>,
    /// The ISO 4217 code of the currency.
    currency: String,
    /// When it was paid.
    paid_at: DateTime<Utc>,
}

impl PaymentBody {
    fn new(payment: &Payment, currency: Currency) -> Self {
        Self {
            payment_id: payment.id.0,
            reservation_id: payment.reservation.0,
            amount: payment.amount.units(),
            discount: payment.discount.units(),
            coupon_id: payment.coupon.map(|coupon| coupon.0),
            currency: currency.as_str().to_owned(),
            paid_at: payment.paid_at,
        }
    }
}

/// A payment that was made.
#[derive(Object)]
#[oai(rename = "PaymentMade")]
struct PaymentMadeBody {
    /// The payment.
    #[oai(flatten)]
    payment: PaymentBody,
    /// The customer's points afterwards.
    balance: i64,
    /// What was paid, with its seats sold.
    reservation: ReservationBody,
}

/// A payment that was given back.
#[derive(Object)]
#[oai(rename = "RefundMade", skip_serializing_if_is_none)]
struct RefundMadeBody {
    /// The refund's identity.
    refund_id: Uuid,
    /// The payment that was given back.
    payment_id: Uuid,
    /// What had been paid.
    reservation_id: Uuid,
    /// The points that came back.
    amount: i64,
    /// The coupon that came back.
    coupon_id: Option<Uuid>,
    /// The customer's points afterwards.
    balance: i64,
    /// The ISO 4217 code of the currency.
    currency: String,
    /// When it was given back.
    refunded_at: DateTime<Utc>,
    /// What had been paid, with its seats free again.
    reservation: ReservationBody,
}

impl RefundMadeBody {
    fn new(refund: &Refund, reservation: ReservationBody, currency: Currency) -> Self {
        Self {
            refund_id: refund.id.0,
            payment_id: refund.payment.0,
            reservation_id: refund.reservation.0,
            amount: refund.amount.units(),
            coupon_id: refund.coupon.map(|coupon| coupon.0),
            balance: refund.balance.units(),
            currency: currency.as_str().to_owned(),
            refunded_at: refund.refunded_at,
            reservation,
        }
    }
}

crate::problems! {
    /// Why nothing was paid.
    enum PayProblem includes [CUSTOMER, KEYED, &[Code::BodyTooLarge, Code::CouponNotApplicable]] {
        InsufficientPoints { missing: i64 } => "{missing} points are missing",
        NotFound,
        AlreadyPaid,
        NotPayable,
        NotOnSale => "the performance was cancelled",
        HoldExpired,
        CouponNotFound,
        CouponSpent,
        CouponExpired,
    }
}

impl From<PayRefusal> for PayProblem {
    fn from(refusal: PayRefusal) -> Self {
        match refusal {
            PayRefusal::Unknown => Self::NotFound,
            PayRefusal::HoldExpired => Self::HoldExpired,
            PayRefusal::AlreadyPaid => Self::AlreadyPaid,
            PayRefusal::GivenBack => Self::NotPayable,
            PayRefusal::PerformanceCancelled => Self::NotOnSale,
            PayRefusal::Coupon(refusal) => refusal.into(),
            PayRefusal::InsufficientPoints { missing } => Self::InsufficientPoints { missing: missing.units() },
        }
    }
}

impl From<CouponRefusal> for PayProblem {
    fn from(refusal: CouponRefusal) -> Self {
        match refusal {
            CouponRefusal::Unknown => Self::CouponNotFound,
            CouponRefusal::Spent => Self::CouponSpent,
            CouponRefusal::Expired => Self::CouponExpired,
            CouponRefusal::OtherConcert | CouponRefusal::TakesNothingOff => {
                Problem::new(Code::CouponNotApplicable).detail(refusal.to_string()).into()
            }
        }
    }
}

crate::problems! {
    /// Why nothing was refunded.
    enum RefundProblem includes [CUSTOMER, KEYED, &[Code::BodyTooLarge]] {
        NotFound,
        NotRefundable,
        BalanceTooLarge,
    }
}

impl From<RefundRefusal> for RefundProblem {
    fn from(refusal: RefundRefusal) -> Self {
        match refusal {
            RefundRefusal::Unknown => Self::NotFound,
            RefundRefusal::NotRefundable => Self::NotRefundable,
            RefundRefusal::BalanceTooLarge => Self::BalanceTooLarge,
        }
    }
}

/// The customer's payments.
pub(crate) struct PaymentsApi {
    state: Arc<UseCases>,
}

impl PaymentsApi {
    /// On these use cases.
    pub(crate) fn new(state: Arc<UseCases>) -> Self {
        Self { state }
    }
}

#[OpenApi(prefix_path = "/v1", tag = "Tag::Payments")]
impl PaymentsApi {
    /// Pay a hold with points
    ///
    /// Seats are sold, points move and the coupon is spent together, or nothing of it. A payment that comes after
    /// `held_until` is refused, whether or not anybody has taken the seats since. A body is needed only for a coupon.
    #[oai(path = "/reservations/:id/payment", method = "post", operation_id = "pay_reservation")]
    async fn pay(
        &self,
        customer: Customer,
        /// The hold.
        id: Path<Uuid>,
        /// The caller's name for this request: asking again with it pays nothing again.
        #[oai(name = "Idempotency-Key")]
        key: RequiredKey,
        terms: PaymentTerms,
    ) -> Result<Created<PaymentMadeBody>, PayProblem> {
        let request = PayRequest {
            customer: customer.0,
            reservation: ReservationId(id.0),
            coupon: terms.coupon.map(CouponId),
            idempotency: named(key, PAYMENT_PATH, id.0, &terms.text())?,
        };
        let Done { value: (payment, reservation), replayed } =
            self.state.pay.execute(request).await.map_err(refuse::<_, PayProblem>)?;
        let reservation = ReservationBody::of_step(&self.state, Done { value: reservation, replayed }).await?;
        let balance = payment.balance.units();
        let payment = PaymentBody::new(&payment, self.state.currency);
        Ok(Created::new(PaymentMadeBody { payment, balance, reservation }, replayed))
    }

    /// Give a payment back
    ///
    /// Until the performance's `refundable_until`. Seats are free, points and the coupon come back together, or
    /// nothing of it. A coupon that comes back after its end has expired.
    #[oai(path = "/reservations/:id/refund", method = "post", operation_id = "refund_reservation")]
    async fn refund(
        &self,
        customer: Customer,
        /// The paid reservation.
        id: Path<Uuid>,
        /// The caller's name for this request: asking again with it refunds nothing again.
        #[oai(name = "Idempotency-Key")]
        key: RequiredKey,
        terms: RefundTerms,
    ) -> Result<Created<RefundMadeBody>, RefundProblem> {
        let request = RefundRequest {
            customer: customer.0,
            reservation: ReservationId(id.0),
            idempotency: named(key, REFUND_PATH, id.0, &terms.text())?,
        };
        let Done { value: (refund, reservation), replayed } =
            self.state.refund.execute(request).await.map_err(refuse::<_, RefundProblem>)?;
        let reservation = ReservationBody::of_step(&self.state, Done { value: reservation, replayed }).await?;
        Ok(Created::new(RefundMadeBody::new(&refund, reservation, self.state.currency), replayed))
    }

    /// Show one of the customer's payments
    #[oai(path = "/payments/:id", method = "get", operation_id = "get_payment")]
    async fn get(
        &self,
        customer: Customer,
        /// The payment.
        id: Path<Uuid>,
    ) -> Result<Json<PaymentBody>, FindOwnProblem> {
        let payment = self.state.bookings.payment(customer.0, PaymentId(id.0)).await;
        let payment = payment.map_err(Problem::from)?.ok_or(FindOwnProblem::NotFound)?;
        Ok(Json(PaymentBody::new(&payment, self.state.currency)))
    }
}

/// The key for a request about `reservation` that says `terms`.
fn named(key: RequiredKey, path: &str, reservation: Uuid, terms: &str) -> Result<IdempotencyKey, Problem> {
    key.of(RequestDigest::of("POST", path).part(reservation).part(terms))
}

#[cfg(test)]
mod tests {
    use onsale_domain::money::Amount;

    use super::*;

    #[test]
    fn every_refused_payment_has_its_code() {
        let code = |refusal: PayRefusal| Problem::from(PayProblem::from(refusal)).code();
        assert_eq!(code(PayRefusal::Unknown), Code::NotFound);
        assert_eq!(code(PayRefusal::HoldExpired), Code::HoldExpired);
        assert_eq!(code(PayRefusal::AlreadyPaid), Code::AlreadyPaid);
        assert_eq!(code(PayRefusal::GivenBack), Code::NotPayable);
        assert_eq!(code(PayRefusal::PerformanceCancelled), Code::NotOnSale);
        assert_eq!(code(PayRefusal::InsufficientPoints { missing: Amount::MAX }), Code::InsufficientPoints);
        let coupon = |refusal: CouponRefusal| code(refusal.into());
        assert_eq!(coupon(CouponRefusal::Unknown), Code::CouponNotFound);
        assert_eq!(coupon(CouponRefusal::Spent), Code::CouponSpent);
        assert_eq!(coupon(CouponRefusal::Expired), Code::CouponExpired);
        assert_eq!(coupon(CouponRefusal::OtherConcert), Code::CouponNotApplicable);
        assert_eq!(coupon(CouponRefusal::TakesNothingOff), Code::CouponNotApplicable);
    }

    #[test]
    fn every_refused_refund_has_its_code() {
        let code = |refusal: RefundRefusal| Problem::from(RefundProblem::from(refusal)).code();
        assert_eq!(code(RefundRefusal::Unknown), Code::NotFound);
        assert_eq!(code(RefundRefusal::NotRefundable), Code::NotRefundable);
        assert_eq!(code(RefundRefusal::BalanceTooLarge), Code::BalanceTooLarge);
    }
}
