//! Task calls: what an execution asks of its driver, and who waits for the answer.

use std::mem::take;
use std::sync::Arc;

use super::fiber::FiberId;
use crate::plan::StateId;
use crate::value::{Document, Value};

/// One task call under way, unique within its execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u32);

/// What an execution asks of its driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Call the task, then give the reply to [`Execution::reply`](super::Execution::reply).
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
    pub state: StateId,
    /// The task's input, in the execution's arena.
    pub input: Value,
    /// From 0 within one visit of the state.
    pub attempt: u32,
    /// How often the state was entered in its scope before, from 0.
    pub visit: u32,
    /// The Parallel and Map states around it; none at top level.
    pub(super) around: Option<Box<Around>>,
    /// Milliseconds of `TimeoutSeconds`, for the task's information; the engine itself keeps the deadline.
    pub timeout: Option<u64>,
    /// Milliseconds of `HeartbeatSeconds`.
    pub heartbeat: Option<u64>,
}

/// Where a call is made inside of Parallel and Map states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Around {
    /// See [`TaskCall::scope`].
    pub(super) scope: String,
    /// See [`TaskCall::iterations`].
    pub(super) iterations: Vec<u32>,
}

impl TaskCall {
    /// Map indexes and Parallel branch numbers from the outside in: `Items[17]/Branch[0]`; empty at top level.
    pub fn scope(&self) -> &str {
        self.around.as_deref().map_or("", |around| &around.scope)
    }

    /// Indexes of the enclosing Map iterations, from the outside in.
    pub fn iterations(&self) -> &[u32] {
        let around = self.around.as_deref();
        around.map_or(&[], |around| &around.iterations)
    }
}

/// The answer of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskReply {
    /// The result as JSON text.
    Result(Vec<u8>),
    /// A result that was read beforehand, because it is given more than once.
    Known(Arc<Document>),
    /// An error, as Retry and Catch see it.
    Error {
        /// Error name.
        error: Option<String>,
        /// Cause.
        cause: Option<String>,
    },
}

/// The calls under way and the effects not yet taken.
#[derive(Default)]
pub(super) struct Calls {
    /// In ascending order of id: ids only grow.
    waiting: Vec<(CallId, FiberId)>,
    made: u32,
    pub(super) effects: Vec<Effect>,
}

impl Calls {
    pub(super) fn reset(&mut self) {
        self.waiting.clear();
        self.effects.clear();
        self.made = 0;
    }

    /// Takes out those under way. Their effects were taken before.
    pub(super) fn take_open(&mut self) -> Calls {
        debug_assert!(self.effects.is_empty());
        self.waiting.shrink_to_fit();
        Calls {
            waiting: take(&mut self.waiting),
            made: self.made,
            effects: Vec::new(),
        }
    }

    /// Calls made so far.
    pub(super) fn made(&self) -> u32 {
        self.made
    }

    pub(super) fn open(&mut self, fiber: FiberId) -> CallId {
        let id = CallId(self.made);
        self.made += 1;
        self.waiting.push((id, fiber));
        id
    }

    /// The fiber that waits for a call, which is over now. Nobody waits for one that was cancelled or timed out.
    pub(super) fn take(&mut self, id: CallId) -> Option<FiberId> {
        // At top level it is the only one.
        if let Some((_, fiber)) = self.waiting.pop_if(|(last, _)| *last == id) {
            return Some(fiber);
        }
        let index = self.waiting.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.waiting.remove(index).1)
    }

    pub(super) fn waiting_fiber(&self, id: CallId) -> Option<FiberId> {
        let index = self.waiting.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.waiting[index].1)
    }

    /// Gives a call up. One that the driver has not seen yet is withdrawn instead.
    pub(super) fn cancel(&mut self, id: CallId) {
        if self.take(id).is_none() {
            return;
        }
        let unseen = self
            .effects
            .iter()
            .position(|effect| matches!(effect, Effect::Call(call) if call.id == id));
        match unseen {
            Some(index) => {
                self.effects.remove(index);
            }
            None => self.effects.push(Effect::Cancel(id)),
        }
    }

    pub(super) fn cancel_all(&mut self) {
        while let Some((id, _)) = self.waiting.last() {
            self.cancel(*id);
        }
    }
}
