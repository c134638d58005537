//! Processor time as the kernel counts it, from `/proc`.

use rustix::param::clock_ticks_per_second;
use tokio::fs;

use crate::Failure;

/// Where the times of a process stand among what follows its name, which ends with the last bracket (`proc_pid_stat(5)`).
const OWN: usize = 11;
const ENDED_CHILDREN: usize = 13;
/// Where the times of all processors stand in their line (`proc_stat(5)`): user, nice, system, irq, softirq.
const BUSY: [usize; 5] = [0, 1, 2, 5, 6];

/// Seconds that a process has had so far, by its number or `self`.
///
/// # Errors
/// Where there is no `/proc`, or no such process.
pub async fn seconds_of(process: &str) -> Result<f64, Failure> {
    of_process(&fs::read_to_string(format!("/proc/{process}/stat")).await?, OWN)
}

/// Seconds that those processes have had which this one has started and which have ended.
///
/// # Errors
/// Where there is no `/proc`.
pub async fn seconds_of_ended_children() -> Result<f64, Failure> {
    of_process(&fs::read_to_string("/proc/self/stat").await?, ENDED_CHILDREN)
}

/// Seconds that all processors together have worked since the machine started, for whomever.
///
/// # Errors
/// Where there is no `/proc`.
pub async fn seconds_of_machine() -> Result<f64, Failure> {
    of_machine(&fs::read_to_string("/proc/stat").await?)
}

fn of_process(stat: &str, first: usize) -> Result<f64, Failure> {
    let (_, times) = stat.rsplit_once(") ").ok_or("a process has a name in brackets")?;
    seconds(times, &[first, first + 1])
}

fn of_machine(stat: &str) -> Result<f64, Failure> {
    let times = stat.lines().find_map(|line| line.strip_prefix("cpu ")).ok_or("no processors in /proc/stat")?;
    seconds(times, &BUSY)
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 ticks")]
fn seconds(times: &str, places: &[usize]) -> Result<f64, Failure> {
    let times: Vec<&str> = times.split_ascii_whitespace().collect();
    let mut ticks: u64 = 0;
    for place in places {
        ticks += times.get(*place).ok_or("the kernel counts other times")?.parse::<u64>()?;
    }
    Ok(ticks as f64 / clock_ticks_per_second() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "the figures are exact")]
    fn times_are_found_behind_any_name() {
        let second = clock_ticks_per_second();
        let stat = format!("7 (a ) b) S 1 7 7 0 -1 4 0 0 0 0 {second} {second} {} 0 20 0 1", 3 * second);
        assert_eq!(of_process(&stat, OWN).unwrap(), 2.0);
        assert_eq!(of_process(&stat, ENDED_CHILDREN).unwrap(), 3.0);
        assert!(of_process("7 (short) S 1", OWN).is_err());
        let machine = format!("cpu  {second} 0 {second} 900 900 0 {second} 0 0 0\ncpu0 1 1 1");
        assert_eq!(of_machine(&machine).unwrap(), 3.0);
    }
}
