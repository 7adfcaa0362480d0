//! A counter that many threads add to without sharing a cache line.

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

/// The first threads own a shard each, all others share the last one: they stay correct, only slower.
pub(super) const SHARDS: usize = 16;

/// A number that is added to often and read rarely.
#[derive(Debug, Default)]
pub struct Sharded {
    shards: [Shard; SHARDS],
}

// 128 bytes: adjacent-line prefetch makes pairs of cache lines travel together.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(AtomicI64);

impl Sharded {
    /// Adds; negative for a gauge that goes down.
    pub fn add(&self, amount: i64) {
        let index = shard();
        let shard = &self.shards[index].0;
        if owned(index) {
            // Nobody else writes it, so no locked instruction is needed.
            shard.store(shard.load(Ordering::Relaxed) + amount, Ordering::Relaxed);
        } else {
            shard.fetch_add(amount, Ordering::Relaxed);
        }
    }

    /// The sum. Additions under way may be missing.
    pub fn sum(&self) -> i64 {
        let load = |shard: &Shard| shard.0.load(Ordering::Relaxed);
        self.shards.iter().map(load).sum()
    }
}

/// Whether only the calling thread writes the shard that it was dealt.
pub(super) fn owned(shard: usize) -> bool {
    shard < SHARDS - 1
}

/// The calling thread's shard.
pub(super) fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    OWN.with(|own| {
        if own.get() == usize::MAX {
            own.set(NEXT.fetch_add(1, Ordering::Relaxed).min(SHARDS - 1));
        }
        own.get()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_threads() {
        let counter = Sharded::default();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| (0..100).for_each(|_| counter.add(2)));
            }
        });
        counter.add(-1);
        assert_eq!(counter.sum(), 3_999);
    }
}
