//! One execution, text in → text out: ours and the same answer written by hand.
//!
//! | group | what | command |
//! | --- | --- | --- |
//! | `execute/CASE` | every variant of a workload, over its events in turn | `cargo bench --no-default-features --bench execute -- CASE` |
//!
//! Criterion runs one variant after the other, so a slow minute of the machine falls on one of them: for ratios use
//! the bench `compare`.

mod baseline;
mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use support::{WORKLOADS, assert_agree, variants};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn execute(criterion: &mut Criterion) {
    for workload in &WORKLOADS {
        let mut group = criterion.benchmark_group(format!("execute/{}", workload.name));
        group.throughput(Throughput::Bytes(workload.bytes() as u64));
        let mut variants = variants(workload);
        assert_agree(workload, &mut variants);
        let events = workload.events();
        for (name, mut program) in variants {
            let mut events = events.iter().cycle();
            let mut out = Vec::new();
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    out.clear();
                    let event = events.next().expect("a cycle never ends");
                    program(black_box(event), &mut out);
                    black_box(out.len())
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, execute);
criterion_main!(benches);
