//! What can be done with Onsale: the use cases, and the ports they need.
//!
//! A use case is a struct that holds its ports and has one verb; it decides nothing that the domain can decide.

pub mod accounts;
pub mod availability;
pub mod booking;
pub mod catalogue;
pub mod coupons;
pub mod points;
pub mod ports;
pub mod readiness;
pub mod tidying;
pub mod waiting_room;
