//! Benchmarks of the running server against a baseline: the load, the comparison, the report.
//!
//! Each benchmark starts what it needs: the release binary, a MySQL server or an embedded database, and a baseline in a
//! process of its own. `TMPDIR` says on which disk the databases are.

pub mod bare;
pub mod benchmarks;
pub mod binary;
pub mod client;
pub mod commit_delay;
pub mod cpu;
pub mod customers;
pub mod helper;
pub mod limits;
pub mod line;
pub mod load;
pub mod naked;
pub mod onsale;
pub mod pairs;
pub mod polls;
pub mod prepared;
pub mod raw;
pub mod redis_figures;
pub mod report;
pub mod scale;
pub mod stage;
pub mod store;
pub mod timings;
pub mod visitors;

use std::error::Error;

/// Why there is no figure: told to whoever runs the benchmark, never handled.
pub type Failure = Box<dyn Error + Send + Sync>;
