//! A partition that is ours: its queue, its window, and the batches out of the one into the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rdkafka::types::RDKafkaErrorCode;
use tokio::time::Instant;
use tracing::warn;

use crate::kafka::OwnedRecord;
use crate::mutants::{self, Mutant};
use crate::source::{Batch, Intake, MemoryBudget, Partition};
use crate::telemetry::PartitionMetrics;

use super::client::Queue;
use super::guard::Guard;
use super::native::Message;
use super::watch::Watch;

/// Records that make one job, and their bytes: a job keeps all of them until its last outcome is acknowledged.
pub(super) const BATCH_RECORDS: usize = 256;
const BATCH_BYTES: usize = 1 << 20;
/// Batches of one partition before it is the next one's turn.
const BATCHES: usize = 8;

/// Looks, one a second, over which it is judged whether a partition is stopped too much.
const LOOKS: u32 = 60;

/// A partition from its assignment to its revocation.
pub(super) struct Assigned {
    pub(super) partition: Arc<Partition>,
    pub(super) metrics: PartitionMetrics,
    queue: Box<dyn Queue>,
    /// Taken from the queue while the window had no room for their bytes; at most a batch.
    held: VecDeque<Message>,
    /// Bytes of a record, about: those of the last batch say it.
    record_bytes: usize,
    halted: bool,
    /// Its records say when they may run; none of them before the one at the head.
    delayed: bool,
    /// When the record at the head may run, milliseconds since the epoch.
    not_before: i64,
    window_records: usize,
    /// What may run, and what commits say of it.
    pub(super) guard: Guard,
    /// Since when nothing is taken in for want of room.
    stopped: Option<Instant>,
    /// How long that was in the looks of this minute.
    stopped_lately: (Duration, u32),
    /// Whether records should come.
    pub(super) watch: Watch,
    /// Since the last look some came, or could not come for a reason of ours.
    excused: bool,
    /// The first record of each batch in the window: how old the head is, to within a batch.
    marks: VecDeque<Mark>,
}

/// A record that was taken into the window.
struct Mark {
    offset: i64,
    timestamp: Option<i64>,
    taken: Instant,
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
        queue: Box<dyn Queue>,
        metrics: PartitionMetrics,
        window_records: usize,
        delayed: bool,
        guard: Guard,
    ) -> Assigned {
        Assigned {
            partition,
            metrics,
            queue,
            held: VecDeque::new(),
            record_bytes: 1,
            halted: false,
            delayed,
            not_before: i64::MIN,
            window_records,
            guard,
            stopped: None,
            stopped_lately: (Duration::ZERO, 0),
            watch: Watch::default(),
            excused: true,
            marks: VecDeque::new(),
        }
    }

    /// Whether this is the partition.
    pub(super) fn is(&self, topic: &str, number: i32) -> bool {
        self.partition.is(topic, number)
    }

    /// Whether everything there is has its outcome. `None` when nothing is under way and yet the end is not reached:
    /// there are control records before it, or records that have not arrived.
    pub(super) fn is_idle(&self) -> Option<bool> {
        let Some(end) = self.queue.end_offset() else {
            return Some(false);
        };
        let window = self.partition.window();
        match self.held.is_empty() && window.is_empty() && !self.halted {
            false => Some(false),
            true => (window.position() == end).then_some(true),
        }
    }

    /// Whether it waits for an operator, with nothing under way.
    pub(super) fn is_stuck(&self) -> bool {
        let window = self.partition.window();
        let at_end = self.held.is_empty() && self.queue.end_offset() == Some(window.position());
        let stands = self.halted || self.partition.is_draining();
        window.running() == 0 && (stands || at_end || window.free_slots() == 0)
    }

    /// Nothing is left before `position`, which the client has read up to.
    pub(super) fn advance(&self, position: i64) {
        if self.held.is_empty() {
            self.partition.window().advance(position);
        }
    }

    /// The offset to commit, if there is anything to say.
    pub(super) fn to_commit(&self) -> Option<i64> {
        let window = self.partition.window();
        let moved = window.to_commit();
        moved.or_else(|| self.guard.must_commit().then(|| window.watermark()))
    }

    /// What to commit now, if anything, and what to say beside it.
    pub(super) fn commit(&mut self) -> Option<(i64, String)> {
        let watermark = self.to_commit()?;
        // Later is a smaller lie: a record that has ended meanwhile is not under way.
        let window = self.partition.window();
        let is_under_way = !window.is_empty() && window.watermark() == watermark;
        drop(window);
        Some((watermark, self.guard.metadata(watermark, is_under_way)))
    }

    /// A record that came by another way than the partition's queue.
    pub(super) fn hold(&mut self, record: OwnedRecord) {
        let offset = record.as_record().offset;
        let before = self.held.partition_point(|held| held.offset() < offset);
        self.held.insert(before, Message::Owned(Box::new(record)));
    }

    /// Stands still until an operator acts.
    pub(super) fn halt(&mut self) {
        self.halted = true;
    }

    /// Takes in what the queue has and the window has room for, up to `ahead` records.
    pub(super) fn sweep(
        &mut self,
        budget: &Arc<MemoryBudget>,
        ahead: usize,
        intake: &mut Intake,
    ) -> Swept {
        let (swept, could_come) = self.take_in(budget, ahead, intake);
        self.excused |= !could_come || swept.records > 0 || swept.error.is_some();
        swept
    }

    /// The same; says, too, whether records could have come.
    fn take_in(
        &mut self,
        budget: &Arc<MemoryBudget>,
        mut ahead: usize,
        intake: &mut Intake,
    ) -> (Swept, bool) {
        let mut swept = Swept::default();
        if self.halted || self.partition.is_draining() {
            if self.partition.window().running() == 0 {
                self.guard.rest();
                swept.commit_is_urgent |= self.guard.must_commit();
            }
            return (swept, false);
        }
        let now = match self.delayed {
            true => Timestamp::now().as_millisecond(),
            false => i64::MAX,
        };
        if now < self.not_before {
            // Nothing is read until then; what the client has fetched ahead is bounded.
            swept.commit_is_urgent |=
                self.partition.window().uncommitted() > self.window_records / 2;
            return (swept, false);
        }
        if self.guard.in_quarantine() {
            ahead = 1;
            // Looked at before it is asked for its turn, which is not kept waiting for records to come.
            self.fill(1, &mut swept);
        }
        let allowed = {
            let is_next = self.is_next(now);
            let window = self.partition.window();
            self.guard
                .allows(window.len(), window.watermark(), is_next, budget)
        };
        swept.commit_is_urgent |= self.guard.must_commit();
        let mut has_room = true;
        for _ in 0..BATCHES.min(allowed) {
            let (free, uncommitted) = {
                let window = self.partition.window();
                (window.free_slots(), window.uncommitted())
            };
            swept.commit_is_urgent |= uncommitted > self.window_records / 2;
            has_room = free > 0 && (budget.has_room() || self.guard.in_quarantine());
            if !has_room {
                break;
            }
            let asked = free.min(BATCH_RECORDS).min(allowed).min(ahead);
            if asked == 0 {
                break;
            }
            // What is asked for has left the client's queue, whose bytes are bounded.
            let asked = asked.min(BATCH_BYTES / self.record_bytes).max(1);
            let found = self.fill(asked, &mut swept);
            let taken = self.take(now, intake);
            swept.records += taken;
            ahead = ahead.saturating_sub(taken);
            if taken == 0 && !self.held.is_empty() {
                has_room = self.delayed;
                break;
            }
            if found < asked && self.held.is_empty() {
                break;
            }
        }
        match has_room {
            true => self.note_stop(),
            false => drop(self.stopped.get_or_insert_with(Instant::now)),
        }
        // In quarantine one is always looked for.
        let looked = allowed > 0 || self.guard.in_quarantine();
        let could_come = has_room && looked && ahead > 0 && self.held.is_empty();
        (swept, could_come)
    }

    /// Whether there is a record that may run now.
    fn is_next(&self, now: i64) -> bool {
        let next = self.held.front();
        let not_before = next.and_then(|next| next.record(self.partition.topic()).not_before());
        next.is_some() && !(self.delayed && not_before.is_some_and(|at| now < at))
    }

    /// Adds the time since which nothing is taken in to what is told, and begins anew.
    fn note_stop(&mut self) {
        if let Some(since) = self.stopped.take() {
            self.stopped_lately.0 += since.elapsed();
            self.metrics.stopped(since.elapsed());
        }
    }

    /// Gets messages out of the queue, unless some are still held; gives how many there are.
    fn fill(&mut self, max: usize, swept: &mut Swept) -> usize {
        if !self.held.is_empty() {
            return self.held.len();
        }
        let mut messages = Vec::from(std::mem::take(&mut self.held));
        let (found, error) = self.queue.consume(max, &mut messages);
        self.held = messages.into();
        swept.error = swept.error.or(error);
        found
    }

    /// Moves held messages that may run now into the window and hands them on.
    fn take(&mut self, now: i64, intake: &mut Intake) -> usize {
        let topic = self.partition.topic();
        let alone = self.guard.in_quarantine();
        let mut first = None;
        let (mut taken, mut total) = (0, 0);
        {
            let mut window = self.partition.window();
            for message in &self.held {
                let offset = message.offset();
                let record = message.record(topic);
                if self.delayed {
                    self.not_before = record.not_before().unwrap_or(i64::MIN);
                    if now < self.not_before {
                        break;
                    }
                }
                let bytes = record.bytes();
                if taken > 0 && total + bytes > BATCH_BYTES {
                    break;
                }
                let (partition, next) = (&self.partition, offset + 1);
                let slot = match alone {
                    true if taken > 0 => break,
                    true => partition.take_anyway(&mut window, offset, next, bytes),
                    false => match partition.take(&mut window, offset, next, bytes) {
                        Some(slot) => slot,
                        None => break,
                    },
                };
                first.get_or_insert(slot);
                taken += 1;
                total += bytes;
            }
        }
        if let Some(first) = first {
            self.record_bytes = (total / taken).max(1);
            let record = self.held[0].record(topic);
            self.marks.push_back(Mark {
                offset: record.offset,
                timestamp: record.timestamp,
                taken: Instant::now(),
            });
            let messages: Vec<_> = self.held.drain(..taken).collect();
            let batch = self.queue.batch(topic, messages);
            let partition = Arc::clone(&self.partition);
            let batch = Batch::new(partition, first, batch);
            intake(match self.guard.took() {
                true => batch.set_aside(),
                false => batch,
            });
        }
        if mutants::is(Mutant::DropHeld) {
            self.held.clear();
        }
        taken
    }

    /// Brings lag and window up to date; `now` is the wall clock in milliseconds since the epoch.
    pub(super) fn measure(&mut self, now: i64) {
        let window = self.partition.window();
        let (watermark, used) = (window.watermark(), window.len());
        let position = window.position();
        drop(window);
        self.watch.look(position, std::mem::take(&mut self.excused));
        while self
            .marks
            .get(1)
            .is_some_and(|mark| mark.offset <= watermark)
        {
            self.marks.pop_front();
        }
        if let Some(end) = self.queue.end_offset() {
            let lag = u64::try_from(end - watermark).unwrap_or(0);
            let head = self.marks.front().and_then(|mark| mark.timestamp);
            let head = head.unwrap_or(now);
            let age = if lag > 0 { now - head } else { 0 };
            let age = Duration::from_millis(u64::try_from(age).unwrap_or(0));
            self.metrics.lag(lag, age);
        }
        let ratio = used as f64 / self.window_records as f64;
        let head = self.marks.front().filter(|_| used > 0);
        let age = head.map_or(Duration::ZERO, |mark| mark.taken.elapsed());
        self.metrics.window(ratio, age);
        if self.stopped.is_some() {
            self.note_stop();
            self.stopped = Some(Instant::now());
        }
        self.stopped_lately.1 += 1;
        if self.stopped_lately.1 >= LOOKS {
            let (stopped, _) = std::mem::take(&mut self.stopped_lately);
            self.advise(stopped);
        }
    }

    /// Says how to size the window where it stands in the way.
    fn advise(&self, stopped: Duration) {
        if stopped > LOOKS * Duration::from_secs(1) / 2 {
            let (topic, partition) = (self.partition.topic(), self.partition.number());
            warn!(
                %topic,
                partition,
                stopped_seconds = stopped.as_secs(),
                "not read for more than half of a minute: its window or the memory for records is full. window.records \
                 should be twice the records of a second times the seconds that slow executions take; a sink that does \
                 not answer fills any window"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kafka::{HeaderBuffer, Headers, NOT_BEFORE, OwnedRecord, Record, TimestampType};
    use crate::source::kafka::guard::Patience;
    use crate::source::{Records, WindowLimits};
    use crate::telemetry::PipelineMetrics;

    /// Has one record, or none.
    struct One(Option<Message>);

    impl Queue for One {
        fn consume(
            &mut self,
            _: usize,
            messages: &mut Vec<Message>,
        ) -> (usize, Option<RDKafkaErrorCode>) {
            let found = self.0.take();
            let n = usize::from(found.is_some());
            messages.extend(found);
            (n, None)
        }

        fn end_offset(&self) -> Option<i64> {
            Some(1)
        }

        fn batch(&self, _: &Arc<str>, _: Vec<Message>) -> Box<dyn Records> {
            unreachable!("nothing is taken in")
        }
    }

    fn record(not_before: &str) -> Message {
        let mut headers = HeaderBuffer::new();
        headers.push(NOT_BEFORE, Some(not_before.as_bytes()));
        Message::Owned(Box::new(OwnedRecord::new(&Record {
            topic: "t",
            partition: 0,
            offset: 0,
            timestamp: None,
            timestamp_type: TimestampType::CreateTime,
            key: None,
            value: None,
            headers: Headers::new(&headers),
        })))
    }

    fn assigned(queue: One, delayed: bool, window_records: usize) -> Assigned {
        let limits = WindowLimits {
            records: window_records,
            bytes: 1_000,
        };
        let patience = Patience {
            after: 0,
            records: 0,
        };
        let budget = Arc::new(MemoryBudget::new(1_000));
        let metrics = Arc::new(PipelineMetrics::new("p", Arc::default()));
        let guard = Guard::new("", 0, 1, patience);
        let partition = Arc::new(Partition::new("t".into(), 0, 0, limits, budget));
        let metrics = metrics.partition("t", 0);
        Assigned::new(
            partition,
            Box::new(queue),
            metrics,
            window_records,
            delayed,
            guard,
        )
    }

    /// Whether anybody asks why nothing comes, within two minutes of looks.
    fn is_suspicious(assigned: &mut Assigned, ahead: usize) -> bool {
        let budget = Arc::clone(assigned.partition.budget());
        let mut intake: Intake = Box::new(|_| unreachable!("nothing is taken in"));
        (0..120).any(|_| {
            assigned.sweep(&budget, ahead, &mut intake);
            assigned.measure(0);
            assigned.watch.urgency().is_some()
        })
    }

    #[test]
    fn only_a_partition_that_could_be_read_is_suspicious() {
        assert!(is_suspicious(&mut assigned(One(None), false, 10), 9));

        let unread = One(Some(record("0")));
        assert!(!is_suspicious(&mut assigned(unread, false, 10), 0));

        let mut halted = assigned(One(None), false, 10);
        halted.halt();
        assert!(!is_suspicious(&mut halted, 9));

        let given_up = &mut assigned(One(None), false, 10);
        given_up.partition.drain();
        assert!(!is_suspicious(given_up, 9));

        let full = &mut assigned(One(None), false, 1);
        full.partition.window().take(0, 1, 0);
        assert!(!is_suspicious(full, 9));

        let early = One(Some(record("99999999999999")));
        assert!(!is_suspicious(&mut assigned(early, true, 10), 9));
    }
}
