//! The contract of the waiting rooms' stores: what must hold on every database, however many replicas meet at once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod draws;
mod editing;
mod holds;
mod lines;
mod lost_commits;
mod picks;
mod purge;
mod reads;
mod redemptions;
mod schedule;
mod storm;
mod support;
mod tenants;
mod uses;
