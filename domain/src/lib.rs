//! What is true about concerts, seats, tickets, reservations, points, payments, coupons and waiting rooms.
//!
//! Pure and synchronous: no I/O, clock, SQL, JSON or HTTP. Time and ids come in as values, and every business step is
//! one function from facts and a command to an outcome and its changes, so that a store can settle many commands in
//! one transaction and a property test can run them by the million.

pub mod account;
pub mod allotment;
pub mod best_available;
pub mod box_office;
pub mod charge;
pub mod concert;
pub mod coupon;
pub mod ids;
pub mod money;
pub mod payment;
pub mod performance;
pub mod plan;
pub mod points;
pub mod reservation;
pub mod seat;
pub mod tenant;
pub mod text;
pub mod waiting_room;
