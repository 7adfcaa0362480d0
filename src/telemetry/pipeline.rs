//! The numbers of one pipeline.

use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, gauge};

use super::by_error::ByError;
use super::partition::Partitions;
use super::{Histogram, MachineMetrics, PartitionMetrics, PartitionStanding, Sharded, names};

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
    late: Sharded,
    retried: Sharded,
    dead_letters: Sharded,
    seconds: Histogram,
    delivery: Histogram,
    event: Histogram,
    errors: ByError,
    dead_letters_by_error: ByError,
    machine: Arc<MachineMetrics>,
    partitions: Partitions,
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
    /// Records that a retry topic acknowledged.
    pub retried: u64,
}

/// Executions of one batch, counted before they are added to what the threads share.
#[derive(Debug, Default)]
pub struct Tally {
    /// Started.
    pub started: u64,
    /// Succeeded.
    pub succeeded: u64,
    /// Failed.
    pub failed: u64,
    /// Ran into their time limit.
    pub timed_out: u64,
    /// Were stopped from outside.
    pub aborted: u64,
}

impl PipelineMetrics {
    /// Counters at 0, with those of the pipeline's machine.
    pub fn new(pipeline: &str, machine: Arc<MachineMetrics>) -> PipelineMetrics {
        PipelineMetrics {
            machine,
            partitions: Partitions::default(),
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
            late: Sharded::default(),
            retried: Sharded::default(),
            dead_letters: Sharded::default(),
            seconds: Histogram::default(),
            delivery: Histogram::default(),
            event: Histogram::default(),
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

    /// Adds what a batch counted, and leaves it at 0.
    pub fn count(&self, tally: &mut Tally) {
        let Tally {
            started,
            succeeded,
            failed,
            timed_out,
            aborted,
        } = std::mem::take(tally);
        let ended = succeeded + failed + timed_out + aborted;
        self.in_flight.add(started as i64 - ended as i64);
        for (counter, n) in [
            (&self.succeeded, succeeded),
            (&self.failed, failed),
            (&self.timed_out, timed_out),
            (&self.aborted, aborted),
        ] {
            if n > 0 {
                counter.add(n as i64);
            }
        }
    }

    /// An execution took so long.
    pub fn took(&self, duration: Duration) {
        self.seconds.record(duration);
    }

    /// An execution failed with this error.
    pub fn error(&self, error: Option<&str>) {
        self.errors.add(error);
    }

    /// The sink acknowledged results.
    pub fn results(&self, n: usize) {
        self.results.add(n as i64);
    }

    /// The sink acknowledged a dead letter.
    pub fn dead_letter(&self, error: Option<&str>) {
        self.dead_letters.add(1);
        self.dead_letters_by_error.add(error);
    }

    /// A retry topic acknowledged a record.
    pub fn retried(&self) {
        self.retried.add(1);
    }

    /// Outcomes were acknowledged so long after their records were taken in.
    pub fn delivered(&self, after: Duration, n: usize) {
        self.delivery.record_n(after, n);
    }

    /// An outcome was acknowledged so long after its record's timestamp.
    pub fn event_age(&self, age: Duration) {
        self.event.record(age);
    }

    /// Records were dropped because the config says so.
    pub fn discarded(&self, n: usize) {
        self.discarded.add(n as i64);
    }

    /// Outcomes were acknowledged after their partition was given up.
    pub fn late(&self, n: usize) {
        self.late.add(n as i64);
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

    /// The consumer's client was stuck and is started again.
    pub fn client_restart(&self) {
        counter!(names::CLIENT_RESTARTS, "pipeline" => self.pipeline.clone()).increment(1);
    }

    /// The gauges of a partition; get them once per assignment.
    pub fn partition(&self, topic: &str, partition: i32) -> PartitionMetrics {
        self.partitions.assign(&self.pipeline, topic, partition)
    }

    /// The partitions that are assigned now.
    pub fn partitions(&self) -> Vec<PartitionStanding> {
        self.partitions.standing()
    }

    /// The content hash of the definition that runs.
    pub fn definition(&self, hash: &str) {
        let (pipeline, definition) = (self.pipeline.clone(), hash.to_string());
        gauge!(names::DEFINITION, "pipeline" => pipeline, "definition" => definition).set(1.0);
    }

    /// The content hash of a definition that runs no more.
    pub fn definition_gone(&self, hash: &str) {
        let (pipeline, definition) = (self.pipeline.clone(), hash.to_string());
        gauge!(names::DEFINITION, "pipeline" => pipeline, "definition" => definition).set(0.0);
    }

    /// The definition was read again.
    pub fn reload(&self, ok: bool) {
        let result = if ok { "ok" } else { "failed" };
        counter!(names::RELOADS, "pipeline" => self.pipeline.clone(), "result" => result)
            .increment(1);
    }

    /// Whether it takes records in, and whether part of it waits for an operator.
    pub fn standing(&self, ready: bool, halted: bool) {
        let number = |flag: bool| f64::from(u8::from(flag));
        gauge!(names::READY, "pipeline" => self.pipeline.clone()).set(number(ready));
        gauge!(names::HALTED, "pipeline" => self.pipeline.clone()).set(number(halted));
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
            retried: sum(&self.retried),
        }
    }

    /// How long executions took.
    pub fn seconds(&self) -> &Histogram {
        &self.seconds
    }

    /// From taking a record in to the acknowledgement of its outcome.
    pub fn delivery_seconds(&self) -> &Histogram {
        &self.delivery
    }

    /// From a record's timestamp to the acknowledgement of its outcome.
    pub fn event_seconds(&self) -> &Histogram {
        &self.event
    }

    /// The numbers of its machine.
    pub(super) fn machine(&self) -> &MachineMetrics {
        &self.machine
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
        set(names::RETRIED, totals.retried);
        set(names::RESENT, u64::try_from(self.resent.sum()).unwrap_or(0));
        set(names::LATE, u64::try_from(self.late.sum()).unwrap_or(0));
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
        self.machine.publish(&self.pipeline);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_flight_is_what_started_and_did_not_end() {
        let metrics = PipelineMetrics::new("orders", Arc::default());
        metrics.count(&mut Tally {
            started: 4,
            succeeded: 1,
            ..Tally::default()
        });
        metrics.count(&mut Tally {
            failed: 1,
            aborted: 1,
            ..Tally::default()
        });
        let totals = metrics.totals();
        assert_eq!(totals.in_flight, 1);
        assert_eq!((totals.succeeded, totals.failed, totals.aborted), (1, 1, 1));
    }
}
