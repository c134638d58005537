//! Identities. An id is a `UUIDv7`, so ids made later sort later and rows are inserted at the end of their index; only
//! a charge's is made of its request.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

ids! {
    /// Names an account: a customer or an operator.
    AccountId,
    /// Names one signing-in of an account, across its refreshed tokens.
    SessionId,
    /// Names a concert.
    ConcertId,
    /// Names one dated occurrence of a concert.
    PerformanceId,
    /// Names a seating plan.
    SeatingPlanId,
    /// Names a price category; the same in a plan and in every performance that uses the plan.
    CategoryId,
    /// Names a reservation.
    ReservationId,
    /// Names one item of a reservation.
    ItemId,
    /// Names a payment.
    PaymentId,
    /// Names a refund.
    RefundId,
    /// Names a charge of points: a `UUIDv8` made of the request, so that asking again asks for the same charge. Charges
    /// are found by it and listed by their entries.
    ChargeId,
    /// Names a coupon campaign.
    CouponCampaignId,
    /// Names a coupon.
    CouponId,
    /// Names a ledger entry.
    EntryId,
    /// Names a line of the operators' journal.
    OperatorActionId,
    /// Names a waiting room.
    WaitingRoomId,
    /// Names an organisation that uses waiting rooms for its own site.
    TenantId,
    /// Names an API key of a tenant.
    ApiKeyId,
    /// Names a pass, and with it one visit.
    PassId,
}
