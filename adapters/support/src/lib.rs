//! Lanes, supervised tasks and figures; knows no Onsale type.
//!
//! - [`lanes`]: the one place where concurrent commands on the same hot rows meet and commit as a group.
//! - [`supervise`]: long-lived tasks that are restarted when they fail and waited for when the process stops.
//! - [`timer`]: the figures of a delayed queue.

pub mod lanes;
pub mod supervise;
pub mod timer;

mod panics;
