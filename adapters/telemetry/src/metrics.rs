//! Metrics in Prometheus's text format.

use metrics::{describe_gauge, gauge, set_global_recorder};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use parking_lot::Mutex;

use self::process::Process;
use crate::{TelemetryError, logs};

mod process;

const BUILD_INFO: &str = "onsale_build_info";
const POOL_CONNECTIONS: &str = "onsale_pool_connections";

/// Seconds, from 100 µs to 10 s.
const SECONDS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Sizes of groups: the powers of two that statements are cut into.
const GROUP_SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// Anything else: counts and bytes, powers of four to 16 Mi.
const COUNTS: [f64; 13] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
];

static INSTALLED: Mutex<Option<MetricsHandle>> = Mutex::new(None);

/// Reads the metrics of this process. Clones read the same.
#[derive(Clone)]
pub struct MetricsHandle {
    prometheus: PrometheusHandle,
    process: Process,
}

/// Collects the metrics of this process; later calls give the same handle.
///
/// Handles that were fetched before the first call collect nothing. Histograms named `…_seconds` have buckets from
/// 100 µs to 10 s, those named `…_group_size` powers of two up to 256, all others powers of four up to 16 Mi.
///
/// # Errors
/// [`TelemetryError::MetricsAlreadySetUp`] when another recorder is installed.
pub fn init_metrics() -> Result<MetricsHandle, TelemetryError> {
    let mut installed = INSTALLED.lock();
    if let Some(handle) = installed.as_ref() {
        return Ok(handle.clone());
    }
    let recorder = recorder()?;
    let handle = MetricsHandle { prometheus: recorder.handle(), process: Process::new() };
    set_global_recorder(recorder).map_err(|_| TelemetryError::MetricsAlreadySetUp)?;
    process::describe_metrics();
    logs::describe_metrics();
    describe_gauge!(POOL_CONNECTIONS, "Connections of a pool: open ones, the idle among them, and the limit.");
    Ok(installed.insert(handle).clone())
}

fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let builder = PrometheusBuilder::new()
        .set_buckets(&COUNTS)?
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_group_size".to_owned()), &GROUP_SIZES)?;
    Ok(builder.build_recorder())
}

/// Sets `onsale_build_info`, which is always 1 and whose label says which `version` runs.
pub fn build_info(version: &'static str) {
    describe_gauge!(BUILD_INFO, "Always 1; the label says which version runs.");
    gauge!(BUILD_INFO, "version" => version).set(1);
}

/// Sets `onsale_pool_connections` of one `pool`: how many connections are `open`, how many of those are `idle`, and how
/// many there may be.
pub fn pool_connections(pool: &'static str, open: u32, idle: u32, limit: u32) {
    for (state, connections) in [("open", open), ("idle", idle), ("limit", limit)] {
        gauge!(POOL_CONNECTIONS, "pool" => pool, "state" => state).set(connections);
    }
}

impl MetricsHandle {
    /// Every metric in Prometheus's text exposition format, version 0.0.4, with the process's own read just now.
    #[must_use]
    pub fn render(&self) -> String {
        self.process.measure();
        self.prometheus.render()
    }

    /// Folds the samples of histograms into their buckets.
    ///
    /// Samples take memory until then: call this about once a second, or as often as they take a few megabytes.
    pub fn upkeep(&self) {
        self.prometheus.run_upkeep();
    }
}
