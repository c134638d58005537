//! Lanes and supervised tasks; knows no Onsale type.
//!
//! - [`lanes`]: the one place where concurrent commands on the same hot rows meet and commit as a group.
//! - [`supervise`]: long-lived tasks that are restarted when they fail and waited for when the process stops.

pub mod lanes;
pub mod supervise;

mod panics;
