//! Payments and refunds of reservations.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, CouponId, PaymentId, RefundId, ReservationId};
use crate::money::Amount;

/// A reservation paid with points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its identity.
    pub id: PaymentId,
    /// What was paid.
    pub reservation: ReservationId,
    /// Who paid.
    pub customer: AccountId,
    /// The points that left the customer: the reservation's price less the discount.
    pub amount: Amount,
    /// What a coupon took off; above zero when there was one.
    pub discount: Amount,
    /// The coupon that was spent on it.
    pub coupon: Option<CouponId>,
    /// The customer's points afterwards.
    pub balance: Amount,
    /// When.
    pub paid_at: DateTime<Utc>,
}

/// A payment given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its identity.
    pub id: RefundId,
    /// The payment that was given back.
    pub payment: PaymentId,
    /// What had been paid.
    pub reservation: ReservationId,
    /// Who got it back.
    pub customer: AccountId,
    /// The points that came back.
    pub amount: Amount,
    /// The coupon that came back.
    pub coupon: Option<CouponId>,
    /// The customer's points afterwards.
    pub balance: Amount,
    /// When.
    pub refunded_at: DateTime<Utc>,
}
