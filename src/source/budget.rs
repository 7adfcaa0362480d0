//! The memory budget that all sources of a process share.

use std::sync::Arc;

use super::sync::{AtomicUsize, Ordering};

/// What a record costs beside its own bytes: slot, handles, bookkeeping.
const RECORD_OVERHEAD: usize = 256;

/// Bytes of records under way in the whole process. Sources look here before they take records in.
#[derive(Debug)]
pub struct MemoryBudget {
    limit: usize,
    used: AtomicUsize,
}

impl MemoryBudget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> MemoryBudget {
        MemoryBudget {
            limit,
            used: AtomicUsize::new(0),
        }
    }

    /// Takes a record of `bytes` in, if the budget is not used up yet. The last record may pass the limit by its own
    /// size; without that a record larger than the budget would never run.
    pub fn charge(&self, bytes: usize) -> bool {
        let charged = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                (used < self.limit).then_some(used + bytes + RECORD_OVERHEAD)
            });
        charged.is_ok()
    }

    /// Takes a record in that cannot be left where it is.
    pub fn charge_anyway(&self, bytes: usize) {
        self.used
            .fetch_add(bytes + RECORD_OVERHEAD, Ordering::Relaxed);
    }

    /// Gives back what `records` records of together `bytes` were charged.
    pub fn release(&self, records: usize, bytes: usize) {
        self.used
            .fetch_sub(bytes + records * RECORD_OVERHEAD, Ordering::Relaxed);
    }

    /// Charges what an execution holds while it waits: a record that was parsed is larger than its bytes. It is given back
    /// when the guard is dropped.
    pub fn hold(self: &Arc<MemoryBudget>, bytes: usize) -> HeldMemory {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        HeldMemory {
            budget: Arc::clone(self),
            bytes,
        }
    }

    /// Whether another record may be taken in.
    pub fn has_room(&self) -> bool {
        self.used.load(Ordering::Relaxed) < self.limit
    }

    /// Bytes charged now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// Memory that is charged until this is dropped.
#[derive(Debug)]
pub struct HeldMemory {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl Drop for HeldMemory {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
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
        drop(held);
        assert_eq!((budget.used(), budget.charge(0)), (0, true));
    }
}
