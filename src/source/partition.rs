//! One assignment of one partition, shared by the source's thread and by whoever finishes its records.

use std::sync::Arc;

use crate::mutants::{self, Mutant};
use crate::runtime::CancelToken;

use super::sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};
use super::{Completion, MemoryBudget, SlotId, Window, WindowLimits};

const DRAINING: u64 = 1 << 63;
const STOPPED: u64 = 1 << 62;
const FLAGS: u64 = DRAINING | STOPPED;

/// A partition from its assignment to its revocation: one epoch. The next assignment is another object, so a late
/// completion finds this one closed and changes nothing.
pub struct Partition {
    topic: Arc<str>,
    number: i32,
    window: Mutex<Window>,
    /// One past the newest slot whose batch has begun, and two flags.
    begun: AtomicU64,
    cancel: CancelToken,
    budget: Arc<MemoryBudget>,
}

impl Partition {
    /// Starts an epoch at `position`.
    pub fn new(
        topic: Arc<str>,
        number: i32,
        position: i64,
        limits: WindowLimits,
        budget: Arc<MemoryBudget>,
    ) -> Partition {
        Partition {
            topic,
            number,
            window: Mutex::new(Window::new(limits, position)),
            begun: AtomicU64::new(0),
            cancel: CancelToken::new(),
            budget,
        }
    }

    /// Topic.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// Partition number.
    pub fn number(&self) -> i32 {
        self.number
    }

    /// Whether this is the partition.
    pub fn is(&self, topic: &str, number: i32) -> bool {
        self.number == number && *self.topic == *topic
    }

    /// The window, locked.
    pub fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing more is taken in.
    pub fn is_draining(&self) -> bool {
        self.begun.load(Ordering::Relaxed) & DRAINING != 0
    }

    /// From now on nothing is taken in, and what was taken in is run only as far as a later record has begun already:
    /// an outcome behind one that is missing would be published again by the next owner.
    pub fn drain(&self) {
        self.begun.fetch_or(DRAINING, Ordering::Relaxed);
        // What waits for room finds out that it will not run.
        self.budget.wake_all();
    }

    /// Whether a batch that ends with this slot may run; if so, everything before it may, too.
    pub fn begin(&self, last: SlotId) -> bool {
        let begun = self
            .begun
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |begun| {
                let (flags, newest) = (begun & FLAGS, begun & !FLAGS);
                let may = flags == 0 || flags == DRAINING && last.0 < newest;
                may.then_some(flags | newest.max(last.0 + 1))
            });
        begun.is_ok()
    }

    /// Whether nothing runs any more, begun or not.
    pub fn is_stopped(&self) -> bool {
        self.begun.load(Ordering::Relaxed) & STOPPED != 0
    }

    /// From now on no record is run.
    pub fn stop(&self) {
        self.begun.fetch_or(FLAGS, Ordering::Relaxed);
        self.budget.wake_all();
    }

    /// Stops the executions of this epoch that wait, too.
    pub fn cancel(&self) {
        self.stop();
        self.cancel.cancel();
    }

    /// What executions of this epoch are driven with.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }

    /// The outcomes of these records are acknowledged (or discarded where the config says so). Gives the number of
    /// those that were late.
    pub fn done(&self, slots: &[SlotId]) -> usize {
        self.finish(slots, Window::done)
    }

    /// These records will not get an outcome in this epoch.
    pub fn abandon(&self, slots: &[SlotId]) -> usize {
        if mutants::is(Mutant::DropOnRevoke) {
            return self.done(slots);
        }
        self.finish(slots, Window::abandon)
    }

    fn finish(&self, slots: &[SlotId], finish: fn(&mut Window, SlotId) -> Completion) -> usize {
        let (mut finished, mut freed) = (0, 0);
        let mut window = self.window();
        for slot in slots {
            if let Completion::Finished { bytes } = finish(&mut window, *slot) {
                finished += 1;
                freed += bytes;
            }
        }
        drop(window);
        self.budget.release(finished, freed);
        slots.len() - finished
    }

    /// The memory that it shares with all partitions of the process.
    pub fn budget(&self) -> &Arc<MemoryBudget> {
        &self.budget
    }

    /// Takes a record of `bytes` in, if window and budget have room for it.
    pub fn take(
        &self,
        window: &mut Window,
        offset: i64,
        next: i64,
        bytes: usize,
    ) -> Option<SlotId> {
        (window.has_room(bytes) && self.budget.charge(bytes))
            .then(|| window.take(offset, next, bytes))
    }

    /// Takes a record in whatever there is room for: nothing else runs.
    pub fn take_anyway(&self, window: &mut Window, offset: i64, next: i64, bytes: usize) -> SlotId {
        self.budget.charge_anyway(bytes);
        window.take(offset, next, bytes)
    }

    /// Ends the epoch.
    pub fn close(&self) {
        self.stop();
        let mut window = self.window();
        let running = window.running();
        let bytes = window.close();
        drop(window);
        self.budget.release(running, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_before_a_begun_batch_runs_although_the_partition_drains() {
        let limits = WindowLimits {
            records: 10,
            bytes: 1_000,
        };
        let budget = Arc::new(MemoryBudget::new(1 << 20));
        let partition = Partition::new("t".into(), 0, 5, limits, budget);
        assert!(partition.begin(SlotId(7)));
        partition.drain();
        assert!(partition.begin(SlotId(7)) && partition.begin(SlotId(3)));
        assert!(!partition.begin(SlotId(8)));
        assert!(partition.is_draining() && !partition.is_stopped());
        partition.cancel();
        assert!(!partition.begin(SlotId(3)));
        assert!(partition.is_stopped());
    }

    #[test]
    fn a_closed_epoch_gives_its_memory_back_once() {
        let budget = Arc::new(MemoryBudget::new(1 << 20));
        let limits = WindowLimits {
            records: 10,
            bytes: 1_000,
        };
        let partition = Partition::new("t".into(), 0, 5, limits, Arc::clone(&budget));
        let slots: Vec<_> = (5..8)
            .map(|offset| {
                let mut window = partition.window();
                partition
                    .take(&mut window, offset, offset + 1, 100)
                    .unwrap()
            })
            .collect();
        assert_eq!(partition.done(&slots[..1]), 0);
        assert_eq!(partition.abandon(&slots[1..2]), 0);
        partition.close();
        assert_eq!(budget.used(), 0);
        assert_eq!(partition.done(&slots), 3);
        assert_eq!(budget.used(), 0);
        assert_eq!(partition.window().watermark(), 6);
    }
}
