//! Metrics of the process itself, under the names that Prometheus's client libraries use.
//!
//! They come from `/proc`, as proc(5) describes it, and are absent where there is none.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

const MEMORY: &str = "process_resident_memory_bytes";
const OPEN_FILES: &str = "process_open_fds";
const CPU: &str = "process_cpu_seconds_total";
const STARTED: &str = "process_start_time_seconds";
const UPTIME: &str = "process_uptime_seconds";

/// Clock ticks a second in `/proc`: `USER_HZ`, 100 on every architecture that Rust supports on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

pub(super) fn describe_metrics() {
    describe_gauge!(MEMORY, Unit::Bytes, "Resident memory of the process.");
    describe_gauge!(OPEN_FILES, Unit::Count, "File descriptors the process has open, sockets included.");
    describe_counter!(CPU, Unit::Seconds, "Processor time the process has used, in whole seconds.");
    describe_gauge!(STARTED, Unit::Seconds, "When the process started, in seconds since 1970.");
    describe_gauge!(UPTIME, Unit::Seconds, "How long the process has run.");
}

/// What is known of this process from its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    /// Seconds since 1970.
    started: Option<f64>,
}

impl Process {
    pub(super) fn new() -> Self {
        let stat = fs::read_to_string("/proc/stat").ok();
        Self { started: stat.and_then(|system| started(&system, &own_stat()?)) }
    }

    /// Reads everything anew.
    #[expect(clippy::disallowed_methods, reason = "a measuring instrument")]
    pub(super) fn measure(self) {
        if let Some(bytes) = fs::read_to_string("/proc/self/status").ok().and_then(|status| resident_bytes(&status)) {
            gauge!(MEMORY).set(bytes);
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            // Reading the folder has it open.
            gauge!(OPEN_FILES).set(u32::try_from(files.count().saturating_sub(1)).unwrap_or(u32::MAX));
        }
        if let Some(seconds) = own_stat().and_then(|stat| cpu_seconds(&stat)) {
            counter!(CPU).absolute(seconds);
        }
        if let (Some(started), Ok(now)) = (self.started, SystemTime::now().duration_since(UNIX_EPOCH)) {
            gauge!(STARTED).set(started);
            gauge!(UPTIME).set((now.as_secs_f64() - started).max(0.0));
        }
    }
}

fn own_stat() -> Option<String> {
    fs::read_to_string("/proc/self/stat").ok()
}

fn resident_bytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kibibytes * 1024.0)
}

/// The field of `/proc/self/stat` with proc(5)'s `number`, from 3 on; the second, a name, may hold spaces.
fn field(stat: &str, number: usize) -> Option<f64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(number - 3)?.parse().ok()
}

fn cpu_seconds(stat: &str) -> Option<u64> {
    let ticks = field(stat, 14)? + field(stat, 15)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive count of seconds")]
    Some((ticks / TICKS_PER_SECOND) as u64)
}

fn started(system_stat: &str, own_stat: &str) -> Option<f64> {
    let booted: f64 = system_stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(booted + field(own_stat, 22)? / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "42 (on sale) 9) S 1 42 42 0 -1 4194560 2290 0 5 0 250 175 0 0 20 0 9 0 123456 1 2 3 4";

    fn is(value: Option<f64>, expected: f64) -> bool {
        value.is_some_and(|value| (value - expected).abs() < 1e-6)
    }

    #[test]
    fn figures_are_read_by_their_names_and_places() {
        let status = "Name:\tonsale\nVmHWM:\t   99999 kB\nVmRSS:\t   40960 kB\nThreads:\t9\n";
        assert!(is(resident_bytes(status), 41_943_040.0));
        assert_eq!(cpu_seconds(STAT), Some(4));
        assert!(is(started("cpu 1 2 3\nbtime 1700000000\nprocesses 9\n", STAT), 1_700_001_234.56));
    }

    #[test]
    fn what_is_missing_is_absent() {
        assert!(resident_bytes("Name:\tonsale\n").is_none());
        assert!(cpu_seconds("42 (onsale) S 1").is_none());
        assert!(started("cpu 1 2 3\n", STAT).is_none());
    }
}
