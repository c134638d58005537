//! Journeys over HTTP against the real `onsale` binary, embedded and on MySQL.
//!
//! A journey gets a place of data, starts servers on it and sets up what it needs as an operator would. When it is
//! over, `onsale audit` proves every invariant on what it left behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod support;

mod accounts;
mod availability;
mod best_available;
mod booking;
mod bounds;
mod codes;
mod configuration;
mod coupons;
mod crash;
mod document;
mod fleet;
mod http;
mod operators;
mod plans;
mod races;
mod replicas;
mod restarts;
mod tickets;
mod waiting_rooms;
