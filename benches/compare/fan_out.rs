//! One large execution: its Map or Parallel spreads over idle workers. What counts is how much earlier it ends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use expressd::engine::{FanOut, ForkJob, InPlace, Spares};

use crate::options::{Options, median};
use crate::support::machine::{Machine, compile};
use crate::together;

const ITEMS: usize = 2_000;

/// Measures and prints.
pub(crate) fn run(options: &Options) {
    if !options.json {
        println!(
            "\nfan-out inside one execution: milliseconds on one thread and on two, wall clock"
        );
    }
    let event = event();
    for (name, definition) in [
        ("fan_out_map", map_machine()),
        ("fan_out_parallel", parallel_machine()),
    ] {
        if !options.takes(name) {
            continue;
        }
        let plan = compile(&definition);
        let mut machine = Machine::new(plan);
        let workers = Workers::new(2);
        let (mut in_place, mut forked) = (Vec::new(), Vec::new());
        machine.run(&event, &InPlace, &mut in_place);
        workers
            .pool
            .install(|| machine.run(&event, &workers, &mut forked));
        assert!(
            in_place == forked,
            "the answer depends on the number of threads"
        );
        let (mut one, mut two) = (Vec::new(), Vec::new());
        // An execution is on a worker from its start, as in the daemon.
        workers.pool.install(|| {
            for _ in 0..options.rounds * 5 {
                one.push(milliseconds(|out| machine.run(&event, &InPlace, out)));
                two.push(milliseconds(|out| machine.run(&event, &workers, out)));
            }
        });
        let (one, two) = (median(&mut one), median(&mut two));
        let (share, jobs) = (two / one, workers.jobs.load(Ordering::Relaxed));
        if options.json {
            println!(
                r#"{{"part":"fan_out","case":"{name}","one_ms":{one:.3},"two_ms":{two:.3},"share":{share:.3},"jobs":{jobs}}}"#
            );
        } else {
            println!(
                "  {name:18} {one:8.3} → {two:8.3} ms   {share:.2} of the time   ({jobs} jobs handed over)"
            );
        }
    }
}

fn milliseconds(run: impl FnOnce(&mut Vec<u8>)) -> f64 {
    let mut out = Vec::new();
    let start = Instant::now();
    run(&mut out);
    start.elapsed().as_secs_f64() * 1e3
}

/// A pool with nothing else to do.
struct Workers {
    pool: rayon::ThreadPool,
    busy: AtomicUsize,
    jobs: AtomicUsize,
    spares: Vec<Spares>,
}

impl Workers {
    fn new(threads: usize) -> Workers {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        Workers {
            pool: builder.build().expect("threads can be started"),
            busy: AtomicUsize::new(1), // The one that runs the execution.
            jobs: AtomicUsize::new(0),
            spares: (0..threads).map(|_| Spares::default()).collect(),
        }
    }
}

impl FanOut for Workers {
    fn idle_workers(&self) -> usize {
        let threads = self.pool.current_num_threads();
        threads.saturating_sub(self.busy.load(Ordering::Relaxed))
    }

    fn join(&self, jobs: &mut [ForkJob<'_>]) {
        let handed_over = jobs.len().saturating_sub(1);
        self.jobs.fetch_add(handed_over, Ordering::Relaxed);
        self.busy.fetch_add(handed_over, Ordering::Relaxed);
        let mut jobs: Vec<_> = jobs.iter_mut().enumerate().collect();
        together::join(&self.pool, &mut jobs, |(number, job)| {
            job.run(self);
            if *number > 0 {
                self.busy.fetch_sub(1, Ordering::Relaxed);
            }
        });
    }

    fn expect_jobs(&self) {
        together::expect_jobs(&self.pool);
    }

    fn spares(&self) -> Option<&Spares> {
        self.spares.get(self.pool.current_thread_index()?)
    }
}

/// A list of order lines, well within AWS's limit on a payload.
fn event() -> Vec<u8> {
    let line = |index: usize| {
        format!(
            r#"{{"sku":"SKU-{:05}","qty":{},"price":{}.5}}"#,
            index * 37 % 99_991,
            index % 9 + 1,
            index % 300
        )
    };
    let lines: Vec<String> = (0..ITEMS).map(line).collect();
    format!(r#"{{"items":[{}]}}"#, lines.join(",")).into_bytes()
}

/// A Map whose body has five states; the names end with a number, as no two states of a machine have the same.
const MAP: &str = r#"
"Lines#": {
  "Type": "Map", "ItemsPath": "$.items", "End": true,
  "ItemProcessor": { "StartAt": "Size#", "States": {
    "Size#": { "Type": "Choice",
      "Choices": [{ "Variable": "$.qty", "NumericGreaterThanEquals": 5, "Next": "Bulk#" }], "Default": "Single#" },
    "Bulk#": { "Type": "Pass", "Result": "bulk", "ResultPath": "$.kind", "Next": "Points#" },
    "Single#": { "Type": "Pass", "Result": "single", "ResultPath": "$.kind", "Next": "Points#" },
    "Points#": { "Type": "Pass", "Next": "Check#", "Parameters": {
      "points.$": "States.MathAdd($.qty, 10)", "label.$": "States.Format('{}/{}', $.sku, $.kind)" } },
    "Check#": { "Type": "Choice",
      "Choices": [{ "Variable": "$.points", "NumericLessThan": 0, "Next": "Line#" }], "Default": "Line#" },
    "Line#": { "Type": "Pass", "Parameters": { "label.$": "$.label", "points.$": "$.points" }, "End": true }
  } },
  "ResultSelector": { "count.$": "States.ArrayLength($)", "first.$": "$[0]", "last.$": "$[1999]" }
}"#;

/// A scope whose only state is the Map.
fn map_scope(number: usize) -> String {
    let map = MAP.replace('#', &number.to_string());
    format!(r#"{{ "StartAt": "Lines{number}", "States": {{ {map} }} }}"#)
}

fn map_machine() -> String {
    map_scope(0)
}

/// Four such Maps at the same time.
fn parallel_machine() -> String {
    let branches = [0, 1, 2, 3].map(map_scope).join(",");
    let parallel = format!(r#"{{ "Type": "Parallel", "Branches": [{branches}], "End": true }}"#);
    format!(r#"{{ "StartAt": "All", "States": {{ "All": {parallel} }} }}"#)
}
