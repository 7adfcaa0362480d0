//! What the benches share: the workloads, and the variants that answer them.

pub(crate) mod machine;
pub(crate) mod ours;
mod workload;

use crate::baseline::{self, Program, assert_same};

pub(crate) use workload::{WORKLOADS, Workload};

/// Everything that answers a workload, by name: ours first.
pub(crate) fn variants(workload: &Workload) -> Vec<(&'static str, Program)> {
    let mut variants = vec![("expressd", ours::program(workload.definition))];
    if let Some(case) = workload.case {
        variants.extend(baseline::programs(case, workload.orders));
    }
    variants
}

/// Panics unless all variants give the same JSON for every event.
pub(crate) fn assert_agree(workload: &Workload, variants: &mut [(&'static str, Program)]) {
    let (mut want, mut got) = (Vec::new(), Vec::new());
    for event in workload.events() {
        for (index, (_, program)) in variants.iter_mut().enumerate() {
            let out = if index == 0 { &mut want } else { &mut got };
            out.clear();
            program(event, out);
            if index > 0 {
                assert_same(&want, &got);
            }
        }
    }
}
