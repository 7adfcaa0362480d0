//! The numbers of the process.

use metrics::{Gauge, gauge};

use super::names;

/// Gauges that all pipelines share.
pub struct RuntimeMetrics {
    pending: Gauge,
    concurrency: Gauge,
}

impl RuntimeMetrics {
    /// Gauges at 0.
    pub fn new() -> RuntimeMetrics {
        RuntimeMetrics {
            pending: gauge!(names::CPU_POOL_PENDING),
            concurrency: gauge!(names::CONCURRENCY_USED),
        }
    }

    /// Jobs of the CPU pool that are not done; task calls under way as a share of the most allowed.
    pub fn set(&self, pending_jobs: usize, concurrency_used: f64) {
        self.pending.set(pending_jobs as f64);
        self.concurrency.set(concurrency_used);
    }
}

impl Default for RuntimeMetrics {
    fn default() -> RuntimeMetrics {
        RuntimeMetrics::new()
    }
}
