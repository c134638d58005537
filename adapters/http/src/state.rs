//! What the resources can do: the use cases, wired by the binary.

use std::sync::Arc;

use onsale_application::accounts::{RegisterAccount, Sessions};
use onsale_application::availability::AvailabilityBoard;
use onsale_application::booking::{
    DescribeReservations, HoldSeats, PayReservation, ReadBookings, RefundReservation, ReleaseHold,
};
use onsale_application::catalogue::{Browse, EditCatalogue};
use onsale_application::points::{ChargePoints, ReadPoints};
use onsale_application::ports::{Context, Seals};
use onsale_application::readiness::Readiness;
use onsale_domain::money::Currency;

/// Everything the API can be asked to do.
pub struct UseCases {
    /// Makes accounts.
    pub register: RegisterAccount,
    /// Signs in and out.
    pub sessions: Sessions,
    /// Looks at what is on.
    pub browse: Browse,
    /// Changes what is on.
    pub edit: EditCatalogue,
    /// Shows what is free.
    pub availability: Arc<AvailabilityBoard>,
    /// Takes seats.
    pub hold: HoldSeats,
    /// Gives holds back.
    pub release: ReleaseHold,
    /// Pays holds.
    pub pay: PayReservation,
    /// Gives payments back.
    pub refund: RefundReservation,
    /// Reads reservations and payments.
    pub bookings: ReadBookings,
    /// Adds titles and seat names to reservations.
    pub describe: DescribeReservations,
    /// Buys points.
    pub charge: ChargePoints,
    /// Reads points.
    pub points: ReadPoints,
    /// Whether this process should be sent requests.
    pub readiness: Arc<Readiness>,
    /// Opens tokens.
    pub seals: Arc<dyn Seals>,
    /// Time and identities.
    pub context: Context,
    /// The currency of points.
    pub currency: Currency,
}
