//! How executions end.

use crate::value::Value;

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The output is in the execution's arena.
    Succeeded(Value),
    /// A `Fail` state, or an error nobody caught.
    Failed(Failure),
    /// The machine's `TimeoutSeconds` or the execution time limit.
    TimedOut,
    /// Stopped from outside.
    Aborted,
}

/// An error that nobody caught.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// A `Fail` state may have none.
    pub error: Option<String>,
    /// May be missing, too.
    pub cause: Option<String>,
    /// The failing state with its scope: `Charge` or `Items[17]/Charge`.
    pub state: String,
}

/// Where an execution stands after [`Execution::advance`](super::Execution::advance).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// [`Execution::outcome`](super::Execution::outcome) has the outcome.
    Done,
    /// Take the effects; come back with a reply or at the deadline.
    Waiting,
}
