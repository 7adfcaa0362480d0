//! Runs branches and iterations in which nothing but a value goes from state to state without what only errors and the
//! history need.
//!
//! A scope is plain when each of its states is a Pass, Choice, Succeed or Fail in JSONPath and assigns nothing: those reshape
//! a value or choose where it goes, at once. Where nobody asks for the history and nothing fails, that is all there is to
//! running them.

use crate::plan::{Scope, ScopeId, State, StateKind};

/// Gives the first states of the scopes that are plain, but for the whole machine, which is run state by state.
pub(super) fn run(states: &[State], scopes: &mut [Scope]) -> Vec<String> {
    let mut changed = Vec::new();
    for (index, scope) in scopes.iter_mut().enumerate() {
        let own = &states[scope.states.start.index()..scope.states.end.index()];
        scope.is_plain = ScopeId::new(index) != ScopeId::TOP && own.iter().all(is_plain);
        if scope.is_plain {
            changed.push(states[scope.start.index()].name.clone());
        }
    }
    changed
}

fn is_plain(state: &State) -> bool {
    let assigns = match &state.kind {
        StateKind::Pass(_) | StateKind::Succeed | StateKind::Fail(_) => false,
        StateKind::Choice(choice) => choice.rules.iter().any(|rule| rule.assign.is_some()),
        _ => return false,
    };
    !assigns && state.flow.assign.is_none() && !state.is_jsonata
}
