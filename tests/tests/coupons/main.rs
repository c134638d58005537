//! The contract of the coupon office, and of coupons in payments: what must hold on every database, however many meet at
//! once and whatever breaks in between.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crash;
mod editing;
mod idempotency;
mod issuing;
mod lost_commits;
mod reads;
mod silence;
mod spending;
