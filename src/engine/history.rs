//! The events of an execution, in AWS's shapes. They are always counted, and kept only when someone asks.

use crate::plan::StateId;
use crate::plan::StateType;
use crate::value::Value;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEvent {
    /// From 1.
    pub id: u64,
    /// The event it follows; 0 for none.
    pub previous_id: u64,
    /// What happened.
    pub kind: EventKind,
    /// The state it happened in; none for the execution itself.
    pub state: Option<StateId>,
    /// Input of what is entered, started or scheduled; output of what is left, succeeded or ended.
    pub value: Option<Value>,
    /// Index of a Map iteration, number of items of a Map that starts.
    pub index: Option<u32>,
    /// Of what failed.
    pub error: Option<String>,
    /// Of what failed.
    pub cause: Option<String>,
    /// Where in its state an evaluation failed: `Output/items[0]`; empty where AWS names no place.
    pub location: Option<Box<str>>,
    /// Variables that the state assigned, by slot.
    pub assigned: Box<[(u32, Value)]>,
    /// Seconds of `TimeoutSeconds` and `HeartbeatSeconds` of a call, where it has them.
    pub limits: (Option<u64>, Option<u64>),
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EventKind {
    ExecutionStarted,
    ExecutionSucceeded,
    ExecutionFailed,
    ExecutionTimedOut,
    ExecutionAborted,
    StateEntered(StateType),
    StateExited(StateType),
    StateAborted(StateType),
    EvaluationFailed,
    TaskScheduled,
    TaskStarted,
    TaskSucceeded,
    TaskFailed,
    TaskTimedOut,
    LambdaFunctionScheduled,
    LambdaFunctionStarted,
    LambdaFunctionSucceeded,
    LambdaFunctionFailed,
    LambdaFunctionTimedOut,
    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,
    MapStateStarted,
    MapStateSucceeded,
    MapStateFailed,
    MapIterationStarted,
    MapIterationSucceeded,
    MapIterationFailed,
    MapIterationAborted,
}

impl EventKind {
    /// AWS's name: `PassStateEntered`.
    pub fn name(self) -> String {
        match self {
            EventKind::StateEntered(state_type) => format!("{state_type}StateEntered"),
            EventKind::StateExited(state_type) => format!("{state_type}StateExited"),
            EventKind::StateAborted(state_type) => format!("{state_type}StateAborted"),
            other => format!("{other:?}"),
        }
    }
}

/// What happens to a task call, in the words of its family: direct calls of Lambda functions have events of their own.
#[derive(Clone, Copy)]
pub(super) enum CallEvent {
    Scheduled,
    Started,
    Succeeded,
    Failed,
    TimedOut,
}

impl CallEvent {
    pub(super) fn kind(self, lambda: bool) -> EventKind {
        match (self, lambda) {
            (CallEvent::Scheduled, false) => EventKind::TaskScheduled,
            (CallEvent::Started, false) => EventKind::TaskStarted,
            (CallEvent::Succeeded, false) => EventKind::TaskSucceeded,
            (CallEvent::Failed, false) => EventKind::TaskFailed,
            (CallEvent::TimedOut, false) => EventKind::TaskTimedOut,
            (CallEvent::Scheduled, true) => EventKind::LambdaFunctionScheduled,
            (CallEvent::Started, true) => EventKind::LambdaFunctionStarted,
            (CallEvent::Succeeded, true) => EventKind::LambdaFunctionSucceeded,
            (CallEvent::Failed, true) => EventKind::LambdaFunctionFailed,
            (CallEvent::TimedOut, true) => EventKind::LambdaFunctionTimedOut,
        }
    }
}

/// What an event says besides its kind.
#[derive(Default)]
pub(super) struct Details<'a> {
    pub(super) state: Option<StateId>,
    pub(super) value: Option<Value>,
    pub(super) index: Option<u32>,
    pub(super) error: Option<&'a super::failure::StateError>,
    pub(super) location: Option<Box<str>>,
    pub(super) assigned: Box<[(u32, Value)]>,
    pub(super) limits: (Option<u64>, Option<u64>),
}

/// Counts events, and keeps them when asked to.
#[derive(Default)]
pub(super) struct History {
    count: u64,
    kept: Option<Vec<HistoryEvent>>,
}

impl History {
    pub(super) fn reset(&mut self, keep: bool) {
        self.count = 0;
        self.kept = keep.then(Vec::new);
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Counts events that happened elsewhere.
    pub(super) fn skip(&mut self, n: u64) {
        self.count += n;
    }

    pub(super) fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    pub(super) fn events(&self) -> &[HistoryEvent] {
        self.kept.as_deref().unwrap_or_default()
    }

    /// Adds an event and gives its id.
    #[inline]
    pub(super) fn add(
        &mut self,
        previous_id: u64,
        kind: EventKind,
        details: impl FnOnce() -> Details<'static>,
    ) -> u64 {
        self.count += 1;
        if self.kept.is_some() {
            self.keep(previous_id, kind, details());
        }
        self.count
    }

    /// The same for something that failed.
    pub(super) fn add_failure(
        &mut self,
        previous_id: u64,
        kind: EventKind,
        details: Details<'_>,
    ) -> u64 {
        self.count += 1;
        if self.kept.is_some() {
            self.keep(previous_id, kind, details);
        }
        self.count
    }

    #[cold]
    fn keep(&mut self, previous_id: u64, kind: EventKind, details: Details<'_>) {
        let id = self.count;
        let error = details.error;
        let event = HistoryEvent {
            id,
            previous_id,
            kind,
            state: details.state,
            value: details.value,
            index: details.index,
            error: error.and_then(|error| error.error.as_deref().map(str::to_string)),
            cause: error.and_then(|error| error.cause.clone()),
            location: details.location,
            assigned: details.assigned,
            limits: details.limits,
        };
        self.kept.get_or_insert_default().push(event);
    }
}
