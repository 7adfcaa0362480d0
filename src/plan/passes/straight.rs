//! Runs the branches and iterations that cannot wait one after another in one fiber.
//!
//! A scope is straight when each of its states is done at once and has nothing inside: Pass, Choice, Succeed, Fail. Where
//! all children of a Parallel or Map are, no child needs a fiber of its own.

use crate::plan::{Scope, ScopeId, State};

/// Gives the first states of the scopes that are straight, but for the whole machine.
pub(super) fn run(states: &[State], scopes: &mut [Scope]) -> Vec<String> {
    let mut changed = Vec::new();
    for (index, scope) in scopes.iter_mut().enumerate() {
        let own = &states[scope.states.start.index()..scope.states.end.index()];
        scope.is_straight = own.iter().all(|state| state.kind.is_straight());
        if scope.is_straight && ScopeId::new(index) != ScopeId::TOP {
            changed.push(states[scope.start.index()].name.clone());
        }
    }
    changed
}
