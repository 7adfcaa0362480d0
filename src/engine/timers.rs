//! Deadlines of waiting fibers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem::take;

use super::fiber::FiberId;

/// A moment at which a fiber wants to be looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    /// On the monotonic clock, milliseconds.
    pub(super) at: u64,
    /// Order of setting: timers of one moment fire first come, first served.
    order: u64,
    pub(super) fiber: FiberId,
    /// The wait it belongs to. A fiber that has gone on carries another stamp, which makes the timer stale.
    pub(super) stamp: u32,
}

/// A heap of timers. Those of waits that ended early stay in it until they come up or are swept out.
#[derive(Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
    set: u64,
}

impl Timers {
    pub(super) fn reset(&mut self) {
        self.heap.clear();
        self.set = 0;
    }

    /// Takes out those that are not stale.
    pub(super) fn take_live(&mut self, is_live: impl Fn(&Timer) -> bool) -> Timers {
        self.heap.retain(|Reverse(timer)| is_live(timer));
        self.heap.shrink_to_fit();
        take(self)
    }

    /// Sets the timer of a fiber that waits; it has one wait at a time, so an earlier timer of it is stale.
    #[inline]
    pub(super) fn set(&mut self, at: u64, fiber: FiberId, stamp: u32) {
        self.set += 1;
        let timer = Reverse(Timer {
            at,
            order: self.set,
            fiber,
            stamp,
        });
        // Mostly that one comes up first, and its place can be had.
        if let Some(mut first) = self.heap.peek_mut()
            && first.0.fiber == fiber
        {
            *first = timer;
            return;
        }
        self.heap.push(timer);
    }

    pub(super) fn first(&self) -> Option<Timer> {
        self.heap.peek().map(|Reverse(timer)| *timer)
    }

    pub(super) fn pop(&mut self) {
        self.heap.pop();
    }

    /// Sweeps stale timers out when there are many: a loop of long-dated waits must not pile them up.
    pub(super) fn sweep(&mut self, is_live: impl Fn(&Timer) -> bool, n_fibers: usize) {
        if self.heap.len() > 64 + 2 * n_fibers {
            self.heap.retain(|Reverse(timer)| is_live(timer));
        }
    }
}
