//! Points: stored value in a double-entry, append-only ledger.
//!
//! Every entry moves an amount from one ledger account to another, so the ledger sums to zero whatever happens
//! (the shape of `TigerBeetle`'s transfers). Only customers keep a running balance: one on the sales account would be
//! the row on which every payment meets.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, ChargeId, EntryId, PaymentId, PerformanceId, RefundId, ReservationId};
use crate::money::Amount;

/// Where value can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LedgerAccount {
    /// A customer's points.
    Customer(AccountId),
    /// What tickets have earned.
    Sales,
    /// What discounts and gifts have cost.
    Promotion,
    /// The outside world: what customers paid for their points.
    Outside,
}

/// Why value moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A customer bought points.
    Charge,
    /// A customer paid a reservation.
    Payment,
    /// A customer got a payment back.
    Refund,
    /// A coupon paid part of a reservation, or that part was given back.
    Discount,
    /// A gift.
    Grant,
    /// A correction by hand.
    Adjustment,
}

impl EntryKind {
    /// Its name in the API and in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::Discount => "discount",
            Self::Grant => "grant",
            Self::Adjustment => "adjustment",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Charge, Self::Payment, Self::Refund, Self::Discount, Self::Grant, Self::Adjustment]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntryReferences {
    /// The performance whose tickets were paid or refunded.
    pub performance: Option<PerformanceId>,
    /// The reservation.
    pub reservation: Option<ReservationId>,
    /// The payment.
    pub payment: Option<PaymentId>,
    /// The refund.
    pub refund: Option<RefundId>,
    /// The charge.
    pub charge: Option<ChargeId>,
}

/// One movement of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Its identity.
    pub id: EntryId,
    /// Why value moved.
    pub kind: EntryKind,
    /// Where it left.
    pub debit: LedgerAccount,
    /// Where it arrived.
    pub credit: LedgerAccount,
    /// How much; above zero.
    pub amount: Amount,
    /// The customer's balance after it, when a customer is on one side.
    pub balance_after: Option<Amount>,
    /// When.
    pub at: DateTime<Utc>,
    /// What it is about.
    pub references: EntryReferences,
}

impl LedgerEntry {
    /// The customer on one of its sides.
    #[must_use]
    pub const fn customer(&self) -> Option<AccountId> {
        match (self.debit, self.credit) {
            (LedgerAccount::Customer(id), _) | (_, LedgerAccount::Customer(id)) => Some(id),
            _ => None,
        }
    }

    /// What it did to its customer's balance: positive when points arrived.
    #[must_use]
    pub const fn signed_amount(&self) -> i64 {
        match self.debit {
            LedgerAccount::Customer(_) => -self.amount.units(),
            _ => self.amount.units(),
        }
    }
}
