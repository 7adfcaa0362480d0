//! An execution between two stretches of running. Tens of thousands may wait at the same time, so it keeps nothing that
//! a run can lend it when it goes on.

use std::mem::take;
use std::sync::Arc;

use super::clock::Moment;
use super::machine::Parts;
use super::run::{Delayed, Open, Run, Watch};
use crate::engine::CallId;
use crate::engine::Suspended;
use crate::engine::TaskCall;
use crate::telemetry::OpenCall;

/// An execution that waits for tasks or timers.
pub struct Waiting {
    parts: Arc<Parts>,
    execution: Suspended,
    /// Bytes that its values hold while it runs.
    bytes: usize,
    id: String,
    started: Moment,
    invocations: Vec<u32>,
    delayed: Vec<Delayed>,
    queued: Vec<(TaskCall, u32)>,
    watch: Option<Watch>,
    /// Calls that were started and answer from tokio; the driver takes them.
    pub(super) calls: Vec<(CallId, Open, OpenCall)>,
    /// Calls whose futures the driver is to drop.
    pub(super) cancelled: Vec<CallId>,
    /// When to go on at the latest, on the monotonic clock in microseconds.
    pub(super) wake_at: Option<u64>,
}

impl Waiting {
    /// Calls `watch` with the bytes that its values hold, now and whenever it waits again.
    pub fn watch_memory(&mut self, watch: impl Fn(usize) + Send + Sync + 'static) {
        watch(self.bytes);
        self.watch = Some(Box::new(watch));
    }

    /// Goes on, in a run that rests.
    pub(super) fn resume(self) -> Box<Run> {
        let mut run = self.parts.take();
        let Parts { plan, limits, .. } = &*self.parts;
        run.forget();
        run.execution.resume(plan, limits, self.execution);
        run.id = self.id;
        run.started = self.started;
        run.invocations = self.invocations;
        run.delayed = self.delayed;
        run.queued = self.queued;
        run.watch = self.watch;
        run.calls = self.calls;
        run.cancelled = self.cancelled;
        run
    }
}

impl Run {
    /// Takes out what has to be known during a wait, and rests.
    pub(super) fn suspend(mut self: Box<Run>) -> Box<Waiting> {
        let bytes = self.execution.arena().bytes_used();
        if let Some(watch) = &self.watch {
            watch(bytes);
        }
        self.queued.shrink_to_fit();
        self.delayed.shrink_to_fit();
        let waiting = Box::new(Waiting {
            parts: Arc::clone(&self.parts),
            wake_at: self.wake_at(),
            execution: self.execution.suspend(),
            bytes,
            id: take(&mut self.id),
            started: self.started,
            invocations: take(&mut self.invocations),
            delayed: take(&mut self.delayed),
            queued: take(&mut self.queued),
            watch: self.watch.take(),
            calls: take(&mut self.calls),
            cancelled: take(&mut self.cancelled),
        });
        self.rest();
        waiting
    }
}
