//! One thread, text in → text out, all variants of a workload.

use crate::baseline::{Program, REFERENCE};
use crate::clock::thread_cpu;
use crate::options::{Options, median};
use crate::support::{WORKLOADS, Workload, assert_agree, variants};

/// Bytes of events that one variant takes in within one round: some tens of milliseconds.
const ROUND_BYTES: usize = 20_000_000;

/// Measures and prints.
pub(crate) fn run(options: &Options) {
    if !options.json {
        println!("one thread: microseconds of CPU per event, × rate against {REFERENCE}");
    }
    for workload in WORKLOADS
        .iter()
        .filter(|workload| options.takes(workload.name))
    {
        let mut variants = variants(workload);
        assert_agree(workload, &mut variants);
        variants.retain(|(name, _)| options.takes_variant(name));
        let figures = measure(workload, &mut variants, options.rounds);
        print(workload, &figures, options.json);
    }
}

/// Median microseconds per event of each variant.
fn measure(
    workload: &Workload,
    variants: &mut [(&'static str, Program)],
    rounds: usize,
) -> Vec<(&'static str, f64)> {
    let events = workload.events();
    let passes = (ROUND_BYTES / (workload.bytes() * events.len())).max(1);
    let mut times = vec![Vec::with_capacity(rounds); variants.len()];
    let mut out = Vec::new();
    for _ in 0..rounds {
        for ((_, program), times) in variants.iter_mut().zip(&mut times) {
            let start = thread_cpu();
            for _ in 0..passes {
                for event in &events {
                    out.clear();
                    program(event, &mut out);
                }
            }
            let spent = thread_cpu() - start;
            times.push(spent.as_secs_f64() * 1e6 / (passes * events.len()) as f64);
        }
    }
    let names = variants.iter().map(|(name, _)| *name);
    names
        .zip(times.iter_mut().map(|times| median(times)))
        .collect()
}

fn print(workload: &Workload, figures: &[(&'static str, f64)], json: bool) {
    let reference = figures.iter().find(|(name, _)| *name == REFERENCE);
    let reference = reference.map(|(_, time)| *time);
    if !json {
        println!("\n{} ({} bytes)", workload.name, workload.bytes());
    }
    for (name, time) in figures {
        // Not every case has a program by hand.
        let ratio = reference.map(|reference| reference / time);
        if json {
            let ratio = ratio.map_or("null".to_owned(), |ratio| format!("{ratio:.3}"));
            println!(
                r#"{{"part":"thread","case":"{}","variant":"{name}","us":{time:.4},"ratio":{ratio}}}"#,
                workload.name
            );
        } else {
            let ratio = ratio.map_or(String::new(), |ratio| format!("× {ratio:.2}"));
            println!("  {name:18} {time:9.3} µs   {ratio}");
        }
    }
}
