//! Setting up is global to a process: one test, in a process of its own.

use metrics::{counter, histogram};
use onsale_telemetry::{LogFormat, LogSettings, TelemetryError, build_info, init_logs, init_metrics, pool_connections};

#[test]
fn metrics_are_collected_once_and_logs_set_up_once() {
    let first = init_metrics().expect("metrics are set up");
    let second = init_metrics().expect("the same metrics again");
    build_info("1.2.3");
    pool_connections("read", 3, 1, 16);
    counter!("seats_total").increment(3);
    histogram!("wait_seconds").record(0.0002);
    histogram!("lane_group_size", "lane" => "holds").record(3.0);
    first.upkeep();

    let text = second.render();
    for line in [
        "onsale_build_info{version=\"1.2.3\"} 1",
        "onsale_pool_connections{pool=\"read\",state=\"open\"} 3",
        "onsale_pool_connections{pool=\"read\",state=\"idle\"} 1",
        "onsale_pool_connections{pool=\"read\",state=\"limit\"} 16",
        "seats_total 3",
        "wait_seconds_bucket{le=\"0.0001\"} 0",
        "wait_seconds_bucket{le=\"0.00025\"} 1",
        "lane_group_size_bucket{lane=\"holds\",le=\"2\"} 0",
        "lane_group_size_bucket{lane=\"holds\",le=\"4\"} 1",
        "onsale_log_lines_dropped_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
    if cfg!(target_os = "linux") {
        assert!(value(&text, "process_resident_memory_bytes") > 100_000.0);
        assert!(value(&text, "process_open_fds") >= 3.0);
        assert!(value(&text, "process_start_time_seconds") > 1_600_000_000.0);
    }

    let settings = LogSettings { format: LogFormat::Text, filter: "off".to_owned(), ..LogSettings::default() };
    let guard = init_logs(&settings).expect("logs are set up");
    assert!(matches!(init_logs(&settings), Err(TelemetryError::LogsAlreadySetUp)));
    drop(guard);
}

fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is missing in\n{text}")).parse().expect("a number")
}
