//! Reads through the object that an `ItemSelector` would build for each item.
//!
//! Often the first states of an iteration only pick members out of that object: a Choice tests some, a Pass puts some into
//! its Parameters. Then the object is not built. Its members are handed on side by side, and the paths of those states
//! become places among them. A state that needs the object all the same, or fails, has it put together first.

use crate::plan::{PathField, ResultPathField, Scope, State, StateId, StateKind};
use crate::value::Value;

/// Gives the names of the Maps that it changed.
pub(super) fn run(states: &mut [State], scopes: &[Scope]) -> Vec<String> {
    let mut changed = Vec::new();
    for index in 0..states.len() {
        let StateKind::Map(map) = &states[index].kind else {
            continue;
        };
        let Some(names) = map.selector.as_ref().and_then(|s| s.part_names()) else {
            continue;
        };
        if names.is_empty() {
            continue;
        }
        let start = scopes[map.processor.index()].start;
        let readers = prepare(states, start, &names);
        if readers.is_empty() {
            continue;
        }
        let readers: Vec<&str> = readers
            .iter()
            .map(|reader| states[reader.index()].name.as_str())
            .collect();
        let note = format!("of the item selector, by {}", readers.join(", "));
        let state = &mut states[index];
        state.notes.push(("reads parts", note));
        if let StateKind::Map(map) = &mut state.kind {
            map.in_parts = true;
        }
        changed.push(state.name.clone());
    }
    changed
}

/// Prepares the states from `start` on that read nothing but parts, and gives them. Only a Choice hands its input on.
fn prepare(states: &mut [State], start: StateId, names: &[Value]) -> Vec<StateId> {
    let mut readers = Vec::new();
    let mut pending = vec![start];
    while let Some(id) = pending.pop() {
        let state = &mut states[id.index()];
        if readers.contains(&id) || !prepare_state(state, names) {
            continue;
        }
        state.reads_parts = true;
        readers.push(id);
        if let StateKind::Choice(choice) = &state.kind {
            pending.extend(choice.default);
            pending.extend(choice.rules.iter().rev().map(|rule| rule.next));
        }
    }
    readers
}

fn prepare_state(state: &mut State, names: &[Value]) -> bool {
    let flow = &state.flow;
    // What is assigned may be the whole input.
    if !matches!(flow.input, PathField::Whole) || flow.assign.is_some() || state.is_jsonata {
        return false;
    }
    match &mut state.kind {
        StateKind::Choice(choice) if matches!(flow.output, PathField::Whole) => {
            let mut rules = choice.rules.iter_mut();
            // Rules behind one that needs the object stay as they are: it will be put together.
            rules.all(|rule| rule.assign.is_none() && rule.condition.read_through(names))
        }
        StateKind::Pass(pass) if matches!(flow.result_path, ResultPathField::Replace) => {
            match (&pass.result, &mut pass.parameters) {
                (Some(_), _) => true,
                (None, Some(parameters)) => parameters.read_through(names),
                (None, None) => false,
            }
        }
        _ => false,
    }
}
