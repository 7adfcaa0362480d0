//! Partitions come and go.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::mutants::{self, Mutant};
use crate::runtime::pause;
use crate::source::Partition;

use super::assigned::Assigned;
use super::commit::position;
use super::config::{OnOutOfRange, StartFrom};
use super::consumer::Consumer;
use super::guard::{Guard, Patience};

/// All attempts at a question to the cluster together.
const REQUESTS: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_millis(1);

/// Where an assignment begins to read.
struct Start {
    offset: Offset,
    position: i64,
    committed: bool,
}

impl Start {
    fn at(position: i64) -> Start {
        Start {
            offset: Offset::Offset(position),
            position,
            committed: false,
        }
    }
}

impl Consumer {
    /// New epochs: each partition starts at its committed offset.
    pub(super) fn assign(&mut self, partitions: &TopicPartitionList) {
        let result = self.begin_epochs(partitions);
        self.control.set_ready();
        if let Err(error) = result {
            self.fail(format!("partitions could not be assigned: {error}"));
        }
    }

    fn begin_epochs(&mut self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        let committed = match partitions.count() {
            0 => partitions.clone(),
            _ => retry(|| self.client.committed(partitions.clone()))?,
        };
        let mut starts = TopicPartitionList::new();
        let mut assigned = Vec::new();
        for element in committed.elements() {
            let (topic, number) = (element.topic(), element.partition());
            let committed = position(element.offset());
            let committed = committed.filter(|_| !mutants::is(Mutant::IgnoreCommitted));
            let start = self.start(topic, number, committed)?;
            starts.add_partition_offset(topic, number, start.offset)?;
            assigned.extend(self.begin_epoch(topic, number, &start, element.metadata()));
        }
        self.client.take_on(&starts)?;
        if !assigned.is_empty() {
            self.metrics.rebalance("assigned");
            info!(partitions = %names(&starts), "assigned");
        }
        self.assigned.append(&mut assigned);
        Ok(())
    }

    fn start(&self, topic: &str, number: i32, committed: Option<i64>) -> KafkaResult<Start> {
        Ok(match (committed, self.config.start_from) {
            (Some(position), _) => Start {
                offset: Offset::Offset(position),
                position,
                committed: true,
            },
            (None, start_from) => {
                let (low, high) = retry(|| self.client.range(topic, number))?;
                let start_from = match mutants::is(Mutant::StartAtEnd) {
                    true => StartFrom::Latest,
                    false => start_from,
                };
                match start_from {
                    // Retention may run over `low` any moment; "the beginning" it does not run over.
                    StartFrom::Earliest => Start {
                        offset: Offset::Beginning,
                        position: low,
                        committed: false,
                    },
                    // An offset instead of "the end": what comes between now and the first commit is not skipped by a
                    // restart.
                    StartFrom::Latest => Start::at(high),
                    StartFrom::Time(time) => {
                        let time = time.as_millisecond();
                        let found = retry(|| self.client.offset_at(topic, number, time))?;
                        Start::at(found.unwrap_or(high))
                    }
                }
            }
        })
    }

    /// `said` is what the last commit said beside its offset.
    fn begin_epoch(&self, topic: &str, number: i32, start: &Start, said: &str) -> Option<Assigned> {
        let limits = self.config.window.limits();
        let patience = Patience {
            after: self.config.quarantine.after,
            records: limits.records,
        };
        let guard = Guard::new(said, start.position, self.start, patience);
        if guard.in_quarantine() {
            let (partition, offset) = (number, start.position);
            warn!(
                topic,
                partition,
                offset,
                "quarantine: processes have ended at this record; records run one at a time"
            );
        }
        let budget = Arc::clone(&self.budget);
        let partition = Partition::new(topic.into(), number, start.position, limits, budget);
        if !start.committed {
            partition.window().nothing_committed();
        }
        let Some(queue) = self.client.queue(topic, number) else {
            error!(topic, partition = number, "partition has no queue");
            return None;
        };
        let metrics = self.metrics.partition(topic, number);
        Some(Assigned::new(
            Arc::new(partition),
            queue,
            metrics,
            limits.records,
            self.config.delayed.iter().any(|delayed| delayed == topic),
            guard,
        ))
    }

    /// The group wants partitions back. What is running gets its time, unless somebody else may own them already.
    pub(super) fn revoke(&mut self, partitions: &TopicPartitionList) {
        let leaving: Vec<_> = partitions
            .elements()
            .iter()
            .filter_map(|element| {
                let mut assigned = self.assigned.iter();
                assigned.find(|assigned| assigned.is(element.topic(), element.partition()))
            })
            .map(|assigned| Arc::clone(&assigned.partition))
            .collect();
        let lost = self.client.assignment_lost();
        if lost {
            leaving.iter().for_each(|partition| partition.cancel());
        } else {
            let deadline = Instant::now() + self.config.rebalance.drain.0;
            if !mutants::is(Mutant::NoDrain) {
                self.drain(&leaving, deadline, false);
            }
            self.say_farewell(&leaving);
            if !self.commit_until(deadline) {
                warn!("the last commit before a rebalance was not answered");
            }
        }
        if mutants::is(Mutant::NoEpoch) {
            return self.client.give_up(partitions);
        }
        leaving.iter().for_each(|partition| partition.close());
        self.client.give_up(partitions);
        self.assigned.retain(|assigned| {
            !leaving
                .iter()
                .any(|partition| Arc::ptr_eq(partition, &assigned.partition))
        });
        if !leaving.is_empty() {
            let kind = if lost { "lost" } else { "revoked" };
            self.metrics.rebalance(kind);
            info!(partitions = %names(partitions), "{kind}");
        }
    }

    /// The last commit of these partitions says that they are given up in order.
    pub(super) fn say_farewell(&mut self, leaving: &[Arc<Partition>]) {
        for assigned in &mut self.assigned {
            let leaves = |partition: &Arc<Partition>| Arc::ptr_eq(partition, &assigned.partition);
            if leaving.iter().any(leaves) {
                assigned.guard.leave();
            }
        }
    }

    /// Starts nothing new in these partitions and waits for what runs, outcomes and acknowledgements included. At the
    /// deadline it is cancelled. Says whether that was needed.
    pub(super) fn drain(
        &mut self,
        leaving: &[Arc<Partition>],
        deadline: Instant,
        last: bool,
    ) -> bool {
        leaving.iter().for_each(|partition| partition.drain());
        while running(leaving) > 0
            && Instant::now() < deadline
            && !(last && self.control.is_hurried())
        {
            self.keep_going(last);
        }
        let left = running(leaving);
        if left == 0 {
            return false;
        }
        warn!(executions = left, "deadline hit, cancelling");
        leaving.iter().for_each(|partition| partition.cancel());
        // A late end of a cancelled execution must not meet the partition's next assignment.
        let deadline = Instant::now() + self.deadlines.cancel;
        while running(leaving) > 0 && Instant::now() < deadline {
            self.keep_going(last);
        }
        true
    }

    /// The membership and, unless this is the end, the other partitions do not wait.
    fn keep_going(&mut self, last: bool) {
        if last {
            self.poll(TICK);
            if self.commits_due() {
                self.commit();
            }
        } else {
            self.sweep();
            pause(TICK);
        }
    }

    /// Retention has run over the committed offset.
    pub(super) fn out_of_range(&mut self, topic: &str, number: i32) {
        let Some(assigned) = self
            .assigned
            .iter_mut()
            .find(|assigned| assigned.is(topic, number))
        else {
            return;
        };
        let position = assigned.partition.window().position();
        let range = self.client.range(topic, number);
        let (low, high) = range.unwrap_or((-1, -1));
        error!(
            topic,
            partition = number,
            position,
            low,
            high,
            "offset out of range: records were lost to retention"
        );
        let target = match self.config.on_out_of_range {
            OnOutOfRange::Halt => {
                assigned.halt();
                self.control.halt(format!(
                    "{topic} [{number}]: offset {position} is out of range {low} to {high}"
                ));
                return;
            }
            OnOutOfRange::Earliest => low,
            OnOutOfRange::Latest => high,
        };
        if let Err(error) = self.start_again(topic, number, target) {
            self.fail(format!("{topic} [{number}]: {error}"));
        }
    }

    /// Another epoch of a partition that is ours, at another position: its commits may be below those of the last one.
    /// The client does not seek where it has lost its offset, so the partition is given up and taken on again.
    fn start_again(&mut self, topic: &str, number: i32, position: i64) -> KafkaResult<()> {
        let start = Start {
            offset: Offset::Offset(position),
            position,
            committed: false,
        };
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, number, start.offset)?;
        self.client.release(&list)?;
        self.assigned.retain(|assigned| {
            let leaves = assigned.is(topic, number);
            if leaves {
                assigned.partition.close();
            }
            !leaves
        });
        let assigned = self.begin_epoch(topic, number, &start, "");
        self.client.resume(&list)?;
        self.assigned.extend(assigned);
        Ok(())
    }
}

fn running(partitions: &[Arc<Partition>]) -> usize {
    partitions
        .iter()
        .map(|partition| partition.window().running())
        .sum()
}

/// Asks again until there is an answer, within bounds: the coordinator may be loading.
fn retry<T>(mut ask: impl FnMut() -> KafkaResult<T>) -> KafkaResult<T> {
    let deadline = Instant::now() + REQUESTS;
    loop {
        match ask() {
            Err(error) if Instant::now() < deadline => {
                warn!(%error, "no answer from the cluster, will retry");
                pause(Duration::from_millis(200));
            }
            answer => return answer,
        }
    }
}

fn names(partitions: &TopicPartitionList) -> String {
    let names: Vec<_> = partitions
        .elements()
        .iter()
        .map(|element| format!("{}-{}", element.topic(), element.partition()))
        .collect();
    names.join(",")
}
