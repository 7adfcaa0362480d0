//! The process as Linux sees it. Elsewhere there is nothing to say.

use std::fs;
use std::time::Duration;

use metrics::gauge;

use super::{names, seconds};

/// What the process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessUsage {
    /// Resident memory in bytes.
    pub memory: u64,
    /// CPU time of all threads, user and system.
    pub cpu: Duration,
}

/// Clock ticks in a second, and bytes in a page, as Linux shows them on every machine we run on.
const TICKS: u64 = 100;
const PAGE: u64 = 4_096;

impl ProcessUsage {
    /// Asks the kernel.
    pub fn now() -> Option<ProcessUsage> {
        let ticks = |field: usize| Some(stat(field)? * 1_000 / TICKS);
        Some(ProcessUsage {
            memory: resident()?,
            cpu: Duration::from_millis(ticks(UTIME)? + ticks(STIME)?),
        })
    }
}

/// Fields of `/proc/self/stat`, counted from the state, which is the first behind the name.
const UTIME: usize = 11;
const STIME: usize = 12;
const START: usize = 19;

fn stat(field: usize) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name stands in parentheses and may hold anything.
    let (_, fields) = text.rsplit_once(") ")?;
    fields.split(' ').nth(field)?.parse().ok()
}

fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * PAGE)
}

/// When the process started, in seconds since the epoch.
fn start_time() -> Option<f64> {
    let stat_file = fs::read_to_string("/proc/stat").ok()?;
    let boot = stat_file
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?;
    let boot: u64 = boot.trim().parse().ok()?;
    Some(boot as f64 + stat(START)? as f64 / TICKS as f64)
}

/// Brings the gauges up to date; called before a scrape is rendered.
pub(super) fn publish() {
    if let Some(usage) = ProcessUsage::now() {
        gauge!(names::PROCESS_MEMORY).set(usage.memory as f64);
        seconds::PROCESS_CPU.set(usage.cpu);
    }
    #[cfg(feature = "heap")]
    gauge!(names::PROCESS_HEAP).set(super::heap::in_use() as f64);
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        // One of them is the directory that is being read.
        gauge!(names::PROCESS_FILES).set(files.count().saturating_sub(1) as f64);
    }
    if let Some(start) = start_time() {
        gauge!(names::PROCESS_START).set(start);
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_a_start() {
        let usage = ProcessUsage::now().unwrap();
        assert!(usage.memory > 1 << 20, "{usage:?}");
        assert!(start_time().unwrap() > 1.5e9);
    }
}
