//! What bounds an execution, and the clocks it is told.

use crate::error_name;
use crate::value::{Measure, ParseLimits};

/// The two clocks, read by the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Wall clock, milliseconds since the epoch: timestamps and `Wait` until a timestamp.
    pub wall: i64,
    /// Monotonic clock, milliseconds from any start: deadlines, backoff, intervals.
    pub monotonic: u64,
}

/// Bounds of one execution; every violation is a named error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Milliseconds; the machine's `TimeoutSeconds` may be lower.
    pub execution_time: u64,
    /// Bytes of compact UTF-8 JSON of any input, output or result.
    pub payload: usize,
    /// JSON nesting.
    pub depth: usize,
    /// States entered, all scopes together.
    pub states: u64,
    /// Bytes held by the arena.
    pub memory: usize,
    /// Task calls.
    pub task_calls: u64,
    /// Waiting branches or iterations of one Parallel or Map at the same time.
    pub concurrency: usize,
}

impl Limits {
    /// Whether a value of this measure is surely small enough.
    pub(super) fn admit(&self, measure: Measure) -> bool {
        measure.bytes <= self.payload && measure.depth <= self.depth
    }
}

/// A bound that an execution can run into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// `States.Timeout` of the whole execution.
    ExecutionTime,
    /// `States.DataLimitExceeded`: of the event, of a state's input or output, of a result.
    Payload,
    /// `Expressd.DepthLimit`; `Expressd.InvalidInput` for an event.
    Depth,
    /// `Expressd.StatesLimit`
    States,
    /// `Expressd.MemoryLimit`
    Memory,
    /// `Expressd.TaskCallsLimit`
    TaskCalls,
    /// `States.QueryEvaluationError`: steps, depth, bytes or time of a JSONata expression.
    Expression,
}

impl Limit {
    /// All of them.
    pub const ALL: [Limit; 7] = [
        Limit::ExecutionTime,
        Limit::Payload,
        Limit::Depth,
        Limit::States,
        Limit::Memory,
        Limit::TaskCalls,
        Limit::Expression,
    ];

    /// As the config calls it, where it does.
    pub fn name(self) -> &'static str {
        match self {
            Limit::ExecutionTime => "execution_time",
            Limit::Payload => "payload",
            Limit::Depth => "depth",
            Limit::States => "states",
            Limit::Memory => "memory",
            Limit::TaskCalls => "task_calls",
            Limit::Expression => "expression",
        }
    }

    /// The one that an error stands for.
    pub(super) fn of_error(error: &str) -> Option<Limit> {
        match error {
            error_name::DATA_LIMIT_EXCEEDED => Some(Limit::Payload),
            error_name::DEPTH_LIMIT => Some(Limit::Depth),
            error_name::STATES_LIMIT => Some(Limit::States),
            error_name::MEMORY_LIMIT => Some(Limit::Memory),
            error_name::TASK_CALLS_LIMIT => Some(Limit::TaskCalls),
            _ => None,
        }
    }
}

impl Default for Limits {
    /// Those of an Express execution on AWS, and for what AWS leaves open more than it could ever use.
    fn default() -> Limits {
        Limits {
            execution_time: 300_000,
            payload: 262_144,
            depth: 128,
            states: 1_000_000,
            memory: 32 << 20,
            task_calls: 100_000,
            concurrency: 40,
        }
    }
}

impl Limits {
    pub(super) fn parse(&self) -> ParseLimits {
        ParseLimits {
            depth: self.depth,
            reject_duplicate_keys: false,
        }
    }
}
