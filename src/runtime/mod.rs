//! Drives executions: the rayon door, timers, task calls, the clock. Knows neither sources nor sinks.

mod cancel;

use std::sync::Arc;

use crate::engine::{Execution, Outcome};

pub use cancel::CancelToken;

/// A plan with everything it needs to run: bound handlers, identity, limits, metric handles.
pub struct Machine {}

/// The event that starts an execution.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// JSON text.
    pub payload: &'a [u8],
    /// `{topic}-{partition}-{offset}`
    pub name: &'a str,
    /// The record's timestamp, milliseconds since the epoch.
    pub timestamp: Option<i64>,
}

/// An execution that is over; its arena still holds the output, and goes back to the pool when this is dropped.
pub struct Ended {}

#[allow(missing_docs, clippy::todo)]
impl Ended {
    pub fn outcome(&self) -> &Outcome {
        todo!()
    }
    pub fn execution(&self) -> &Execution {
        todo!()
    }
    /// Wall clock, milliseconds since the epoch.
    pub fn started(&self) -> i64 {
        todo!()
    }
    pub fn ended(&self) -> i64 {
        todo!()
    }
}

/// What became of an event.
pub enum Started {
    /// It ran to its end at once.
    Done(Ended),
    /// It waits; give it to [`Runtime::drive`].
    Waiting(Waiting),
}

/// An execution that waits for tasks or timers.
pub struct Waiting {}

/// The pool, the timers and the pools of reusable executions.
pub struct Runtime {}

#[allow(unused_variables, missing_docs, clippy::todo)]
impl Runtime {
    /// Runs an event as far as it goes, on the calling rayon worker.
    pub fn start(&self, machine: &Arc<Machine>, event: Event<'_>) -> Started {
        todo!()
    }
    /// Goes on with a waiting execution in tokio; `finish` is called exactly once, also when `cancel` fires (`Outcome::Aborted`).
    pub fn drive(
        &self,
        waiting: Waiting,
        cancel: &CancelToken,
        finish: impl FnOnce(Ended) + Send + 'static,
    ) {
        todo!()
    }
    /// Runs a job (one batch) on the rayon pool. A panic in it is caught and counted by the caller's own guard.
    pub fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        todo!()
    }
}
