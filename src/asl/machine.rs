//! The state machine as a whole, and its scopes.

use super::{Field, Place, State};
use crate::value::Arena;

/// A definition that was found to be valid.
pub struct StateMachine {
    /// `Comment`
    pub comment: Option<String>,
    /// `TimeoutSeconds`: budget of a whole execution.
    pub timeout_seconds: Option<Field<u64>>,
    /// The states at top level.
    pub scope: Scope,
    /// The definition's text.
    pub text: String,
    /// Holds every [`Value`](crate::value::Value) of the model.
    pub document: Arena,
}

/// A `States` object with its `StartAt`: the machine itself, a branch of a Parallel, the item processor of a Map.
#[derive(Clone, Debug)]
pub struct Scope {
    /// `StartAt`; names a state of this scope.
    pub start_at: Field<String>,
    /// In the order of the definition, never empty.
    pub states: Vec<State>,
    /// The object that holds `StartAt` and `States`.
    pub place: Place,
}

impl Scope {
    /// The index of the state called `name`. Every `Next`, `Default` and `StartAt` of a valid definition has one.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.states.iter().position(|state| state.name == name)
    }
}
