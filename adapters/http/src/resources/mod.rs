//! The resources of the API: each parses, calls a use case, and maps what comes back. No rule lives here.

pub(crate) mod accounts;
pub(crate) mod availability;
pub(crate) mod catalogue;
pub(crate) mod coupons;
pub(crate) mod health;
pub(crate) mod operator;
pub(crate) mod passes;
pub(crate) mod payments;
pub(crate) mod points;
pub(crate) mod reservations;
pub(crate) mod sessions;
pub(crate) mod tenants;
pub(crate) mod waiting_page;
pub(crate) mod waiting_rooms;

mod payment_terms;
mod reservation_body;

use poem_openapi::Tags;

/// The chapters of the API description.
#[derive(Tags)]
pub(crate) enum Tag {
    /// Registering, signing in, staying signed in and signing out.
    Accounts,
    /// Concerts, performances and seating plans.
    Catalogue,
    /// What is free, as it changes.
    Availability,
    /// Holding seats, and giving them back.
    Reservations,
    /// Paying a hold with points, and getting a payment back.
    Payments,
    /// Stored value: buying it, and where it went.
    Points,
    /// Limited discounts, first come first served.
    Coupons,
    /// Lines in front of concerts and of other sites.
    WaitingRooms,
    /// Putting concerts on sale; for operators.
    Operators,
    /// Whether the service is well.
    Health,
}

crate::problems! {
    /// Why one of the caller's own things is not shown; another's are not found.
    pub(crate) enum FindOwnProblem includes [crate::problem::CUSTOMER] { NotFound }
}

crate::problems! {
    /// Why the caller's own things are not listed.
    pub(crate) enum ListOwnProblem includes [crate::problem::CUSTOMER] {}
}
