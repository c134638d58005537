//! The contract of the alarm clock of holds: in this process, in Redis, in a Redis Cluster.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alarms;
mod cluster;
mod crowd;
mod lost;
mod poison;
mod replicas;
mod support;
mod trouble;
