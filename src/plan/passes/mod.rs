//! Optimisations: each leaves a plan that gives the same answers, and is one file.

mod read_through;

use super::{Scope, State};

/// Runs all of them.
pub(super) fn run(states: &mut [State], scopes: &[Scope]) {
    read_through::run(states, scopes);
}
