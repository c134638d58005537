//! Structured logs and Prometheus metrics.
//!
//! Call [`init_metrics`] before anything fetches metric handles, [`init_logs`] before anything logs, both once in
//! `main`. Neither opens a socket: whoever serves `/metrics` calls [`MetricsHandle::render`].

mod error;
mod logs;
mod metrics;

pub use self::error::TelemetryError;
pub use self::logs::{LogFormat, LogGuard, LogSettings, init_logs};
pub use self::metrics::{MetricsHandle, build_info, init_metrics, pool_connections};
