//! Executions as fast as they go, without Kafka.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::report::{InProcessReport, Meter, per_second};
use super::{LOOK_EVERY, Load, Progress};
use crate::engine;
use crate::engine::Outcome;
use crate::runtime::CancelToken;
use crate::runtime::Ended;
use crate::runtime::Event;
use crate::runtime::Machine;
use crate::runtime::Runtime;
use crate::runtime::Started;
use crate::telemetry::Histogram;
use crate::telemetry::PipelineMetrics;
use crate::telemetry::Tally;

/// Executions that make one job, as in a pipeline.
const BATCH: u64 = 256;

/// Runs the load once for warming up, a tenth of it, and once for measuring.
pub fn in_process(
    load: &Arc<Load>,
    machine: &Arc<Machine>,
    runtime: &Runtime,
    progress: Progress<'_>,
) -> InProcessReport {
    let warm = (load.count / 10).max(1);
    run(load, machine, runtime, None, warm, &|_, _, _| ());
    let meter = Meter::start();
    let started = Instant::now();
    let counts = run(load, machine, runtime, None, load.count, progress);
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
pub(super) struct Counts {
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

/// Runs `n` events; where there are metrics, they are counted there as a pipeline does it.
pub(super) fn run(
    load: &Arc<Load>,
    machine: &Arc<Machine>,
    runtime: &Runtime,
    metrics: Option<&Arc<PipelineMetrics>>,
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
            metrics.cloned(),
            Arc::clone(&counts),
        );
        runtime.spawn(move || {
            let (load, machine, runtime, metrics, counts) = batch;
            let mut sums = Sums::default();
            for number in next..end {
                let ended = start(&load, &machine, &runtime, &counts, number);
                if let (Some(metrics), Some(ended)) = (&metrics, ended) {
                    sums.add(&ended, metrics);
                }
            }
            if let Some(metrics) = &metrics {
                metrics.count(&mut sums.tally);
                machine.count(&sums.counts);
            }
            counts.close();
        });
        next = end;
    }
    counts.wait(1, look);
    counts
}

/// What a batch adds up before it is added to the metrics.
#[derive(Default)]
struct Sums {
    tally: Tally,
    counts: engine::Counts,
}

impl Sums {
    fn add(&mut self, ended: &Ended, metrics: &PipelineMetrics) {
        self.tally.started += 1;
        match ended.outcome() {
            Outcome::Succeeded(_) => self.tally.succeeded += 1,
            _ => self.tally.failed += 1,
        }
        metrics.took(ended.took());
        self.counts.add(ended.execution().counts());
    }
}

/// Starts an execution; gives it back unless it waits.
fn start(
    load: &Load,
    machine: &Machine,
    runtime: &Runtime,
    counts: &Arc<Counts>,
    number: u64,
) -> Option<Ended> {
    let name = format!("bench-0-{number}");
    let event = Event {
        payload: load.event(number).as_bytes(),
        name: &name,
        timestamp: None,
    };
    match runtime.start(machine, event) {
        Started::Done(ended) => {
            counts.end(&ended);
            Some(ended)
        }
        Started::Waiting(waiting) => {
            counts.open();
            let counts = Arc::clone(counts);
            runtime.drive(waiting, &CancelToken::new(), move |ended| {
                counts.end(&ended);
                counts.close();
            });
            None
        }
    }
}
