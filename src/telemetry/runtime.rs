//! The numbers of the process.

use std::time::Duration;

use metrics::{Gauge, gauge};

use super::{names, seconds};

/// Gauges that all pipelines share.
pub struct RuntimeMetrics {
    workers: Gauge,
    pending: Gauge,
    concurrency: Gauge,
    tasks: Gauge,
    queued: Gauge,
    record_memory: Gauge,
}

/// How busy the process is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RuntimeLoad {
    /// Threads of the CPU pool.
    pub workers: usize,
    /// Jobs of the CPU pool that are not done.
    pub pending_jobs: usize,
    /// Time that the CPU pool spent in jobs.
    pub busy: Duration,
    /// Task calls under way as a share of the most allowed.
    pub concurrency_used: f64,
    /// Tasks of tokio that are alive.
    pub tokio_tasks: usize,
    /// Tasks in tokio's global queue.
    pub tokio_queued: usize,
    /// Time that tokio's workers were busy.
    pub tokio_busy: Duration,
}

impl RuntimeMetrics {
    /// Gauges at 0.
    pub fn new() -> RuntimeMetrics {
        gauge!(names::BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        RuntimeMetrics {
            workers: gauge!(names::CPU_POOL_WORKERS),
            pending: gauge!(names::CPU_POOL_PENDING),
            concurrency: gauge!(names::CONCURRENCY_USED),
            tasks: gauge!(names::TOKIO_TASKS),
            queued: gauge!(names::TOKIO_QUEUED),
            record_memory: gauge!(names::RECORD_MEMORY),
        }
    }

    /// Takes a reading in; `record_memory` in bytes.
    pub fn set(&self, load: &RuntimeLoad, record_memory: usize) {
        self.workers.set(load.workers as f64);
        self.pending.set(load.pending_jobs as f64);
        self.concurrency.set(load.concurrency_used);
        self.tasks.set(load.tokio_tasks as f64);
        self.queued.set(load.tokio_queued as f64);
        self.record_memory.set(record_memory as f64);
        seconds::CPU_POOL_BUSY.set(load.busy);
        seconds::TOKIO_BUSY.set(load.tokio_busy);
    }
}

impl Default for RuntimeMetrics {
    fn default() -> RuntimeMetrics {
        RuntimeMetrics::new()
    }
}
