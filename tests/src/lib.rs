//! Contracts every adapter meets and journeys over HTTP.
//!
//! This library is what the tests share: stores of their own, a clock and ids that tests set, samples, and the real
//! binary.

pub mod coupons;
pub mod detour;
pub mod proxy;
pub mod redis;
pub mod sales;
pub mod samples;
pub mod server;
pub mod store;
pub mod tickets;
