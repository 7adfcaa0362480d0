//! The numbers of one pipeline.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use metrics::{Gauge, counter, gauge};

use super::{Histogram, Sharded, names};

/// Error names that get a label of their own; the rest is counted as [`OTHER`].
const MAX_ERROR_NAMES: usize = 64;
const OTHER: &str = "other";

/// Counts for one pipeline. Methods add; [`PipelineMetrics::publish`] copies the sums to the exporter.
pub struct PipelineMetrics {
    pipeline: String,
    records: Sharded,
    in_flight: Sharded,
    succeeded: Sharded,
    failed: Sharded,
    timed_out: Sharded,
    aborted: Sharded,
    results: Sharded,
    discarded: Sharded,
    resent: Sharded,
    dead_letters: Sharded,
    seconds: Histogram,
    errors: ByError,
    dead_letters_by_error: ByError,
}

/// Sums at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records taken in.
    pub records: u64,
    /// Executions started and not over.
    pub in_flight: u64,
    /// Executions that succeeded.
    pub succeeded: u64,
    /// Executions that failed.
    pub failed: u64,
    /// Executions that timed out.
    pub timed_out: u64,
    /// Executions that were stopped from outside.
    pub aborted: u64,
    /// Results that the sink acknowledged.
    pub results: u64,
    /// Dead letters that the sink acknowledged.
    pub dead_letters: u64,
    /// Records that were dropped because the config says so.
    pub discarded: u64,
}

/// The gauges of one partition while it is assigned; they go back to 0 when it is dropped.
pub struct PartitionMetrics {
    lag_records: Gauge,
    lag_seconds: Gauge,
    window_used: Gauge,
}

impl PipelineMetrics {
    /// Counters at 0.
    pub fn new(pipeline: &str) -> PipelineMetrics {
        PipelineMetrics {
            pipeline: pipeline.to_string(),
            records: Sharded::default(),
            in_flight: Sharded::default(),
            succeeded: Sharded::default(),
            failed: Sharded::default(),
            timed_out: Sharded::default(),
            aborted: Sharded::default(),
            results: Sharded::default(),
            discarded: Sharded::default(),
            resent: Sharded::default(),
            dead_letters: Sharded::default(),
            seconds: Histogram::default(),
            errors: ByError::default(),
            dead_letters_by_error: ByError::default(),
        }
    }

    /// The pipeline's name in the config.
    pub fn pipeline(&self) -> &str {
        &self.pipeline
    }

    /// Records were taken in from the source.
    pub fn records(&self, n: usize) {
        self.records.add(n as i64);
    }

    /// Executions were started.
    pub fn started(&self, n: usize) {
        self.in_flight.add(n as i64);
    }

    /// A started execution succeeded.
    pub fn succeeded(&self, took: Duration) {
        self.succeeded.add(1);
        self.ended(took);
    }

    /// A started execution failed; an error without a name counts as `other`.
    pub fn failed(&self, error: Option<&str>, took: Duration) {
        self.failed.add(1);
        self.errors.add(error.unwrap_or(OTHER));
        self.ended(took);
    }

    /// A started execution ran into its time limit.
    pub fn timed_out(&self, took: Duration) {
        self.timed_out.add(1);
        self.ended(took);
    }

    /// A started execution was stopped from outside.
    pub fn aborted(&self) {
        self.aborted.add(1);
        self.in_flight.add(-1);
    }

    fn ended(&self, took: Duration) {
        self.in_flight.add(-1);
        self.seconds.record(took);
    }

    /// The sink acknowledged results.
    pub fn results(&self, n: usize) {
        self.results.add(n as i64);
    }

    /// The sink acknowledged a dead letter.
    pub fn dead_letter(&self, error: Option<&str>) {
        self.dead_letters.add(1);
        self.dead_letters_by_error.add(error.unwrap_or(OTHER));
    }

    /// Records were dropped because the config says so.
    pub fn discarded(&self, n: usize) {
        self.discarded.add(n as i64);
    }

    /// An outcome was sent again.
    pub fn resent(&self, n: usize) {
        self.resent.add(n as i64);
    }

    /// An offset commit was answered.
    pub fn commit(&self, ok: bool) {
        let result = if ok { "ok" } else { "failed" };
        counter!(names::COMMITS, "pipeline" => self.pipeline.clone(), "result" => result)
            .increment(1);
    }

    /// Partitions were `assigned`, `revoked` or `lost`.
    pub fn rebalance(&self, kind: &'static str) {
        counter!(names::REBALANCES, "pipeline" => self.pipeline.clone(), "kind" => kind)
            .increment(1);
    }

    /// The gauges of a partition; get them once per assignment.
    pub fn partition(&self, topic: &str, partition: i32) -> PartitionMetrics {
        let labels = [
            ("pipeline", self.pipeline.clone()),
            ("topic", topic.to_string()),
            ("partition", partition.to_string()),
        ];
        PartitionMetrics {
            lag_records: gauge!(names::LAG_RECORDS, &labels),
            lag_seconds: gauge!(names::LAG_SECONDS, &labels),
            window_used: gauge!(names::WINDOW_USED, &labels),
        }
    }

    /// Sums at this moment.
    pub fn totals(&self) -> Totals {
        let sum = |counter: &Sharded| u64::try_from(counter.sum()).unwrap_or(0);
        Totals {
            records: sum(&self.records),
            in_flight: sum(&self.in_flight),
            succeeded: sum(&self.succeeded),
            failed: sum(&self.failed),
            timed_out: sum(&self.timed_out),
            aborted: sum(&self.aborted),
            results: sum(&self.results),
            dead_letters: sum(&self.dead_letters),
            discarded: sum(&self.discarded),
        }
    }

    /// How long executions took.
    pub fn seconds(&self) -> &Histogram {
        &self.seconds
    }

    /// Dead letters by error name, most frequent first.
    pub fn dead_letters_by_error(&self) -> Vec<(String, u64)> {
        let mut counts = self.dead_letters_by_error.counts();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counts
    }

    /// Copies the sums to the metrics crate; called before a scrape is rendered.
    pub fn publish(&self) {
        let totals = self.totals();
        let pipeline = || self.pipeline.clone();
        let set = |name: &'static str, value: u64| {
            counter!(name, "pipeline" => pipeline()).absolute(value);
        };
        set(names::RECORDS, totals.records);
        set(names::RESULTS, totals.results);
        set(names::DISCARDED, totals.discarded);
        set(names::RESENT, u64::try_from(self.resent.sum()).unwrap_or(0));
        for (outcome, count) in [
            ("succeeded", totals.succeeded),
            ("failed", totals.failed),
            ("timed_out", totals.timed_out),
            ("aborted", totals.aborted),
        ] {
            counter!(names::EXECUTIONS, "pipeline" => pipeline(), "outcome" => outcome)
                .absolute(count);
        }
        for (name, errors) in [
            (names::EXECUTION_ERRORS, &self.errors),
            (names::DEAD_LETTERS, &self.dead_letters_by_error),
        ] {
            for (error, count) in errors.counts() {
                counter!(name, "pipeline" => pipeline(), "error" => error).absolute(count);
            }
        }
        gauge!(names::IN_FLIGHT, "pipeline" => pipeline()).set(totals.in_flight as f64);
    }
}

impl PartitionMetrics {
    /// Records between the watermark and the end of the partition, and the age of the record at the watermark.
    pub fn lag(&self, records: u64, age: Duration) {
        self.lag_records.set(records as f64);
        self.lag_seconds.set(age.as_secs_f64());
    }

    /// How full the window is, 0 to 1.
    pub fn window_used(&self, ratio: f64) {
        self.window_used.set(ratio);
    }
}

impl Drop for PartitionMetrics {
    fn drop(&mut self) {
        self.lag(0, Duration::ZERO);
        self.window_used(0.0);
    }
}

/// Counts by error name, with a bound on the names: a `Fail` state may build its error from the event.
#[derive(Default)]
struct ByError {
    counts: RwLock<HashMap<Box<str>, Arc<AtomicU64>>>,
}

impl ByError {
    fn add(&self, error: &str) {
        let known = self.counts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = known.get(error) {
            count.fetch_add(1, Ordering::Relaxed);
            return;
        }
        drop(known);
        let mut counts = self.counts.write().unwrap_or_else(PoisonError::into_inner);
        let fits = counts.len() < MAX_ERROR_NAMES || counts.contains_key(error);
        let name = if fits { error } else { OTHER };
        let count = counts.entry(name.into()).or_default();
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let counts = self.counts.read().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|(name, count)| (name.to_string(), count.load(Ordering::Relaxed)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_flight_is_what_started_and_did_not_end() {
        let metrics = PipelineMetrics::new("orders");
        metrics.started(4);
        metrics.succeeded(Duration::from_millis(1));
        metrics.failed(Some("Oops"), Duration::from_millis(1));
        metrics.aborted();
        let totals = metrics.totals();
        assert_eq!(totals.in_flight, 1);
        assert_eq!((totals.succeeded, totals.failed, totals.aborted), (1, 1, 1));
        assert_eq!(metrics.seconds().quantiles().count, 2);
    }

    #[test]
    fn error_names_are_bounded() {
        let errors = ByError::default();
        (0..1_000).for_each(|i| errors.add(&format!("E{i}")));
        errors.add("E0");
        let counts: HashMap<_, _> = errors.counts().into_iter().collect();
        assert_eq!(counts.len(), MAX_ERROR_NAMES + 1);
        assert_eq!(counts["E0"], 2);
        assert_eq!(counts[OTHER], 1_000 - MAX_ERROR_NAMES as u64);
    }
}
