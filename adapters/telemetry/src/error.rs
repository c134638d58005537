//! Why logs or metrics could not be set up.

use std::io;

/// Why logs or metrics could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The log filter is not a list of levels.
    #[error(
        "log filter {filter:?} is not valid at {part:?}: expected a level (off, error, warn, info, debug, trace) or \
         target=level, separated by commas"
    )]
    Filter {
        /// The whole filter.
        filter: String,
        /// The part of it that is not understood.
        part: String,
    },
    /// The log format is unknown.
    #[error("log format {0:?} is not one of json, text")]
    Format(String),
    /// Something else receives this process's log events already, an earlier [`init_logs`](crate::init_logs) included.
    #[error("logs are already set up in this process")]
    LogsAlreadySetUp,
    /// The thread that writes the log did not start.
    #[error("cannot start the log writer thread")]
    LogWriter(#[source] io::Error),
    /// Another metrics recorder is installed in this process.
    #[error("another metrics recorder is already set up in this process")]
    MetricsAlreadySetUp,
    /// The histogram buckets were refused.
    #[error("cannot set up the metrics recorder")]
    Recorder(#[from] metrics_exporter_prometheus::BuildError),
}
