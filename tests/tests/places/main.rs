//! The contract of the waiting lines and of the bus between replicas: in this process, in Redis, in a Redis Cluster.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bus;
mod cluster;
mod crowd;
mod epochs;
mod line;
mod lost;
mod secured;
mod support;
mod trouble;
mod views;
