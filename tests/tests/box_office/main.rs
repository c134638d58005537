//! The contract of the box office and the cashier: what must hold on every database, however many meet at once and
//! whatever breaks in between.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod best_available;
mod crash;
mod holds;
mod idempotency;
mod limits;
mod lost_commits;
mod payments;
mod poison;
mod races;
mod reads;
mod tickets;
