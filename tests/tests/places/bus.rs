//! What replicas tell each other: within one process, over Redis, over a Cluster.

mod contract;
mod replicas;
mod trouble;
