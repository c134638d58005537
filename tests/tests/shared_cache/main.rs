//! The contract of the shared cache, in this process, in Redis and in a Redis Cluster; and of the catalogue's cache in
//! front of it, on several replicas.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ages;
mod changes;
mod contract;
mod loads;
mod replica;
mod support;
mod trouble;
