//! Executions as fast as they go, without Kafka.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::report::{InProcessReport, Meter, per_second};
use super::{LOOK_EVERY, Load, Progress};
use crate::engine::Outcome;
use crate::runtime::CancelToken;
use crate::runtime::Ended;
use crate::runtime::Event;
use crate::runtime::Machine;
use crate::runtime::Runtime;
use crate::runtime::Started;
use crate::telemetry::Histogram;

/// Executions that make one job, as in a pipeline.
const BATCH: u64 = 256;

/// Runs the load once for warming up, a tenth of it, and once for measuring.
pub fn in_process(
    load: &Arc<Load>,
    machine: &Arc<Machine>,
    runtime: &Runtime,
    progress: Progress<'_>,
) -> InProcessReport {
    run(
        load,
        machine,
        runtime,
        (load.count / 10).max(1),
        &|_, _, _| (),
    );
    let meter = Meter::start();
    let started = Instant::now();
    let counts = run(load, machine, runtime, load.count, progress);
    let took = started.elapsed();
    InProcessReport {
        executions: load.count,
        failed: counts.failed.load(Ordering::Relaxed),
        per_second: per_second(load.count, took),
        latency: counts.seconds.quantiles().into(),
        usage: meter.stop(load.count),
    }
}

/// What came out, and what is still under way.
#[derive(Default)]
struct Counts {
    done: AtomicU64,
    failed: AtomicU64,
    seconds: Histogram,
    open: Mutex<usize>,
    closed: Condvar,
}

impl Counts {
    fn end(&self, ended: &Ended) {
        self.seconds.record(ended.took());
        if !matches!(ended.outcome(), Outcome::Succeeded(_)) {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// A batch or a waiting execution is under way.
    fn open(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    fn close(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.closed.notify_one();
    }

    /// Waits until fewer than `most` are under way; tells how far it is meanwhile.
    fn wait(&self, most: usize, mut look: impl FnMut(u64)) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        while *open >= most {
            let waited = self.closed.wait_timeout(open, LOOK_EVERY);
            open = waited.unwrap_or_else(PoisonError::into_inner).0;
            look(self.done.load(Ordering::Relaxed));
        }
    }
}

fn run(
    load: &Arc<Load>,
    machine: &Arc<Machine>,
    runtime: &Runtime,
    n: u64,
    progress: Progress<'_>,
) -> Arc<Counts> {
    let counts = Arc::new(Counts::default());
    let look = |done| progress("in process", done, n);
    // Enough for every worker to find one when it is done.
    let batches = runtime.workers() * 2;
    let mut next = 0;
    while next < n {
        let end = (next + BATCH).min(n);
        counts.wait(batches.max(load.in_flight / BATCH as usize), look);
        counts.open();
        let batch = (
            Arc::clone(load),
            Arc::clone(machine),
            runtime.clone(),
            Arc::clone(&counts),
        );
        runtime.spawn(move || {
            let (load, machine, runtime, counts) = batch;
            for number in next..end {
                start(&load, &machine, &runtime, &counts, number);
            }
            counts.close();
        });
        next = end;
    }
    counts.wait(1, look);
    counts
}

fn start(load: &Load, machine: &Machine, runtime: &Runtime, counts: &Arc<Counts>, number: u64) {
    let name = format!("bench-0-{number}");
    let event = Event {
        payload: load.event(number).as_bytes(),
        name: &name,
        timestamp: None,
    };
    match runtime.start(machine, event) {
        Started::Done(ended) => counts.end(&ended),
        Started::Waiting(waiting) => {
            counts.open();
            let counts = Arc::clone(counts);
            runtime.drive(waiting, &CancelToken::new(), move |ended| {
                counts.end(&ended);
                counts.close();
            });
        }
    }
}
