//! Counters of time: the metrics crate counts whole numbers only.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::names;

/// A time that only grows.
pub(super) struct SecondsTotal {
    name: &'static str,
    micros: AtomicU64,
}

pub(super) static CPU_POOL_BUSY: SecondsTotal = SecondsTotal::new(names::CPU_POOL_BUSY);
pub(super) static TOKIO_BUSY: SecondsTotal = SecondsTotal::new(names::TOKIO_BUSY);
pub(super) static PROCESS_CPU: SecondsTotal = SecondsTotal::new(names::PROCESS_CPU);

impl SecondsTotal {
    const fn new(name: &'static str) -> SecondsTotal {
        SecondsTotal {
            name,
            micros: AtomicU64::new(0),
        }
    }

    /// What it is now.
    pub(super) fn set(&self, total: Duration) {
        let micros = u64::try_from(total.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_max(micros, Ordering::Relaxed);
    }

    fn render(&self, out: &mut String) {
        let seconds = self.micros.load(Ordering::Relaxed) as f64 / 1e6;
        super::metric::header(self.name, out);
        let _ = writeln!(out, "{} {seconds}", self.name);
    }
}

/// Appends one value of a counter of time; `labels` as they stand between the braces.
pub(super) fn line(name: &str, labels: &str, time: Duration, out: &mut String) {
    let _ = writeln!(out, "{name}{{{labels}}} {}", time.as_secs_f64());
}

/// Appends them all in the Prometheus text format.
pub(super) fn render(out: &mut String) {
    for total in [&CPU_POOL_BUSY, &TOKIO_BUSY, &PROCESS_CPU] {
        total.render(out);
    }
}
