//! What the benches share: the workloads, the variants that answer them, and clocks.

mod clock;
mod workload;

use crate::baseline::{self, Program};

pub(crate) use clock::thread_cpu;
pub(crate) use workload::{WORKLOADS, Workload};

/// Everything that answers a workload, by name.
pub(crate) fn variants(workload: &Workload) -> Vec<(&'static str, Program)> {
    baseline::programs(workload.case, workload.orders)
}
