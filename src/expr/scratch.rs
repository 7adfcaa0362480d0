//! Buffers that evaluations use again and again, so that none of them allocates.

use crate::value::Value;

use super::jsonata::Workspace;

/// The working memory of evaluations; belongs to whoever owns the arena and is kept from execution to execution.
///
/// Every user takes what it pushed off again: between evaluations the buffers are empty.
#[derive(Debug)]
pub struct Scratch {
    /// Elements of arrays under construction, arguments of calls, hits of a path.
    pub(super) values: Vec<Value>,
    /// Members of objects under construction.
    pub(super) members: Vec<(Value, Value)>,
    /// Nodes that a `..` still has to visit.
    pub(super) pending: Vec<Value>,
    /// Text that is read while the arena is written; its user clears it first.
    pub(super) text: String,
    /// Bytes under construction; their user clears them first.
    pub(super) bytes: Vec<u8>,
    /// Memory of JSONata evaluations.
    pub(super) workspace: Workspace,
    /// JSONata steps that the execution may still take.
    pub(super) steps: u64,
    /// Variables that several rules of a Choice look at, once they were looked for; nothing for what is not there.
    pub(super) shared: Vec<Option<Option<Value>>>,
    /// A JSONata expression has met one of its limits; whoever counts that takes it back.
    pub met_limit: bool,
}

/// JSONata steps of one execution: far more than AWS has time for.
const MAX_STEPS: u64 = 200_000_000;

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch {
            values: Vec::new(),
            members: Vec::new(),
            pending: Vec::new(),
            text: String::new(),
            bytes: Vec::new(),
            workspace: Workspace::default(),
            steps: MAX_STEPS,
            shared: Vec::new(),
            met_limit: false,
        }
    }
}

impl Scratch {
    /// Empty buffers.
    pub fn new() -> Scratch {
        Scratch::default()
    }

    /// The rules of a Choice are about to be tried, over another input; so many variables are shared.
    #[inline]
    pub fn begin_rules(&mut self, shared_variables: usize) {
        if shared_variables > 0 {
            self.shared.clear();
            self.shared.resize(shared_variables, None);
        }
    }

    /// Another execution begins.
    pub fn reset(&mut self) {
        self.steps = MAX_STEPS;
    }

    /// JSONata steps that the execution may still take.
    pub fn steps_left(&self) -> u64 {
        self.steps
    }

    /// An execution goes on that may still take so many steps.
    pub fn leave_steps(&mut self, steps: u64) {
        self.steps = steps;
    }

    /// Whether everything that was pushed was taken off again.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.members.is_empty() && self.pending.is_empty()
    }
}
