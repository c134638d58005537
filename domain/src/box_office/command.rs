use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::{AccountId, CategoryId, CouponId, EntryId, ItemId, PaymentId, RefundId, ReservationId, WaitingRoomId};
use crate::money::Amount;
use crate::payment::{Payment, Refund};
use crate::reservation::Reservation;
use crate::seat::SeatNo;
use crate::waiting_room::QueueNumber;

/// Something to do to one performance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take seats or tickets.
    Hold(Hold),
    /// Give a hold back.
    Release(ReleaseHold),
    /// Tidy a hold whose time has passed.
    Expire(ExpireHold),
    /// Pay a hold.
    Pay(PayReservation),
    /// Give a payment back.
    Refund(RefundReservation),
}

/// Take all that is wanted, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The reservation to make.
    pub reservation: ReservationId,
    /// Who takes it.
    pub customer: AccountId,
    /// What is wanted.
    pub wanted: Wanted,
    /// The admission on which the customer is here, when the concert has a waiting room.
    pub admission: Option<Admission>,
}

/// What a customer wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// These seats, in ascending order without repetition, each with the item it becomes.
    Seats(Vec<(SeatNo, ItemId)>),
    /// Tickets without seats.
    Tickets {
        /// Of which category.
        category: CategoryId,
        /// The items that they become.
        items: Vec<ItemId>,
    },
    /// The [best](crate::best_available) free seats beside one another.
    BestAvailable {
        /// Of which category.
        category: CategoryId,
        /// The items that they become.
        items: Vec<ItemId>,
    },
}

impl Wanted {
    /// How many seats or tickets it is.
    #[must_use]
    pub fn quantity(&self) -> u32 {
        let items = match self {
            Self::Seats(seats) => seats.len(),
            Self::Tickets { items, .. } | Self::BestAvailable { items, .. } => items.len(),
        };
        u32::try_from(items).unwrap_or(u32::MAX)
    }

    /// The seats that it names.
    #[must_use]
    pub fn seats(&self) -> &[(SeatNo, ItemId)] {
        match self {
            Self::Seats(seats) => seats,
            Self::Tickets { .. } | Self::BestAvailable { .. } => &[],
        }
    }
}

/// A place in a waiting room that was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Admission {
    /// Which room.
    pub room: WaitingRoomId,
    /// With which number.
    pub number: QueueNumber,
}

/// Give a hold back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseHold {
    /// Which hold.
    pub reservation: ReservationId,
    /// Who asks; another's reservation is unknown.
    pub customer: AccountId,
}

/// Tidy a hold whose time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpireHold {
    /// Which hold.
    pub reservation: ReservationId,
}

/// Pay a hold with points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayReservation {
    /// The payment to make.
    pub payment: PaymentId,
    /// The ledger entry to make.
    pub entry: EntryId,
    /// What to pay.
    pub reservation: ReservationId,
    /// Who pays; another's reservation is unknown.
    pub customer: AccountId,
    /// The coupon to spend on it.
    pub coupon: Option<SpendCoupon>,
}

/// Spend a coupon on a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendCoupon {
    /// Which; another's coupon is unknown.
    pub coupon: CouponId,
    /// The ledger entry to make of the discount.
    pub entry: EntryId,
}

/// Give a payment back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundReservation {
    /// The refund to make.
    pub refund: RefundId,
    /// The ledger entry to make.
    pub entry: EntryId,
    /// The ledger entry to make of the discount, if there was one.
    pub discount_entry: EntryId,
    /// What to give back.
    pub reservation: ReservationId,
    /// Who asks; another's reservation is unknown.
    pub customer: AccountId,
}

/// What a release or a tidying did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Released {
    /// The hold has ended, now or before.
    Ended(Reservation),
    /// It is too early to tidy this hold.
    NotDue {
        /// When it will be due.
        held_until: DateTime<Utc>,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Seats or tickets are held.
    Held(Reservation),
    /// A hold was given back or tidied.
    Released(Released),
    /// A hold was paid.
    Paid(Payment, Reservation),
    /// A payment was given back.
    Refunded(Refund, Reservation),
}

/// Why nothing happened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Of a hold.
    #[error(transparent)]
    Hold(#[from] HoldRefusal),
    /// Of a release.
    #[error(transparent)]
    Release(#[from] ReleaseRefusal),
    /// Of a payment.
    #[error(transparent)]
    Pay(#[from] PayRefusal),
    /// Of a refund.
    #[error(transparent)]
    Refund(#[from] RefundRefusal),
}

/// Why nothing was held.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HoldRefusal {
    /// These seats are held or sold.
    #[error("{} of the seats are taken", conflicts.len())]
    SeatsTaken {
        /// Every one of them, in ascending order.
        conflicts: Vec<SeatNo>,
    },
    /// The performance has no such seats.
    #[error("the performance has no seat {}", seats.first().copied().unwrap_or_default())]
    UnknownSeats {
        /// Every one of them, in ascending order.
        seats: Vec<SeatNo>,
    },
    /// The performance sells no such tickets.
    #[error("the performance sells nothing of category {category} in this way")]
    UnknownCategory {
        /// Which.
        category: CategoryId,
    },
    /// So many are not left.
    #[error("so many are not left")]
    SoldOut,
    /// So many are free, but not beside one another.
    #[error("at most {largest} seats beside one another are free")]
    NoAdjacentSeats {
        /// How many are.
        largest: u32,
    },
    /// The performance is not sold at this moment.
    #[error("the performance is not on sale")]
    NotOnSale,
    /// The customer has as many live holds as are allowed.
    #[error("at most {limit} holds may be open")]
    TooManyHolds {
        /// How many are allowed.
        limit: u32,
    },
    /// The customer would have more seats and tickets of this performance than are allowed.
    #[error("at most {limit} seats of a performance per customer")]
    TooManySeats {
        /// How many are allowed.
        limit: u32,
    },
    /// The visit on which the customer is here has ended.
    #[error("the visit has ended")]
    PassEnded,
    /// There is no such performance.
    #[error("there is no such performance")]
    UnknownPerformance,
    /// There is no such customer.
    #[error("there is no such customer")]
    UnknownCustomer,
}

/// Why nothing was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReleaseRefusal {
    /// The customer has no such reservation.
    #[error("there is no such reservation")]
    Unknown,
    /// It is paid, and giving a payment back is a refund.
    #[error("the reservation is already paid")]
    AlreadyPaid,
}

/// Why nothing was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PayRefusal {
    /// The customer has no such reservation.
    #[error("there is no such reservation")]
    Unknown,
    /// The hold has ended, or a seat is no longer its own.
    #[error("the hold has expired")]
    HoldExpired,
    /// It was paid before.
    #[error("the reservation is already paid")]
    AlreadyPaid,
    /// It was given back.
    #[error("the reservation was given back")]
    GivenBack,
    /// The performance was cancelled.
    #[error("the performance was cancelled")]
    PerformanceCancelled,
    /// The coupon cannot be spent on it.
    #[error(transparent)]
    Coupon(#[from] CouponRefusal),
    /// The customer has too few points.
    #[error("{missing} points are missing")]
    InsufficientPoints {
        /// How many more are needed.
        missing: Amount,
    },
}

/// Why a coupon was not spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CouponRefusal {
    /// The customer has no such coupon.
    #[error("there is no such coupon")]
    Unknown,
    /// It was spent on another payment.
    #[error("the coupon is spent")]
    Spent,
    /// It was not spent in time.
    #[error("the coupon has expired")]
    Expired,
    /// It is for another concert's tickets.
    #[error("the coupon is for another concert")]
    OtherConcert,
    /// It would take nothing off the price.
    #[error("the coupon takes nothing off this price")]
    TakesNothingOff,
}

/// Why nothing was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RefundRefusal {
    /// The customer has no such reservation.
    #[error("there is no such reservation")]
    Unknown,
    /// It is not paid, was refunded before, or its time for refunds has passed.
    #[error("the reservation cannot be refunded")]
    NotRefundable,
    /// The balance would pass what an amount can be.
    #[error("the balance would be too large")]
    BalanceTooLarge,
}
