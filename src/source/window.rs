//! The window of one partition: which records are under way, and how far the offset may be committed. Plain data; knows no client, lock or clock.

use std::collections::VecDeque;

use crate::mutants::{self, Mutant};

/// The place of a record in its window: a count of arrivals, unlike offsets without holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub u64);

/// Bounds of a window, checked before a record is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowLimits {
    /// Slots between head and tail, done or not.
    pub records: usize,
    /// Raw bytes of the records behind those slots. One record larger than this is still taken into an empty window.
    pub bytes: usize,
}

/// What became of a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// The slot had been running; its record of so many raw bytes is not needed any more.
    Finished {
        /// Raw bytes.
        bytes: usize,
    },
    /// The epoch is over, or the slot was done before: nothing changed.
    Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Running,
    /// Its outcome is acknowledged.
    Done,
    /// Will not get an outcome in this epoch: never started, or cancelled. The next owner reads the record again.
    Abandoned,
}

#[derive(Debug)]
struct Slot {
    offset: i64,
    bytes: usize,
    progress: Progress,
}

/// The records of one partition between the oldest one without an acknowledged outcome and the newest one taken in.
///
/// Invariants: the slots stand in the order of arrival; the head slot is not done; every record before the head is.
#[derive(Debug)]
pub struct Window {
    limits: WindowLimits,
    slots: VecDeque<Slot>,
    /// Id of the head slot.
    head: u64,
    /// One past the last record taken in, in the source's own count.
    next_offset: i64,
    bytes: usize,
    running: usize,
    /// Slots done since the last commit was noted.
    uncommitted: usize,
    /// The highest position committed in this epoch.
    committed: i64,
    closed: bool,
}

impl Window {
    /// An empty window that starts at `position`, for one epoch: one assignment of the partition.
    pub fn new(limits: WindowLimits, position: i64) -> Window {
        Window {
            limits,
            slots: VecDeque::new(),
            head: 0,
            next_offset: position,
            bytes: 0,
            running: 0,
            uncommitted: 0,
            committed: position,
            closed: false,
        }
    }

    /// Nothing is committed for the partition: the first commit may be the position it started at.
    pub fn nothing_committed(&mut self) {
        self.committed = -1;
    }

    /// Whether a record of `bytes` may be taken in.
    pub fn has_room(&self, bytes: usize) -> bool {
        !self.closed
            && self.slots.len() < self.limits.records
            && (self.slots.is_empty() || self.bytes + bytes <= self.limits.bytes)
    }

    /// How many more records fit by count.
    pub fn free_slots(&self) -> usize {
        self.limits.records.saturating_sub(self.slots.len())
    }

    /// Takes a record in. `next` is the position behind it: `offset + 1` in Kafka.
    pub fn take(&mut self, offset: i64, next: i64, bytes: usize) -> SlotId {
        let id = SlotId(self.head + self.slots.len() as u64);
        self.slots.push_back(Slot {
            offset,
            bytes,
            progress: Progress::Running,
        });
        self.next_offset = next;
        self.bytes += bytes;
        self.running += 1;
        id
    }

    /// The source says there is nothing before `position` that was not taken in: control records, compacted offsets.
    pub fn advance(&mut self, position: i64) {
        self.next_offset = self.next_offset.max(position);
    }

    /// The outcome of a slot is acknowledged.
    pub fn done(&mut self, id: SlotId) -> Completion {
        let completion = self.finish(id, Progress::Done);
        if completion != Completion::Late {
            self.uncommitted += 1;
            self.move_head();
        }
        completion
    }

    /// The slot will not get an outcome in this epoch. It keeps holding the watermark.
    pub fn abandon(&mut self, id: SlotId) -> Completion {
        self.finish(id, Progress::Abandoned)
    }

    fn finish(&mut self, id: SlotId, progress: Progress) -> Completion {
        let slot =
            id.0.checked_sub(self.head)
                .and_then(|index| self.slots.get_mut(usize::try_from(index).ok()?));
        match slot {
            Some(slot) if slot.progress == Progress::Running && !self.closed => {
                slot.progress = progress;
                self.running -= 1;
                Completion::Finished { bytes: slot.bytes }
            }
            _ => Completion::Late,
        }
    }

    fn move_head(&mut self) {
        while let Some(slot) = self.slots.front()
            && (slot.progress == Progress::Done
                || mutants::is(Mutant::CommitPastAbandoned) && slot.progress == Progress::Abandoned)
        {
            self.bytes -= slot.bytes;
            self.slots.pop_front();
            self.head += 1;
        }
    }

    /// The offset to commit: every record below it has an acknowledged outcome.
    pub fn watermark(&self) -> i64 {
        if mutants::is(Mutant::CommitOnTake) {
            return self.next_offset;
        }
        self.slots
            .front()
            .map_or(self.next_offset, |head| head.offset)
    }

    /// The watermark, if it is above everything committed in this epoch. Brokers accept a commit that goes back, so
    /// this is the only way to a commit.
    pub fn to_commit(&self) -> Option<i64> {
        let watermark = self.watermark();
        (!self.closed && watermark > self.committed).then_some(watermark)
    }

    /// A commit up to `position` succeeded.
    pub fn committed(&mut self, position: i64) {
        self.committed = self.committed.max(position);
        self.uncommitted = 0;
    }

    /// Completions since the last commit.
    pub fn uncommitted(&self) -> usize {
        self.uncommitted
    }

    /// Slots that still expect an outcome.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Slots between head and tail.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no record is under way.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Raw bytes of the slots between head and tail.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// One past the last record taken in.
    pub fn position(&self) -> i64 {
        self.next_offset
    }

    /// Ends the epoch: later completions change nothing. Gives the raw bytes of the records that were still running.
    pub fn close(&mut self) -> usize {
        self.closed = true;
        self.running = 0;
        self.slots
            .iter_mut()
            .filter(|slot| slot.progress == Progress::Running)
            .map(|slot| {
                slot.progress = Progress::Abandoned;
                slot.bytes
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: WindowLimits = WindowLimits {
        records: 8,
        bytes: 100,
    };

    #[test]
    fn an_unresolved_record_holds_the_watermark() {
        let mut window = Window::new(LIMITS, 10);
        let first = window.take(10, 11, 1);
        let second = window.take(15, 16, 1);
        assert_eq!(window.done(second), Completion::Finished { bytes: 1 });
        assert_eq!((window.watermark(), window.to_commit()), (10, None));
        assert_eq!(window.done(first), Completion::Finished { bytes: 1 });
        assert_eq!((window.watermark(), window.to_commit()), (16, Some(16)));
        window.committed(16);
        assert_eq!(window.to_commit(), None);
    }

    #[test]
    fn the_position_behind_control_records_is_committed_when_nothing_is_under_way() {
        let mut window = Window::new(LIMITS, 0);
        let only = window.take(3, 4, 1);
        window.advance(6);
        assert_eq!(window.watermark(), 3);
        window.done(only);
        assert_eq!(window.to_commit(), Some(6));
    }

    #[test]
    fn a_late_completion_changes_nothing() {
        let mut window = Window::new(LIMITS, 0);
        let slot = window.take(0, 1, 7);
        assert_eq!(window.close(), 7);
        assert_eq!(window.done(slot), Completion::Late);
        assert_eq!((window.watermark(), window.to_commit()), (0, None));
        assert!(!window.has_room(0));
    }

    #[test]
    fn a_record_larger_than_the_window_is_taken_alone() {
        let mut window = Window::new(LIMITS, 0);
        assert!(window.has_room(1_000));
        window.take(0, 1, 1_000);
        assert!(!window.has_room(0));
    }

    /// The obvious window: every record ever taken, searched from the start.
    #[derive(Default)]
    struct Model {
        records: Vec<(i64, usize, Progress)>,
        position: i64,
    }

    impl Model {
        fn watermark(&self) -> i64 {
            self.records
                .iter()
                .find(|(_, _, progress)| *progress != Progress::Done)
                .map_or(self.position, |(offset, _, _)| *offset)
        }

        fn held(&self) -> &[(i64, usize, Progress)] {
            let head = self
                .records
                .iter()
                .position(|(_, _, progress)| *progress != Progress::Done)
                .unwrap_or(self.records.len());
            &self.records[head..]
        }

        fn finish(&mut self, index: usize, progress: Progress) -> Completion {
            match self.records.get_mut(index) {
                Some((_, bytes, current)) if *current == Progress::Running => {
                    *current = progress;
                    Completion::Finished { bytes: *bytes }
                }
                _ => Completion::Late,
            }
        }
    }

    #[derive(Clone, Debug)]
    enum Op {
        Take { gap: i64, bytes: usize },
        Done { back: usize },
        Abandon { back: usize },
        Advance { by: i64 },
        Commit,
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            4 => (0..3i64, 0..40usize).prop_map(|(gap, bytes)| Op::Take { gap, bytes }),
            4 => (0..12usize).prop_map(|back| Op::Done { back }),
            1 => (0..12usize).prop_map(|back| Op::Abandon { back }),
            1 => (0..4i64).prop_map(|by| Op::Advance { by }),
            1 => Just(Op::Commit),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn any_order_of_completions_agrees_with_the_model(ops in prop::collection::vec(op(), 0..40)) {
            let mut window = Window::new(LIMITS, 0);
            let mut model = Model::default();
            let mut committed = 0;
            for op in ops {
                match op {
                    Op::Take { gap, bytes } => {
                        let held: usize = model.held().iter().map(|(_, bytes, _)| bytes).sum();
                        let room = model.held().len() < LIMITS.records
                            && (model.held().is_empty() || held + bytes <= LIMITS.bytes);
                        prop_assert_eq!(window.has_room(bytes), room);
                        if room {
                            let offset = model.position + gap;
                            let id = window.take(offset, offset + 1, bytes);
                            prop_assert_eq!(id, SlotId(model.records.len() as u64));
                            model.records.push((offset, bytes, Progress::Running));
                            model.position = offset + 1;
                        }
                    }
                    Op::Done { back } | Op::Abandon { back } => {
                        let index = model.records.len().wrapping_sub(back);
                        let id = SlotId(index as u64);
                        let (seen, want) = match op {
                            Op::Done { .. } => (window.done(id), model.finish(index, Progress::Done)),
                            _ => (window.abandon(id), model.finish(index, Progress::Abandoned)),
                        };
                        prop_assert_eq!(seen, want);
                    }
                    Op::Advance { by } => {
                        model.position += by;
                        window.advance(model.position);
                    }
                    Op::Commit => {
                        if let Some(position) = window.to_commit() {
                            prop_assert!(position > committed);
                            committed = position;
                            window.committed(position);
                        }
                    }
                }
                let running = model.records.iter().filter(|r| r.2 == Progress::Running).count();
                prop_assert_eq!(window.watermark(), model.watermark());
                prop_assert_eq!(window.len(), model.held().len());
                prop_assert_eq!(window.bytes(), model.held().iter().map(|r| r.1).sum::<usize>());
                prop_assert_eq!(window.running(), running);
                prop_assert!(committed <= window.watermark());
            }
        }
    }
}
