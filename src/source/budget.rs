//! The memory budget that all sources of a process share.

use std::collections::VecDeque;
use std::sync::Arc;

use super::sync::{AtomicBool, AtomicIsize, AtomicUsize, Mutex, MutexGuard, Ordering, PoisonError};

/// What a record costs beside its own bytes: slot, handles, bookkeeping.
const RECORD_OVERHEAD: usize = 256;

/// Bytes of what is under way in the whole process: records as they came, and what became of them, executions and
/// outcomes.
///
/// Records may take two fifths of the limit, so that there is always room to run them: what they become is as large as they
/// are, and the client's buffers that hold them are larger. When all of it is used up no execution
/// starts: records wait as the bytes that they are. Sources look here before they take records in, workers before they
/// start an execution.
pub struct MemoryBudget {
    limit: usize,
    /// Of records, from their intake to the end of their slots.
    records: AtomicUsize,
    /// Of executions and outcomes. Below zero for a moment where an outcome is acknowledged before its batch has told of
    /// it.
    grown: AtomicIsize,
    /// Nothing is taken in: somebody is to be alone.
    closed: AtomicBool,
    turns: Mutex<Turns>,
    /// Work that waits for room, and how much of it there is.
    waiting: Mutex<Vec<Work>>,
    n_waiting: AtomicUsize,
}

/// Whose turn it is to run a record that the process may not survive.
#[derive(Default)]
struct Turns {
    /// Trials that others may run beside.
    open: usize,
    /// Those that want to be alone, in their order; the first one has the turn.
    alone: VecDeque<u64>,
    next: u64,
}

/// Hands itself to somebody who does it.
type Work = Box<dyn FnOnce() + Send>;

impl MemoryBudget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> MemoryBudget {
        MemoryBudget {
            limit,
            records: AtomicUsize::new(0),
            grown: AtomicIsize::new(0),
            closed: AtomicBool::new(false),
            turns: Mutex::default(),
            waiting: Mutex::new(Vec::new()),
            n_waiting: AtomicUsize::new(0),
        }
    }

    /// What all of it may be, in bytes.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Takes a record of `bytes` in, if there is room. The last record may pass the limit by its own size; without that a
    /// record larger than the budget would never run.
    pub fn charge(&self, bytes: usize) -> bool {
        let grown = self.grown();
        let charged = self
            .records
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |records| {
                self.takes(records, grown)
                    .then_some(records + bytes + RECORD_OVERHEAD)
            });
        // Whoever closes it looks at the records afterwards: one of the two finds the other.
        let late = charged.is_ok() && self.closed.load(Ordering::SeqCst);
        if late {
            self.release(1, bytes);
        }
        charged.is_ok() && !late
    }

    /// Takes a record in that cannot be left where it is, or that everything else makes room for.
    pub fn charge_anyway(&self, bytes: usize) {
        self.records
            .fetch_add(bytes + RECORD_OVERHEAD, Ordering::SeqCst);
    }

    /// Gives back what `records` records of together `bytes` were charged.
    pub fn release(&self, records: usize, bytes: usize) {
        self.records
            .fetch_sub(bytes + records * RECORD_OVERHEAD, Ordering::SeqCst);
        self.wake();
    }

    /// Whether another record may be taken in.
    pub fn has_room(&self) -> bool {
        self.takes(self.records.load(Ordering::SeqCst), self.grown())
    }

    fn takes(&self, records: usize, grown: usize) -> bool {
        records < (self.limit * 2).div_ceil(5)
            && records + grown < self.limit
            && !self.closed.load(Ordering::SeqCst)
    }

    /// A trial. Open ones run beside each other and beside everything else, but none begins while somebody wants to be
    /// alone. From an `alone` one on no other record is taken in; it has to wait until it [is ready](Trial::is_ready).
    pub fn try_record(self: &Arc<MemoryBudget>, alone: bool) -> Option<Trial> {
        let mut turns = self.turns();
        let mut number = None;
        if alone {
            turns.next += 1;
            number = Some(turns.next);
            turns.alone.extend(number);
            self.closed.store(true, Ordering::SeqCst);
        } else if turns.alone.is_empty() {
            turns.open += 1;
        } else {
            return None;
        }
        drop(turns);
        Some(Trial {
            budget: Arc::clone(self),
            number,
        })
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts an execution of `bytes`, if there is room. The last one may pass the limit by its own size, and where nothing
    /// is under way there is always room.
    pub fn admit(self: &Arc<MemoryBudget>, bytes: usize) -> Option<HeldMemory> {
        let more = signed(bytes);
        self.grown
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |grown| {
                let records = self.records.load(Ordering::SeqCst);
                (grown <= 0 || records + grown.unsigned_abs() < self.limit).then_some(grown + more)
            })
            .ok()?;
        Some(HeldMemory {
            budget: Arc::clone(self),
            bytes: AtomicUsize::new(bytes),
        })
    }

    /// Charges what an execution holds while it waits: a record that was parsed is larger than its bytes. It is given back
    /// when the guard is dropped.
    pub fn hold(self: &Arc<MemoryBudget>, bytes: usize) -> HeldMemory {
        self.grow(signed(bytes));
        HeldMemory {
            budget: Arc::clone(self),
            bytes: AtomicUsize::new(bytes),
        }
    }

    /// Executions and outcomes hold so much more, or less.
    pub fn grow(&self, bytes: isize) {
        self.grown.fetch_add(bytes, Ordering::SeqCst);
        if bytes < 0 {
            self.wake();
        }
    }

    fn grown(&self) -> usize {
        usize::try_from(self.grown.load(Ordering::SeqCst)).unwrap_or(0)
    }

    /// Whether no execution may start. Never where nothing is under way that would make room.
    pub fn is_full(&self) -> bool {
        let grown = self.grown();
        grown > 0 && self.records.load(Ordering::SeqCst) + grown >= self.limit
    }

    /// Calls `work` when there is room, or at once.
    pub fn when_there_is_room(&self, work: impl FnOnce() + Send + 'static) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(Box::new(work));
        // Told before it is looked again: whoever makes room after the look finds it.
        self.n_waiting.store(waiting.len(), Ordering::SeqCst);
        drop(waiting);
        self.wake();
    }

    fn wake(&self) {
        if self.n_waiting.load(Ordering::SeqCst) > 0 && !self.is_full() {
            self.wake_all();
        }
    }

    /// Calls everything that waits for room, whether there is some or not: partitions are given up.
    pub fn wake_all(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let woken = std::mem::take(&mut *waiting);
        self.n_waiting.store(0, Ordering::SeqCst);
        drop(waiting);
        woken.into_iter().for_each(|work| work());
    }

    /// Bytes charged now.
    pub fn used(&self) -> usize {
        self.records.load(Ordering::SeqCst) + self.grown()
    }
}

/// No execution and no outcome comes near the end of the numbers.
fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

/// Memory that is charged until this is dropped.
pub struct HeldMemory {
    budget: Arc<MemoryBudget>,
    bytes: AtomicUsize,
}

impl HeldMemory {
    /// It is so much now.
    pub fn set(&self, bytes: usize) {
        let before = self.bytes.swap(bytes, Ordering::SeqCst);
        self.budget.grow(signed(bytes) - signed(before));
    }
}

impl Drop for HeldMemory {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// That a record runs which the process may not survive, until this is dropped.
pub struct Trial {
    budget: Arc<MemoryBudget>,
    /// Its place among those that want to be alone.
    number: Option<u64>,
}

impl Trial {
    /// Whether nobody else waits or runs before it, where it is to be alone.
    pub fn is_ready(&self) -> bool {
        if self.number.is_none() {
            return true;
        }
        let turns = self.budget.turns();
        let is_first = turns.alone.front().copied() == self.number;
        is_first && turns.open == 0 && self.budget.records.load(Ordering::SeqCst) == 0
    }

    /// Whether another one may follow it without a pause: others may run beside it, and nobody wants to be alone.
    pub fn may_go_on(&self) -> bool {
        self.number.is_none() && self.budget.turns().alone.is_empty()
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        let mut turns = self.budget.turns();
        match self.number {
            Some(number) => turns.alone.retain(|waiting| *waiting != number),
            None => turns.open -= 1,
        }
        let is_closed = !turns.alone.is_empty();
        self.budget.closed.store(is_closed, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_budget_takes_nothing_until_something_is_released() {
        let budget = MemoryBudget::new(1_000);
        assert!(budget.charge(10_000));
        assert!(!budget.charge(0));
        assert!(!budget.has_room());
        budget.release(1, 10_000);
        assert_eq!(budget.used(), 0);
        assert!(budget.charge(0));
    }

    #[test]
    fn what_an_execution_holds_counts_until_it_is_over() {
        let budget = Arc::new(MemoryBudget::new(1_000));
        let held = budget.hold(2_000);
        assert_eq!((budget.used(), budget.charge(0)), (2_000, false));
        held.set(3_000);
        assert_eq!((budget.used(), budget.is_full()), (3_000, true));
        drop(held);
        assert_eq!((budget.used(), budget.charge(0)), (0, true));
    }

    #[test]
    fn records_leave_room_to_run_them() {
        let budget = Arc::new(MemoryBudget::new(10_000));
        while budget.charge(0) {}
        assert!(budget.used() < 4_000 + RECORD_OVERHEAD);
        let first = budget.admit(6_000);
        assert!(first.is_some() && budget.admit(1).is_none());
        drop(first);
        assert!(budget.admit(1).is_some());
    }

    #[test]
    fn what_waits_for_room_goes_on_when_there_is_some() {
        let budget = Arc::new(MemoryBudget::new(1_000));
        let done = Arc::new(AtomicUsize::new(0));
        let count = || done.load(Ordering::SeqCst);
        let wait = || {
            let done = Arc::clone(&done);
            budget.when_there_is_room(move || {
                done.fetch_add(1, Ordering::SeqCst);
            });
        };
        wait();
        assert_eq!(count(), 1, "there was room");
        let held = budget.hold(2_000);
        wait();
        wait();
        assert_eq!(count(), 1);
        held.set(1_500);
        assert_eq!(count(), 1);
        drop(held);
        assert_eq!(count(), 3);
    }

    #[test]
    fn trials_run_beside_each_other_until_one_is_to_be_alone() {
        let budget = Arc::new(MemoryBudget::new(1_000));
        let open = budget.try_record(false).unwrap();
        let other = budget.try_record(false).unwrap();
        assert!(open.is_ready() && other.is_ready() && open.may_go_on());
        assert!(budget.charge(10));
        let first = budget.try_record(true).unwrap();
        assert!(!first.is_ready() && !open.may_go_on());
        assert!(!budget.charge(10) && budget.try_record(false).is_none());
        drop((open, other));
        assert!(!first.is_ready(), "a record is under way");
        budget.release(1, 10);
        assert!(first.is_ready() && !first.may_go_on());
    }

    #[test]
    fn those_that_want_to_be_alone_have_their_turn_in_their_order() {
        let budget = Arc::new(MemoryBudget::new(1_000));
        let [first, second, third] = [(); 3].map(|()| budget.try_record(true).unwrap());
        assert!(first.is_ready() && !second.is_ready() && !third.is_ready());
        drop(second);
        assert!(first.is_ready() && !third.is_ready());
        drop(first);
        let first = budget.try_record(true).unwrap();
        assert!(third.is_ready() && !first.is_ready() && !budget.charge(10));
        drop((third, first));
        assert!(budget.charge(10) && budget.try_record(false).is_some());
    }

    #[test]
    fn an_outcome_may_be_acknowledged_before_it_is_told_of() {
        let budget = Arc::new(MemoryBudget::new(1_000));
        budget.grow(-700);
        assert_eq!((budget.used(), budget.is_full()), (0, false));
        assert!(budget.admit(10).is_some());
        budget.grow(700);
        assert_eq!(budget.used(), 0);
    }
}
