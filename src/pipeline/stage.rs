//! What happens to a batch on a worker: each record runs as far as it goes, and its outcome is handed to the sink.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tracing::error;

use crate::engine::{Counts, Outcome};
use crate::error_name;
use crate::kafka::{HeaderBuffer, Record};
use crate::mutants::{self, Mutant};
use crate::runtime::{Ended, Event, Machine, Runtime, Started};
use crate::sink::record::{
    Problem, Run, dead_letter_headers, event_timestamp, result_headers, retry_headers,
};
use crate::sink::{Kind, Publication, Sink};
use crate::source::{Batch, Control, SlotId};
use crate::telemetry::{PipelineMetrics, Tally};
use crate::value::ParseLimits;

use super::config::{OnFailure, PipelineOptions};
use super::input::{Input, InputMaker};
use super::lanes::{Lanes, Turn};
use super::retry::Retries;
use super::ticket::{Job, Ticket};

/// Everything that the records of a pipeline share.
pub(super) struct Stage {
    /// What new records run on.
    pub(super) machine: ArcSwap<Machine>,
    pub(super) runtime: Runtime,
    pub(super) sink: Sink<Ticket>,
    pub(super) options: PipelineOptions,
    pub(super) retries: Retries,
    pub(super) metrics: Arc<PipelineMetrics>,
    pub(super) control: Arc<Control>,
    /// Configured name of this process.
    pub(super) instance: String,
}

/// Buffers that a worker uses from record to record.
struct Scratch {
    name: String,
    value: Vec<u8>,
    headers: HeaderBuffer,
    input: InputMaker,
    /// Slots without an outcome to wait for.
    discarded: Vec<SlotId>,
    abandoned: Vec<SlotId>,
    tally: Tally,
    counts: Counts,
    /// The record is the last one of its batch.
    last: bool,
}

/// How a record left the hands of its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// With its outcome handed to the sink, or without one.
    Over,
    /// Its execution waits; whoever ends it goes on with its key.
    Waiting,
}

/// Parts of batches that a worker runs before it leaves a lane.
const PARTS: usize = 8;

/// When an execution started and ended, milliseconds since the epoch.
#[derive(Clone, Copy)]
pub(super) struct Times {
    started: i64,
    ended: i64,
}

impl Scratch {
    /// After a panic: new buffers, while what was gathered stays.
    fn renew(&mut self, stage: &Stage) {
        let fresh = stage.scratch();
        self.name = fresh.name;
        self.value = fresh.value;
        self.headers = fresh.headers;
        self.input = fresh.input;
    }
}

impl Stage {
    fn scratch(&self) -> Scratch {
        let machine = self.machine.load();
        let limits = machine.limits();
        Scratch {
            name: String::new(),
            value: Vec::new(),
            headers: HeaderBuffer::new(),
            input: InputMaker::new(
                self.options,
                ParseLimits {
                    depth: limits.depth,
                    reject_duplicate_keys: false,
                },
            ),
            discarded: Vec::new(),
            abandoned: Vec::new(),
            tally: Tally::default(),
            counts: Counts::default(),
            last: true,
        }
    }

    /// Gives a batch to the workers.
    pub(super) fn take_in(self: &Arc<Stage>, batch: Batch, lanes: Option<Arc<Lanes>>) {
        self.metrics.records(batch.len());
        let job = Arc::new(Job {
            stage: Arc::clone(self),
            batch,
            taken: self.runtime.clock().read(),
            machine: self.machine.load_full(),
            lanes,
        });
        match &job.lanes {
            None => self.runtime.spawn(move || {
                let mut scratch = job.stage.scratch();
                job.stage.run_part(&job, 0..job.batch.len(), &mut scratch);
            }),
            Some(lanes) => lanes.push(&job, |lane| {
                let (stage, lanes) = (Arc::clone(self), Arc::clone(lanes));
                self.runtime.spawn(move || stage.run_lane(lanes, lane));
            }),
        }
    }

    /// Runs what is in a lane. After some of it the other jobs get their turn.
    fn run_lane(self: Arc<Stage>, lanes: Arc<Lanes>, lane: usize) {
        let mut scratch = self.scratch();
        for _ in 0..PARTS {
            let Some(part) = lanes.take(lane) else { return };
            let indexes = part.indexes.iter().map(|index| *index as usize);
            self.run_part(&part.job, indexes, &mut scratch);
        }
        let stage = Arc::clone(&self);
        self.runtime.spawn_last(move || stage.run_lane(lanes, lane));
    }

    /// Runs records of a batch on the calling worker, one after the other.
    fn run_part(
        &self,
        job: &Arc<Job>,
        indexes: impl ExactSizeIterator<Item = usize>,
        scratch: &mut Scratch,
    ) {
        let n_records = indexes.len();
        let partition = job.batch.partition();
        // All of the batch or nothing: its parts are in the hands of several workers.
        let begun = partition.begin(job.batch.slot(job.batch.len() - 1));
        for (n, index) in indexes.enumerate() {
            if !begun || partition.is_stopped() {
                scratch.abandoned.push(job.batch.slot(index));
                continue;
            }
            scratch.last = n + 1 == n_records;
            let turn = job.lanes.as_ref().map_or(Turn::Now, |lanes| {
                lanes.turn(job, index, || {
                    if scratch.last {
                        self.count(scratch);
                    }
                })
            });
            match turn {
                Turn::Now => drop(self.run_guarded(job, index, scratch)),
                Turn::Later => {}
                Turn::Never => scratch.abandoned.push(job.batch.slot(index)),
            }
        }
        self.settle(&job.batch, scratch);
    }

    /// Runs a record; a panic gives it its dead letter.
    fn run_guarded(&self, job: &Arc<Job>, index: usize, scratch: &mut Scratch) -> Left {
        let run = AssertUnwindSafe(|| self.run_record(job, index, scratch));
        catch_unwind(run).unwrap_or_else(|_| {
            scratch.renew(self);
            self.broken(job, index, scratch);
            Left::Over
        })
    }

    fn run_record(&self, job: &Arc<Job>, index: usize, scratch: &mut Scratch) -> Left {
        let record = job.batch.record(index);
        if job.batch.is_set_aside() {
            let problem = Problem {
                error: Some(error_name::CRASH_SUSPECT),
                cause: Some("the process ended each time this record ran"),
                state: "",
            };
            self.fail(job, index, &problem, None, scratch);
            return Left::Over;
        }
        execution_name(&record, &mut scratch.name);
        let payload = match scratch.input.make(&record) {
            Input::Run(payload) => payload,
            Input::Discard => {
                self.metrics.discarded(1);
                scratch.discarded.push(job.batch.slot(index));
                return Left::Over;
            }
            Input::Invalid(_) if mutants::is(Mutant::SkipInvalid) => {
                scratch.discarded.push(job.batch.slot(index));
                return Left::Over;
            }
            Input::Invalid(cause) => {
                let problem = Problem {
                    error: Some(error_name::INVALID_INPUT),
                    cause: Some(&cause),
                    state: "",
                };
                self.fail(job, index, &problem, None, scratch);
                return Left::Over;
            }
        };
        scratch.tally.started += 1;
        let event = Event {
            payload,
            name: &scratch.name,
            timestamp: record.timestamp,
        };
        match self.runtime.start(&job.machine, event) {
            Started::Done(ended) => {
                self.finish(job, index, &ended, scratch);
                Left::Over
            }
            Started::Waiting(waiting) => {
                if scratch.last {
                    self.count(scratch);
                }
                if let Some(lanes) = &job.lanes {
                    lanes.hold(&record);
                }
                let alone = job.alone(index);
                let cancel = job.batch.partition().cancel_token();
                let held = job.batch.partition().budget().hold(waiting.memory());
                self.runtime.drive(waiting, cancel, move |ended| {
                    let stage = &alone.stage;
                    let mut scratch = stage.scratch();
                    let finish = AssertUnwindSafe(|| stage.finish(&alone, 0, &ended, &mut scratch));
                    if catch_unwind(finish).is_err() {
                        scratch.renew(stage);
                        stage.broken(&alone, 0, &mut scratch);
                    }
                    drop((ended, held));
                    stage.settle(&alone.batch, &mut scratch);
                    stage.go_on(&alone, &mut scratch);
                });
                Left::Waiting
            }
        }
    }

    /// A record that had left its batch is over: the next one of its key runs here, and so on until one waits.
    fn go_on(&self, over: &Arc<Job>, scratch: &mut Scratch) {
        let Some(lanes) = &over.lanes else { return };
        while let Some(next) = lanes.next(&over.batch.record(0)) {
            let left = if next.batch.partition().is_stopped() {
                scratch.abandoned.push(next.batch.slot(0));
                Left::Over
            } else {
                self.run_guarded(&next, 0, scratch)
            };
            self.settle(&next.batch, scratch);
            if left == Left::Waiting {
                return;
            }
        }
    }

    /// Prints the outcome and hands it to the sink.
    fn finish(&self, job: &Arc<Job>, index: usize, ended: &Ended, scratch: &mut Scratch) {
        let times = Times {
            started: ended.started(),
            ended: ended.ended(),
        };
        scratch.counts.add(ended.execution().counts());
        match ended.outcome() {
            Outcome::Succeeded(output) => {
                scratch.tally.succeeded += 1;
                self.metrics.took(ended.took());
                if !self.sink.takes(Kind::Result) {
                    self.metrics.discarded(1);
                    scratch.discarded.push(job.batch.slot(index));
                    return;
                }
                if scratch.last {
                    self.count(scratch);
                }
                scratch.value.clear();
                ended.execution().arena().print(*output, &mut scratch.value);
                let record = job.batch.record(index);
                let run = self.describe(&job.machine, &record, ended.execution_id(), times);
                result_headers(&record, &run, &mut scratch.headers);
                let publication = Publication {
                    kind: Kind::Result,
                    key: record.key,
                    value: Some(&scratch.value),
                    timestamp: event_timestamp(&record, run.attempt),
                    headers: &scratch.headers,
                };
                self.sink.publish(&publication, Ticket::result(job, index));
                if mutants::is(Mutant::AcknowledgeOnSend) {
                    job.batch.partition().done(&[job.batch.slot(index)]);
                }
            }
            Outcome::Failed(failure) => {
                scratch.tally.failed += 1;
                self.metrics.took(ended.took());
                self.metrics.error(failure.error.as_deref());
                let problem = Problem {
                    error: failure.error.as_deref(),
                    cause: failure.cause.as_deref(),
                    state: &failure.state,
                };
                self.fail(job, index, &problem, Some(times), scratch);
            }
            Outcome::TimedOut => {
                scratch.tally.timed_out += 1;
                self.metrics.took(ended.took());
                let problem = Problem {
                    error: Some(error_name::TIMEOUT),
                    ..Problem::default()
                };
                self.fail(job, index, &problem, Some(times), scratch);
            }
            Outcome::Aborted => {
                scratch.tally.aborted += 1;
                // Nothing behind it may start any more, whoever aborted it.
                job.batch.partition().stop();
                scratch.abandoned.push(job.batch.slot(index));
            }
        }
    }

    /// A record without a result: what the config says.
    fn fail(
        &self,
        job: &Arc<Job>,
        index: usize,
        problem: &Problem<'_>,
        times: Option<Times>,
        scratch: &mut Scratch,
    ) {
        if scratch.last {
            self.count(scratch);
        }
        let record = job.batch.record(index);
        let now = self.runtime.clock().read().wall_millis();
        let times = times.unwrap_or(Times {
            started: now,
            ended: now,
        });
        let error = problem.error;
        if let Some(again) = self.retries.again(&record, error, now) {
            let mut name = String::new();
            execution_name(&record, &mut name);
            let execution = job.machine.execution_id(&name);
            let run = self.describe(&job.machine, &record, &execution, times);
            retry_headers(
                &record,
                &run,
                problem,
                again.not_before,
                &mut scratch.headers,
            );
            let publication = Publication {
                kind: Kind::Retry(again.topic),
                key: record.key,
                value: record.value,
                // Of now: with the event's own timestamp retention could remove it before it has run.
                timestamp: Some(now),
                headers: &scratch.headers,
            };
            return self.sink.publish(&publication, Ticket::retry(job, index));
        }
        match self.options.on_failure {
            OnFailure::Discard => {
                self.metrics.discarded(1);
                scratch.discarded.push(job.batch.slot(index));
            }
            OnFailure::Block => {
                self.block(job, &record, problem);
                scratch.abandoned.push(job.batch.slot(index));
            }
            OnFailure::DeadLetter => {
                let ticket = Ticket::dead_letter(job, index, problem.error);
                let timestamp = self.dead_letter(
                    &job.machine,
                    &record,
                    problem,
                    Some(times),
                    &mut scratch.headers,
                );
                let publication = Publication {
                    kind: Kind::DeadLetter,
                    key: record.key,
                    value: record.value,
                    timestamp,
                    headers: &scratch.headers,
                };
                self.sink.publish(&publication, ticket);
            }
        }
    }

    /// A failed record stands still, and with it what is ordered behind it.
    fn block(&self, job: &Job, record: &Record<'_>, problem: &Problem<'_>) {
        let partition = job.batch.partition();
        let waited = job.lanes.as_ref().and_then(|lanes| lanes.block(record));
        let what = match waited {
            Some(waited) => {
                let slots: Vec<_> = waited.iter().map(|job| job.batch.slot(0)).collect();
                partition.abandon(&slots);
                "key"
            }
            None => {
                partition.stop();
                "partition"
            }
        };
        let (topic, number, offset) = (record.topic, record.partition, record.offset);
        let error = problem.error.unwrap_or_default();
        error!(
            topic,
            partition = number,
            offset,
            error,
            "{what} blocked by a failed record"
        );
        self.control.halt(format!(
            "{topic} [{number}]: the record at {offset} failed with {error} and blocks its {what}"
        ));
    }

    /// Headers of a record's dead letter; gives its timestamp.
    pub(super) fn dead_letter(
        &self,
        machine: &Machine,
        record: &Record<'_>,
        problem: &Problem<'_>,
        times: Option<Times>,
        headers: &mut HeaderBuffer,
    ) -> Option<i64> {
        let now = self.runtime.clock().read().wall_millis();
        let times = times.unwrap_or(Times {
            started: now,
            ended: now,
        });
        let mut name = String::new();
        execution_name(record, &mut name);
        let execution = machine.execution_id(&name);
        let run = self.describe(machine, record, &execution, times);
        dead_letter_headers(record, &run, problem, headers);
        event_timestamp(record, run.attempt)
    }

    fn describe<'a>(
        &'a self,
        machine: &'a Machine,
        record: &Record<'_>,
        execution: &'a str,
        times: Times,
    ) -> Run<'a> {
        Run {
            pipeline: machine.pipeline(),
            definition: machine.plan().hash(),
            instance: &self.instance,
            execution,
            started: times.started,
            ended: times.ended,
            attempt: self.retries.passed(record) + 1,
        }
    }

    /// We are wrong, not the record: it gets its dead letter all the same.
    fn broken(&self, job: &Arc<Job>, index: usize, scratch: &mut Scratch) {
        let problem = Problem {
            error: Some(error_name::INTERNAL_ERROR),
            cause: Some("panic while the outcome was handled"),
            state: "",
        };
        let fail = AssertUnwindSafe(|| self.fail(job, index, &problem, None, scratch));
        if catch_unwind(fail).is_err() {
            let record = job.batch.record(index);
            error!(
                topic = record.topic,
                partition = record.partition,
                offset = record.offset,
                "no outcome can be made for this record"
            );
            self.control.halt("a record without an outcome".to_string());
            job.batch.partition().abandon(&[job.batch.slot(index)]);
        }
    }

    /// Adds what was counted to what all threads share, once a batch: before the last outcome can be acknowledged, so
    /// that whoever knows of the acknowledgement finds it counted.
    fn count(&self, scratch: &mut Scratch) {
        self.metrics.count(&mut scratch.tally);
        self.machine
            .load()
            .count(&std::mem::take(&mut scratch.counts));
    }

    /// Hands on what the scratch has gathered.
    fn settle(&self, batch: &Batch, scratch: &mut Scratch) {
        self.count(scratch);
        if !scratch.discarded.is_empty() {
            batch.partition().done(&scratch.discarded);
        }
        if !scratch.abandoned.is_empty() {
            batch.partition().abandon(&scratch.abandoned);
        }
    }
}

/// `{topic}-{partition}-{offset}`
fn execution_name(record: &Record<'_>, name: &mut String) {
    name.clear();
    name.push_str(record.topic);
    let mut digits = itoa::Buffer::new();
    name.push('-');
    name.push_str(digits.format(record.partition));
    name.push('-');
    name.push_str(digits.format(record.offset));
}
