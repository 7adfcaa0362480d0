//! The compiled definition: names are ids, expressions are programs, everything that can be decided at load is decided.
//! Knows nothing of running.
//!
//! ```text
//! asl::StateMachine ── compile ──► Plan { states, scopes, resources, constants }
//! ```
//!
//! States of all scopes stand in one flat table and are addressed by [`StateId`]; a scope is a start and a range in it.
//! Names are there for people: no look-up by name happens while an execution runs.

mod assign;
mod compile;
mod cost;
mod effects;
mod explain;
mod expressions;
mod flow;
mod ids;
mod on_error;
mod passes;
mod resource;
mod scope;
mod states;
mod stretch;

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::value::Constants;

pub(crate) use assign::Assign;
pub use compile::{compile, compile_with};
pub use cost::Cost;
pub use effects::Effects;
pub(crate) use flow::{PathField, ResultPathField};
pub use ids::{ResourceId, ScopeId, StateId};
pub(crate) use on_error::{Catcher, ErrorPattern, Retrier};
pub use passes::Passes;
pub use resource::{Resource, service};
pub use scope::Scope;
pub(crate) use states::{
    Choice, Fail, Items, Map, Next, Parallel, Pass, Quantity, Rule, StateKind, Task, Text, Wait,
};
pub use states::{State, StateType};

/// The compiled, immutable form of a state machine.
pub struct Plan {
    comment: Option<String>,
    hash: String,
    timeout: Option<u64>,
    constants: Arc<Constants>,
    states: Box<[State]>,
    scopes: Box<[Scope]>,
    resources: Box<[Resource]>,
    warnings: Vec<Diagnostic>,
    /// The passes that changed anything, with the states that they changed.
    passes: Vec<(&'static str, Vec<String>)>,
}

impl Plan {
    /// `Comment` of the definition.
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// What runs, and will be regretted: variables that nothing assigns.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The first 16 hexadecimal digits of the SHA-256 of the definition's text.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// `TimeoutSeconds` of the machine, in milliseconds.
    pub fn timeout(&self) -> Option<u64> {
        self.timeout
    }

    /// Values that belong to the plan.
    pub fn constants(&self) -> &Arc<Constants> {
        &self.constants
    }

    /// A state by its id.
    #[inline]
    pub fn state(&self, id: StateId) -> &State {
        &self.states[id.index()]
    }

    /// All states, scope by scope.
    pub fn states(&self) -> impl Iterator<Item = (StateId, &State)> {
        self.states
            .iter()
            .enumerate()
            .map(|(index, state)| (StateId::new(index), state))
    }

    /// A scope by its id.
    #[inline]
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.index()]
    }

    /// The states at top level.
    #[inline]
    pub fn top(&self) -> &Scope {
        self.scope(ScopeId::TOP)
    }

    /// A resource by its id.
    pub fn resource(&self, id: ResourceId) -> &Resource {
        &self.resources[id.index()]
    }

    /// Every resource that a Task names, each once.
    pub fn resources(&self) -> impl Iterator<Item = (ResourceId, &Resource)> {
        self.resources
            .iter()
            .enumerate()
            .map(|(index, resource)| (ResourceId::new(index), resource))
    }

    /// What an execution of this plan does besides computing.
    pub fn effects(&self) -> Effects {
        self.top().effects
    }

    /// The plan as text: states in order, what each does, effects, estimates, constants.
    pub fn explain(&self) -> String {
        explain::explain(self)
    }
}
