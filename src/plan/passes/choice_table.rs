//! Answers the rules of a Choice with as few reads as there are variables.
//!
//! A variable that several tests look at is found once. Four or more rules in a row that compare one variable with
//! literals (`StringEquals`, `NumericEquals`, `IsPresent`) become one look-up; the order of the rules decides as before.

use crate::expr::{ChoiceRule, Lookup};
use crate::plan::{State, StateKind};

/// Gives the names of the states that it changed.
pub(super) fn run(states: &mut [State]) -> Vec<String> {
    let mut changed = Vec::new();
    for state in states {
        let StateKind::Choice(choice) = &mut state.kind else {
            continue;
        };
        let rules = choice.rules.iter_mut().map(|rule| &mut rule.condition);
        let shared = ChoiceRule::share_variables(&mut rules.collect::<Vec<_>>());
        let rules: Vec<&ChoiceRule> = choice.rules.iter().map(|rule| &rule.condition).collect();
        let lookups = Lookup::all_in(&rules);
        for lookup in &lookups {
            let rules = lookup.rules();
            let text = format!("rules {} to {} at once", rules.start + 1, rules.end);
            state.notes.push(("looks up", text));
        }
        if !shared.is_empty() {
            state.notes.push(("reads once", shared.join(", ")));
        }
        if !shared.is_empty() || !lookups.is_empty() {
            changed.push(state.name.clone());
        }
        choice.shared_variables = shared.len();
        choice.lookups = lookups.into();
    }
    changed
}
