//! One execution of one plan: a step machine that advances until it has to wait and says what for. It never waits, does no I/O, reads no clock.

use std::sync::Arc;

use crate::expr::ExecutionInfo;
use crate::plan::Plan;
use crate::value::{Arena, ParseError, Value};

/// The two clocks, read by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// One task call under way, unique within its execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallId(pub u32);

/// What an execution asks of its driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Call the task, then give the reply to [`Execution::reply`].
    Call(TaskCall),
    /// The call was timed out or is not wanted any more: stop it. No reply is expected.
    Cancel(CallId),
}

/// A task call to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskCall {
    /// To be named in the reply.
    pub id: CallId,
    /// The state; look its name and resource up in the plan.
    pub state: crate::plan::StateId,
    /// The task's input, in the execution's arena.
    pub input: Value,
    /// From 0 within one visit of the state.
    pub attempt: u32,
    /// How often the state was entered in its scope before, from 0.
    pub visit: u32,
    /// Map indexes and Parallel branch numbers from the outside in: `Items[17]/Branch[0]`; empty at top level.
    pub scope: String,
    /// Indexes of the enclosing Map iterations, from the outside in.
    pub iterations: Vec<u32>,
    /// Milliseconds of `TimeoutSeconds`, for the task's information; the engine itself keeps the deadline.
    pub timeout: Option<u64>,
    /// Milliseconds of `HeartbeatSeconds`.
    pub heartbeat: Option<u64>,
}

/// The answer of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskReply {
    /// The result as JSON text.
    Result(Vec<u8>),
    /// An error, as Retry and Catch see it.
    Error {
        /// Error name.
        error: Option<String>,
        /// Cause.
        cause: Option<String>,
    },
}

/// Where an execution stands after [`Execution::advance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// [`Execution::outcome`] has the outcome.
    Done,
    /// Take the effects; come back with a reply or at the deadline.
    Waiting,
}

/// The door to other workers for pure branches and items (rayon, behind the runtime).
pub trait FanOut: Sync {
    /// Workers with nothing to do.
    fn idle_workers(&self) -> usize;
    /// Runs all jobs, possibly at the same time, and returns when all have run.
    fn join(&self, jobs: &mut [ForkJob]);
}

/// Runs everything in place.
pub struct InPlace;

impl FanOut for InPlace {
    fn idle_workers(&self) -> usize {
        0
    }
    fn join(&self, _jobs: &mut [ForkJob]) {
        unreachable!("no worker was idle")
    }
}

/// Some pure branches or items of one execution, on their own arena.
pub struct ForkJob {}

/// What starts an execution.
pub struct Start<'a> {
    /// Names and ids for the context object.
    pub info: &'a ExecutionInfo,
    /// Seed of `States.UUID`, `States.MathRandom` and jitter.
    pub seed: u64,
    /// Bounds.
    pub limits: Limits,
}

/// One run of a plan; reused from event to event with all its buffers.
pub struct Execution {}

#[allow(unused_variables, missing_docs, clippy::todo)]
impl Execution {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Execution {
        todo!()
    }
    /// Takes the event in. An event that is not JSON is an error and leaves the execution ready for the next start.
    pub fn start(
        &mut self,
        plan: &Arc<Plan>,
        event: &[u8],
        start: Start<'_>,
        now: Now,
    ) -> Result<(), ParseError> {
        todo!()
    }
    /// Runs until the end or until everything waits. Due deadlines fire first.
    pub fn advance(&mut self, now: Now, fan_out: &dyn FanOut) -> Progress {
        todo!()
    }
    /// What to do before the execution can go on; each effect is given once.
    pub fn take_effects(&mut self) -> std::vec::Drain<'_, Effect> {
        todo!()
    }
    /// The answer of a call; ignored when the call was cancelled or timed out. Then call `advance`.
    pub fn reply(&mut self, call: CallId, reply: TaskReply) {
        todo!()
    }
    /// The task behind a call is alive.
    pub fn heartbeat(&mut self, call: CallId, now: Now) {
        todo!()
    }
    /// When to advance at the latest, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<u64> {
        todo!()
    }
    /// Stops everything; the outcome is `Aborted`.
    pub fn abort(&mut self) {
        todo!()
    }
    pub fn outcome(&self) -> Option<&Outcome> {
        todo!()
    }
    pub fn arena(&self) -> &Arena {
        todo!()
    }
    pub fn plan(&self) -> &Arc<Plan> {
        todo!()
    }
}
