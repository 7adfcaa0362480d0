//! What bounds an execution, and the clocks it is told.

use crate::value::ParseLimits;

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
