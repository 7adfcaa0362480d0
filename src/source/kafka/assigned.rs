//! A partition that is ours: its queue, its window, and the batches out of the one into the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::types::RDKafkaErrorCode;

use crate::source::{Batch, Intake, MemoryBudget, Partition};
use crate::telemetry::PartitionMetrics;

use super::native::{Event, NativeBatch, NativeMessage, PartitionQueue};

/// Records that make one job.
const BATCH_RECORDS: usize = 256;
/// Batches of one partition before it is the next one's turn.
const BATCHES: usize = 8;

/// A partition from its assignment to its revocation.
pub(super) struct Assigned {
    pub(super) partition: Arc<Partition>,
    pub(super) metrics: PartitionMetrics,
    queue: PartitionQueue,
    /// Taken from the queue while the window had no room for their bytes; at most a batch.
    held: VecDeque<NativeMessage>,
    /// Nothing was left before this offset when the partition was read last; `None` when there may be more.
    end: Option<i64>,
    halted: bool,
    window_records: usize,
}

/// What a sweep of a partition found.
#[derive(Debug, Default)]
pub(super) struct Swept {
    pub(super) records: usize,
    pub(super) error: Option<RDKafkaErrorCode>,
    /// More than half of the window was completed since the last commit.
    pub(super) commit_is_urgent: bool,
}

impl Assigned {
    pub(super) fn new(
        partition: Arc<Partition>,
        queue: PartitionQueue,
        metrics: PartitionMetrics,
        window_records: usize,
    ) -> Assigned {
        Assigned {
            partition,
            metrics,
            queue,
            held: VecDeque::new(),
            end: None,
            halted: false,
            window_records,
        }
    }

    /// Whether this is the partition.
    pub(super) fn is(&self, topic: &str, number: i32) -> bool {
        self.partition.is(topic, number)
    }

    /// Whether everything there was has its outcome.
    pub(super) fn is_idle(&self) -> bool {
        self.end.is_some() && self.held.is_empty() && self.partition.window().is_empty()
    }

    /// Stands still until an operator acts.
    pub(super) fn halt(&mut self) {
        self.halted = true;
    }

    /// Takes in what the queue has and the window has room for.
    pub(super) fn sweep(&mut self, budget: &MemoryBudget, intake: &mut Intake) -> Swept {
        let mut swept = Swept::default();
        if self.halted || self.partition.is_draining() {
            return swept;
        }
        for _ in 0..BATCHES {
            let (free, uncommitted) = {
                let window = self.partition.window();
                (window.free_slots(), window.uncommitted())
            };
            swept.commit_is_urgent |= uncommitted > self.window_records / 2;
            if free == 0 || !budget.has_room() {
                break;
            }
            let asked = free.min(BATCH_RECORDS);
            let found = self.fill(asked, &mut swept);
            swept.records += self.take(intake);
            if found < asked || !self.held.is_empty() {
                break;
            }
        }
        swept
    }

    /// Gets messages out of the queue, unless some are still held; gives how many there are.
    fn fill(&mut self, max: usize, swept: &mut Swept) -> usize {
        if !self.held.is_empty() {
            return self.held.len();
        }
        let mut messages = Vec::from(std::mem::take(&mut self.held));
        let mut end = None;
        let found = self.queue.consume(max, &mut messages, |event| match event {
            Event::End(offset) => end = Some(offset),
            Event::Error(code) => swept.error = Some(code),
        });
        self.held = messages.into();
        if found > 0 {
            // Records may have come behind the end that was seen.
            self.end = end.filter(|end| self.held.back().is_none_or(|last| last.offset() < *end));
        }
        found
    }

    /// Moves held messages into the window and hands them on.
    fn take(&mut self, intake: &mut Intake) -> usize {
        let topic = self.partition.topic();
        let mut first = None;
        let mut taken = 0;
        {
            let mut window = self.partition.window();
            for message in &self.held {
                let offset = message.offset();
                let bytes = message.record(topic).bytes();
                let slot = self.partition.take(&mut window, offset, offset + 1, bytes);
                let Some(slot) = slot else { break };
                first.get_or_insert(slot);
                taken += 1;
            }
        }
        if let Some(first) = first {
            let messages: Vec<_> = self.held.drain(..taken).collect();
            let batch = NativeBatch::new(
                Arc::clone(topic),
                messages,
                Arc::clone(self.queue.consumer()),
            );
            let partition = Arc::clone(&self.partition);
            intake(Batch::new(partition, first, Box::new(batch)));
        }
        if let Some(end) = self.end
            && self.held.is_empty()
        {
            self.partition.window().advance(end);
        }
        taken
    }

    /// Brings lag and window up to date.
    pub(super) fn measure(&self) {
        let window = self.partition.window();
        let (watermark, used) = (window.watermark(), window.len());
        drop(window);
        if let Some(end) = self.queue.end_offset() {
            let lag = u64::try_from(end - watermark).unwrap_or(0);
            self.metrics.lag(lag, Duration::ZERO);
        }
        let ratio = used as f64 / self.window_records as f64;
        self.metrics.window_used(ratio);
    }
}
