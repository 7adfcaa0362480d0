//! What happens to a batch on a worker: each record runs as far as it goes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tracing::error;

use crate::engine::Counts;
use crate::error_name;
use crate::kafka::HeaderBuffer;
use crate::mutants::{self, Mutant};
use crate::runtime::{Event, Machine, Runtime, Started, Waiting};
use crate::sink::Sink;
use crate::sink::record::{Problem, ResultHeaders};
use crate::source::{Batch, Control, HeldMemory, SlotId};
use crate::telemetry::{PipelineMetrics, Tally};
use crate::value::ParseLimits;

use super::account::Account;
use super::config::PipelineOptions;
use super::input::{Input, InputMaker};
use super::lanes::{Lanes, Turn};
use super::outcomes::execution_name;
use super::retry::Retries;
use super::ticket::{Job, Ticket};

/// Everything that the records of a pipeline share.
pub(super) struct Stage {
    /// What new records run on.
    pub(super) machine: ArcSwap<Machine>,
    pub(super) runtime: Runtime,
    pub(super) sink: Sink<Ticket>,
    pub(super) options: PipelineOptions,
    pub(super) result_headers: ResultHeaders,
    pub(super) retries: Retries,
    pub(super) metrics: Arc<PipelineMetrics>,
    pub(super) control: Arc<Control>,
    /// Configured name of this process.
    pub(super) instance: String,
}

/// Buffers that a worker uses from record to record.
pub(super) struct Scratch {
    name: String,
    pub(super) value: Vec<u8>,
    pub(super) headers: HeaderBuffer,
    input: InputMaker,
    /// Slots without an outcome to wait for.
    pub(super) discarded: Vec<SlotId>,
    pub(super) abandoned: Vec<SlotId>,
    pub(super) tally: Tally,
    pub(super) counts: Counts,
    /// The memory of what was handed to the sink.
    pub(super) account: Account,
    /// The record is the last one of its batch.
    pub(super) last: bool,
}

/// How a record left the hands of its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// With its outcome handed to the sink, or without one.
    Over,
    /// Its execution waits; whoever ends it goes on with its key.
    Waiting,
    /// Not at all: there is no room to run it.
    Unstarted,
}

/// Parts of batches that a worker runs before it leaves a lane.
const PARTS: usize = 8;

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
            account: Account::default(),
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
            None => self.run_batch(job, 0),
            Some(lanes) => lanes.push(&job, |lane| {
                let (stage, lanes) = (Arc::clone(self), Arc::clone(lanes));
                self.runtime.spawn(move || stage.run_lane(lanes, lane));
            }),
        }
    }

    /// Runs what comes behind the first `done` records of a batch; without room for it, later.
    fn run_batch(&self, job: Arc<Job>, done: usize) {
        self.runtime.spawn(move || {
            let stage = Arc::clone(&job.stage);
            let n_records = job.batch.len();
            let done = done + stage.run_part(&job, done..n_records, &mut stage.scratch());
            if done < n_records {
                let budget = Arc::clone(job.batch.partition().budget());
                budget.when_there_is_room(move || stage.run_batch(job, done));
            }
        });
    }

    /// Runs what is in a lane. After some of it the other jobs get their turn.
    fn run_lane(self: Arc<Stage>, lanes: Arc<Lanes>, lane: usize) {
        let mut scratch = self.scratch();
        for _ in 0..PARTS {
            let Some(mut part) = lanes.take(lane) else {
                return;
            };
            let indexes = part.indexes[part.done..].iter();
            let indexes = indexes.map(|index| *index as usize);
            part.done += self.run_part(&part.job, indexes, &mut scratch);
            if part.done < part.indexes.len() {
                let budget = Arc::clone(part.job.batch.partition().budget());
                lanes.put_back(lane, part);
                return budget.when_there_is_room(move || {
                    let runtime = self.runtime.clone();
                    runtime.spawn(move || self.run_lane(lanes, lane));
                });
            }
        }
        let stage = Arc::clone(&self);
        self.runtime.spawn_last(move || stage.run_lane(lanes, lane));
    }

    /// Runs records of a batch on the calling worker, one after the other. Gives the number of those that are out of its
    /// hands: for the next one there may be no room.
    fn run_part(
        &self,
        job: &Arc<Job>,
        indexes: impl ExactSizeIterator<Item = usize>,
        scratch: &mut Scratch,
    ) -> usize {
        let n_records = indexes.len();
        let partition = job.batch.partition();
        if partition.budget().is_full() && !partition.is_draining() {
            return 0;
        }
        // All of the batch or nothing: its parts are in the hands of several workers.
        let begun = partition.begin(job.batch.slot(job.batch.len() - 1));
        let mut done = n_records;
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
                    self.control.suspend();
                })
            });
            match turn {
                Turn::Now => {
                    if self.run_guarded(job, index, scratch) == Left::Unstarted {
                        done = n;
                        break;
                    }
                }
                Turn::Later => {}
                Turn::Never => scratch.abandoned.push(job.batch.slot(index)),
            }
        }
        self.settle(&job.batch, scratch);
        done
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
        let budget = job.batch.partition().budget();
        let bytes = record.value.map_or(0, <[u8]>::len);
        let Some(room) = scratch.account.room(budget, bytes) else {
            return Left::Unstarted;
        };
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
                let room = room.unwrap_or_else(|| budget.hold(0));
                self.wait(job, index, waiting, room, scratch);
                Left::Waiting
            }
        }
    }

    /// Lets go of a record whose execution waits; whoever ends it finishes the record, and goes on with its key.
    fn wait(
        &self,
        job: &Arc<Job>,
        index: usize,
        mut waiting: Box<Waiting>,
        room: HeldMemory,
        scratch: &mut Scratch,
    ) {
        if scratch.last {
            self.count(scratch);
        }
        if let Some(lanes) = &job.lanes {
            lanes.hold(&job.batch.record(index));
        }
        self.control.suspend();
        let alone = job.alone(index);
        let cancel = job.batch.partition().cancel_token();
        let held = Arc::new(room);
        let charge = Arc::clone(&held);
        waiting.watch_memory(move |bytes| charge.set(bytes));
        self.runtime.drive(waiting, cancel, move |ended| {
            let stage = &alone.stage;
            stage.control.resume(1);
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
    }

    /// A record that had left its batch is over: the next one of its key runs here, and so on until one waits.
    fn go_on(&self, over: &Arc<Job>, scratch: &mut Scratch) {
        let Some(lanes) = &over.lanes else { return };
        while let Some(next) = lanes.next(&over.batch.record(0)) {
            self.control.resume(1);
            if self.run_alone(next, scratch) != Left::Over {
                return;
            }
        }
    }

    /// Runs a record that waited for the one before it. Without room it waits on, and then goes on with its key.
    fn run_alone(&self, next: Arc<Job>, scratch: &mut Scratch) -> Left {
        let left = if next.batch.partition().is_stopped() {
            scratch.abandoned.push(next.batch.slot(0));
            Left::Over
        } else {
            self.run_guarded(&next, 0, scratch)
        };
        self.settle(&next.batch, scratch);
        if left == Left::Unstarted {
            let budget = Arc::clone(next.batch.partition().budget());
            budget.when_there_is_room(move || {
                let runtime = next.stage.runtime.clone();
                runtime.spawn(move || {
                    let stage = Arc::clone(&next.stage);
                    let mut scratch = stage.scratch();
                    if stage.run_alone(Arc::clone(&next), &mut scratch) == Left::Over {
                        stage.go_on(&next, &mut scratch);
                    }
                });
            });
        }
        left
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
    pub(super) fn count(&self, scratch: &mut Scratch) {
        self.metrics.count(&mut scratch.tally);
        self.machine
            .load()
            .count(&std::mem::take(&mut scratch.counts));
    }

    /// Hands on what the scratch has gathered.
    fn settle(&self, batch: &Batch, scratch: &mut Scratch) {
        self.count(scratch);
        scratch.account.tell(batch.partition().budget());
        if !scratch.discarded.is_empty() {
            batch.partition().done(&scratch.discarded);
        }
        if !scratch.abandoned.is_empty() {
            batch.partition().abandon(&scratch.abandoned);
        }
    }
}
