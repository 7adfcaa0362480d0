//! What comes of a record: its outcome is made and handed to the sink, or it stands still.

use std::sync::Arc;

use tracing::error;

use crate::engine::Outcome;
use crate::error_name;
use crate::kafka::{HeaderBuffer, Record};
use crate::mutants::{self, Mutant};
use crate::runtime::{Ended, Machine};
use crate::sink::record::{
    Problem, Run, dead_letter_headers, event_timestamp, result_headers, retry_headers,
};
use crate::sink::{Kind, Publication};
use crate::value::Value;

use super::config::OnFailure;
use super::stage::{Scratch, Stage};
use super::ticket::{Job, Ticket};

/// When an execution started and ended, milliseconds since the epoch.
#[derive(Clone, Copy)]
pub(super) struct Times {
    started: i64,
    ended: i64,
}

impl Times {
    fn of(ended: &Ended) -> Times {
        Times {
            started: ended.started(),
            ended: ended.ended(),
        }
    }
}

impl Stage {
    /// Makes the outcome and hands it to the sink.
    pub(super) fn finish(
        &self,
        job: &Arc<Job>,
        index: usize,
        ended: &Ended,
        scratch: &mut Scratch,
    ) {
        scratch.counts.add(ended.execution().counts());
        match ended.outcome() {
            Outcome::Succeeded(output) => {
                scratch.tally.succeeded += 1;
                self.metrics.took(ended.took());
                self.succeed(job, index, ended, *output, scratch);
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
                self.fail(job, index, &problem, Some(Times::of(ended)), scratch);
            }
            Outcome::TimedOut => {
                scratch.tally.timed_out += 1;
                self.metrics.took(ended.took());
                let problem = Problem {
                    error: Some(error_name::TIMEOUT),
                    ..Problem::default()
                };
                self.fail(job, index, &problem, Some(Times::of(ended)), scratch);
            }
            Outcome::Aborted => {
                scratch.tally.aborted += 1;
                // Nothing behind it may start any more, whoever aborted it.
                job.batch.partition().stop();
                scratch.abandoned.push(job.batch.slot(index));
            }
        }
    }

    /// Prints the output and hands it to the sink, where results are kept.
    fn succeed(
        &self,
        job: &Arc<Job>,
        index: usize,
        ended: &Ended,
        output: Value,
        scratch: &mut Scratch,
    ) {
        if !self.sink.takes(Kind::Result) {
            self.metrics.discarded(1);
            scratch.discarded.push(job.batch.slot(index));
            return;
        }
        if scratch.last {
            self.count(scratch);
        }
        scratch.value.clear();
        ended.execution().arena().print(output, &mut scratch.value);
        let record = job.batch.record(index);
        let times = Times::of(ended);
        let run = self.describe(&job.machine, &record, ended.execution_id(), times);
        result_headers(&record, &run, self.result_headers, &mut scratch.headers);
        let publication = Publication {
            kind: Kind::Result,
            key: record.key,
            value: Some(&scratch.value),
            timestamp: event_timestamp(&record, run.attempt),
            headers: &scratch.headers,
        };
        let ticket = Ticket::result(job, index);
        scratch.account.publish(self, &publication, ticket);
        if mutants::is(Mutant::AcknowledgeOnSend) {
            job.batch.partition().done(&[job.batch.slot(index)]);
        }
    }

    /// A record without a result: what the config says.
    pub(super) fn fail(
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
            let ticket = Ticket::retry(job, index);
            return scratch.account.publish(self, &publication, ticket);
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
                scratch.account.publish(self, &publication, ticket);
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
                self.control.resume(slots.len());
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
}

/// `{topic}-{partition}-{offset}`
pub(super) fn execution_name(record: &Record<'_>, name: &mut String) {
    name.clear();
    name.push_str(record.topic);
    let mut digits = itoa::Buffer::new();
    name.push('-');
    name.push_str(digits.format(record.partition));
    name.push('-');
    name.push_str(digits.format(record.offset));
}
