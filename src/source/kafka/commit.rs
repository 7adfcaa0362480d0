//! Commits: which offsets, when, and what their answers mean.

use std::time::Duration;

use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::kafka::{CommitFailure, commit_failure};
use crate::mutants::{self, Mutant};
use crate::source::Partition;
use crate::telemetry::PipelineMetrics;

use super::assigned::Assigned;
use super::native::CommitAnswer;

/// An answer that has not come after so long will not come.
const ANSWER: Duration = Duration::from_secs(60);

/// Between a failed commit and the next one.
const RETRY: Duration = Duration::from_millis(100);

/// Keeps commits apart: never two on the way.
pub(super) struct Commits {
    interval: Duration,
    next: Instant,
    sent: Option<Instant>,
    /// After a failure even what is urgent waits.
    not_before: Instant,
    fenced: Option<RDKafkaErrorCode>,
}

impl Commits {
    pub(super) fn new(interval: Duration) -> Commits {
        Commits {
            interval,
            next: Instant::now() + interval,
            sent: None,
            not_before: Instant::now(),
            fenced: None,
        }
    }

    /// Whether a commit is on the way.
    pub(super) fn in_flight(&self) -> bool {
        self.sent.is_some_and(|sent| sent.elapsed() < ANSWER)
    }

    /// Whether it is time for a commit; `urgent` does not wait for the interval.
    pub(super) fn is_due(&self, urgent: bool) -> bool {
        let now = Instant::now();
        !self.in_flight() && now >= self.not_before && (urgent || now >= self.next)
    }

    /// A commit was looked for; it went out if `sent`.
    pub(super) fn looked(&mut self, sent: bool) {
        self.next = Instant::now() + self.interval;
        if sent {
            self.sent = Some(Instant::now());
        }
    }

    /// Whether the last answer said that somebody else may own the partitions.
    pub(super) fn is_fenced(&self) -> bool {
        self.fenced.is_some() && !self.is_behind()
    }

    /// Whether it said that the group has gone on to another generation: the client may be about to follow.
    pub(super) fn is_behind(&self) -> bool {
        self.fenced == Some(RDKafkaErrorCode::IllegalGeneration)
    }

    /// Takes the answer of a commit in: notes in each window how far it went.
    pub(super) fn answered(
        &mut self,
        answer: &CommitAnswer,
        assigned: &mut [Assigned],
        metrics: &PipelineMetrics,
    ) {
        let sent = self.sent.take();
        self.fenced = None;
        let mut failed = None;
        for commit in &answer.partitions {
            let (topic, number) = (&*commit.topic, commit.number);
            if let Some(error) = answer.error.or(commit.error)
                && !mutants::is(Mutant::IgnoreCommitErrors)
            {
                if commit_failure(error) == CommitFailure::Fenced {
                    self.fenced = Some(error);
                }
                failed = Some((error, topic, number));
                continue;
            }
            let mut assigned = assigned.iter_mut();
            let assigned = assigned.find(|assigned| assigned.is(topic, number));
            if let (Some(assigned), Some(position)) = (assigned, position(commit.offset)) {
                assigned.partition.window().committed(position);
                assigned.guard.committed(position);
                // Whoever judges a commit has to know when it was sent: an answer may wait for a process that stands still.
                let took_ms = sent.map_or(0, |sent| sent.elapsed().as_millis());
                debug!(topic, partition = number, position, took_ms, "committed");
            }
        }
        metrics.commit(failed.is_none());
        self.not_before = Instant::now()
            + if failed.is_some() {
                RETRY
            } else {
                Duration::ZERO
            };
        match failed {
            // A member that is joining again commits afterwards.
            Some((RDKafkaErrorCode::RebalanceInProgress, ..)) | None => {}
            Some((error, topic, partition)) => {
                warn!(%error, topic, partition, "commit failed, will retry");
            }
        }
    }

    /// Forgets what earlier answers said of the ownership.
    pub(super) fn forget_fencing(&mut self) {
        self.fenced = None;
    }
}

/// The offsets to commit, each with what is said beside it, and the only place that makes them: Kafka's committed offset is
/// the *next* one to read, and so is a watermark, so nothing is added.
pub(super) fn offsets<'a>(
    watermarks: impl Iterator<Item = (&'a Partition, i64, &'a str)>,
) -> KafkaResult<TopicPartitionList> {
    let mut offsets = TopicPartitionList::new();
    for (partition, mut watermark, metadata) in watermarks {
        watermark += i64::from(mutants::is(Mutant::OneTooHigh));
        watermark -= i64::from(mutants::is(Mutant::OneTooLow));
        let mut element = offsets.add_partition(partition.topic(), partition.number());
        element.set_offset(Offset::Offset(watermark))?;
        element.set_metadata(metadata);
    }
    Ok(offsets)
}

/// The position behind a committed offset; the other direction of [`offsets`].
pub(super) fn position(committed: Offset) -> Option<i64> {
    match committed {
        Offset::Offset(position) => Some(position),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::{MemoryBudget, WindowConfig};

    #[test]
    fn the_committed_offset_is_the_next_one_to_read() {
        let budget = Arc::new(MemoryBudget::new(1_000));
        let partition = Partition::new("t".into(), 2, 40, WindowConfig::default().limits(), budget);
        let slot = {
            let mut window = partition.window();
            partition.take(&mut window, 41, 42, 1).unwrap()
        };
        partition.done(&[slot]);
        let watermark = partition.window().to_commit().unwrap();
        let list = offsets(std::iter::once((&partition, watermark, "m"))).unwrap();
        let element = &list.elements()[0];
        assert_eq!(
            (element.topic(), element.partition(), element.offset()),
            ("t", 2, Offset::Offset(42))
        );
        assert_eq!(element.metadata(), "m");
        assert_eq!(position(element.offset()), Some(42));
        assert_eq!(position(Offset::Invalid), None);
    }
}
