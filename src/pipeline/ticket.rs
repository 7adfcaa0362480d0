//! From an acknowledged outcome back to the slot of its record.

use std::sync::Arc;
use std::time::Duration;

use crate::error_name;
use crate::kafka::{HeaderBuffer, OwnedRecord};
use crate::mutants::{self, Mutant};
use crate::runtime::{Machine, Moment};
use crate::sink::record::Problem;
use crate::sink::{Kind, OwnedPublication, Publication, Receipt};
use crate::source::{Batch, MemoryBudget};

use super::lanes::Lanes;
use super::stage::Stage;

/// A batch under way, kept until its last outcome is acknowledged.
pub(super) struct Job {
    pub(super) stage: Arc<Stage>,
    pub(super) batch: Batch,
    /// When the batch was taken in.
    pub(super) taken: Moment,
    /// What its records run on.
    pub(super) machine: Arc<Machine>,
    /// Where its records wait for each other, if they do.
    pub(super) lanes: Option<Arc<Lanes>>,
}

impl Job {
    /// A job of one record, copied out of the batch: an execution that waits must not hold on to what the batch came in.
    pub(super) fn alone(&self, index: usize) -> Arc<Job> {
        let record = OwnedRecord::new(&self.batch.record(index));
        let partition = Arc::clone(self.batch.partition());
        let slot = match mutants::is(Mutant::WrongSlot) {
            true => 0,
            false => index,
        };
        Arc::new(Job {
            stage: Arc::clone(&self.stage),
            batch: Batch::single(partition, self.batch.slot(slot), record),
            taken: self.taken,
            machine: Arc::clone(&self.machine),
            lanes: self.lanes.clone(),
        })
    }
}

/// Counts how long outcomes took that were acknowledged just now.
fn measure(tickets: &[Ticket]) {
    let stage = &tickets[0].job.stage;
    let now = stage.runtime.clock().read();
    for batch in tickets.chunk_by(|a, b| Arc::ptr_eq(&a.job, &b.job)) {
        let job = &batch[0].job;
        stage.metrics.delivered(now.since(job.taken), batch.len());
        for ticket in batch {
            if let Some(timestamp) = ticket.timestamp {
                // Clocks of other machines may be ahead of ours.
                let age = u64::try_from(now.wall_millis() - timestamp).unwrap_or(0);
                stage.metrics.event_age(Duration::from_millis(age));
            }
        }
    }
}

/// Outcomes hold no memory any more: told once for all of them.
fn give_back(tickets: &mut [Ticket]) {
    let charged: usize = tickets
        .iter_mut()
        .map(|ticket| std::mem::take(&mut ticket.charged))
        .sum();
    if let Some(first) = tickets.first() {
        first
            .budget()
            .grow(-isize::try_from(charged).unwrap_or(isize::MAX));
    }
}

impl Drop for Ticket {
    /// Of an outcome that nobody will acknowledge any more.
    fn drop(&mut self) {
        if self.charged > 0 {
            give_back(std::slice::from_mut(self));
        }
    }
}

/// The place of a record whose outcome was handed to the sink.
pub(super) struct Ticket {
    job: Arc<Job>,
    index: u32,
    /// The record's own. It is asked for when the record itself is in no cache any more.
    timestamp: Option<i64>,
    outcome: Outcome,
    /// Bytes of the outcome, which are charged until it is acknowledged.
    charged: usize,
}

enum Outcome {
    Result,
    /// With the error's name, where it has one.
    DeadLetter(Option<Box<str>>),
    /// It runs again.
    Retry,
    /// A dead letter that was given up.
    Discarded,
}

impl Ticket {
    pub(super) fn result(job: &Arc<Job>, index: usize) -> Ticket {
        Ticket::new(job, index, Outcome::Result)
    }

    pub(super) fn dead_letter(job: &Arc<Job>, index: usize, error: Option<&str>) -> Ticket {
        Ticket::new(job, index, Outcome::DeadLetter(error.map(Into::into)))
    }

    pub(super) fn retry(job: &Arc<Job>, index: usize) -> Ticket {
        Ticket::new(job, index, Outcome::Retry)
    }

    fn new(job: &Arc<Job>, index: usize, outcome: Outcome) -> Ticket {
        Ticket {
            job: Arc::clone(job),
            index: u32::try_from(index).expect("a batch has a few hundred records"),
            timestamp: job.batch.record(index).timestamp,
            outcome,
            charged: 0,
        }
    }

    /// The outcome holds so many bytes until it is acknowledged; whoever says so charges them.
    pub(super) fn charged(mut self, bytes: usize) -> Ticket {
        self.charged = bytes;
        self
    }

    /// What it is charged to.
    pub(super) fn budget(&self) -> &MemoryBudget {
        self.job.batch.partition().budget()
    }

    fn partition(&self) -> usize {
        Arc::as_ptr(self.job.batch.partition()).addr()
    }
}

impl Receipt for Ticket {
    /// One lock for all the records of a partition.
    fn acknowledged(tickets: &mut Vec<Ticket>) {
        tickets.sort_unstable_by_key(Ticket::partition);
        give_back(tickets);
        let mut slots = Vec::new();
        for group in tickets.chunk_by(|a, b| a.partition() == b.partition()) {
            let (batch, metrics) = (&group[0].job.batch, &group[0].job.stage.metrics);
            slots.clear();
            let mut results = 0;
            for ticket in group {
                slots.push(ticket.job.batch.slot(ticket.index as usize));
                match &ticket.outcome {
                    Outcome::Result => results += 1,
                    Outcome::DeadLetter(error) => metrics.dead_letter(error.as_deref()),
                    Outcome::Retry => metrics.retried(),
                    Outcome::Discarded => metrics.discarded(1),
                }
            }
            metrics.results(results);
            measure(group);
            let late = batch.partition().done(&slots);
            if late > 0 {
                metrics.late(late);
            }
        }
        tickets.clear();
    }

    fn output_too_large(&mut self, cause: &str) -> OwnedPublication {
        self.outcome = Outcome::DeadLetter(Some(error_name::OUTPUT_TOO_LARGE.into()));
        let record = self.job.batch.record(self.index as usize);
        let problem = Problem {
            error: Some(error_name::OUTPUT_TOO_LARGE),
            cause: Some(cause),
            state: "",
        };
        let mut headers = HeaderBuffer::new();
        let stage = &self.job.stage;
        let timestamp = stage.dead_letter(&self.job.machine, &record, &problem, None, &mut headers);
        Publication {
            kind: Kind::DeadLetter,
            key: record.key,
            value: record.value,
            timestamp,
            headers: &headers,
        }
        .to_owned()
    }

    fn given_up(&mut self) {
        self.outcome = Outcome::Discarded;
    }
}
