//! What counting costs, and what a scrape costs those who are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::in_process::run;
use super::report::{MetricsReport, per_second};
use super::{Load, Progress};
use crate::runtime::Machine;
use crate::runtime::Runtime;
use crate::telemetry::Exporter;
use crate::telemetry::Histogram;
use crate::telemetry::PipelineMetrics;

/// Rounds of each kind, in turn; medians count.
const ROUNDS: usize = 7;
/// Far more often than anybody scrapes, so that each round sees some.
const SCRAPE_EVERY: Duration = Duration::from_millis(100);

/// Runs the load without metrics, with them, and with them while they are scraped ten times a second.
pub fn counting(
    load: &Arc<Load>,
    machine: &Arc<Machine>,
    runtime: &Runtime,
    progress: Progress<'_>,
) -> MetricsReport {
    let metrics = PipelineMetrics::new(machine.pipeline(), Arc::clone(machine.metrics()));
    let metrics = Arc::new(metrics);
    let exporter = Exporter::install();
    exporter.add(Arc::clone(&metrics));
    let seconds = Histogram::default();
    let mut rates = [const { Vec::new() }; 3];
    for round in 0..ROUNDS {
        let look = |_: &str, done, n| {
            progress("metrics", round as u64 * n + done, ROUNDS as u64 * n);
        };
        let rate = |metrics: Option<&Arc<PipelineMetrics>>| {
            let started = Instant::now();
            run(load, machine, runtime, metrics, load.count, &look);
            per_second(load.count, started.elapsed())
        };
        rates[0].push(rate(None));
        rates[1].push(rate(Some(&metrics)));
        rates[2].push(scraped(&exporter, &seconds, || rate(Some(&metrics))));
    }
    let [off, on, scraped] = rates.map(median);
    MetricsReport {
        without_per_second: off,
        with_per_second: on,
        scraped_per_second: scraped,
        cost: 1.0 - on / off,
        scrape_cost: 1.0 - scraped / on,
        scrape: seconds.quantiles().into(),
        scrape_bytes: exporter.render().len(),
    }
}

/// Scrapes while `work` works.
fn scraped(exporter: &Exporter, seconds: &Histogram, work: impl FnOnce() -> f64) -> f64 {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let scraper = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let started = Instant::now();
                exporter.render();
                seconds.record(started.elapsed());
                thread::park_timeout(SCRAPE_EVERY);
            }
        });
        let rate = work();
        over.store(true, Ordering::Relaxed);
        scraper.thread().unpark();
        rate
    })
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
