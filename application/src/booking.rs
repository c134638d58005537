//! Booking: holding seats and tickets, giving them back, paying, refunding, and reading one's reservations.

mod describe;
mod hold;
mod pay;
mod read;

pub use describe::{DescribeReservations, DescribedReservation};
pub use hold::{HoldRequest, HoldSeats, HoldSeatsError, ReleaseHold, WantedItems};
pub use pay::{PayRequest, PayReservation, RefundRequest, RefundReservation};
pub use read::ReadBookings;
