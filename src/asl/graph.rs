//! Where states lead: every target exists, every state is reached, the machine can end, names are unique.
//!
//! Works on the definition's text and not on the model, so that a state with other problems still counts as one.

use std::collections::HashMap;

use super::codes;
use super::reader::{Member, Node, Reader, schema, shorten};
use crate::diagnostic::{Refusal, did_you_mean};

/// Longest name of a state, in characters.
pub const MAX_STATE_NAME: usize = 80;

/// Behind so many problems no more suggestions are looked for: each reads every name of its scope.
const MANY_PROBLEMS: usize = 100;

/// Checks the machine and all scopes in it.
pub(super) fn check(reader: &mut Reader<'_>, machine: &Node) {
    let scopes = all_scopes(reader, machine);
    let mut names: HashMap<String, Node> = HashMap::new();
    for scope in &scopes {
        for state in &scope.states {
            check_name(reader, state);
            if let Some(first) = names.insert(state.name.clone(), state.key.clone()) {
                let message = format!("there are two states called {:?}", shorten(&state.name));
                let help = format!("the other one is {}", first.pointer);
                let code = codes::DUPLICATE_STATE_NAME;
                reader.error_with_help(&state.key, code, message, Some(help));
            }
        }
    }
    for scope in &scopes {
        scope.check(reader, &names);
    }
}

/// The `States` of a machine, branch or item processor.
struct Graph {
    start_at: Option<Node>,
    states: Vec<Member>,
    is_top: bool,
}

/// The machine's scope and all below it, breadth first.
fn all_scopes(reader: &Reader<'_>, machine: &Node) -> Vec<Graph> {
    let mut holders = vec![machine.clone()];
    let mut scopes = Vec::new();
    let mut next = 0;
    while let Some(holder) = holders.get(next).cloned() {
        next += 1;
        let Some(states) = reader.member(&holder, "States") else {
            continue;
        };
        let states = reader.members(&states);
        for state in &states {
            if let Some(branches) = reader.member(&state.node, "Branches") {
                holders.extend(reader.elements_of(&branches));
            }
            for name in ["ItemProcessor", "Iterator"] {
                holders.extend(reader.member(&state.node, name));
            }
        }
        scopes.push(Graph {
            start_at: reader.member(&holder, "StartAt"),
            states,
            is_top: next == 1,
        });
    }
    scopes
}

fn check_name(reader: &mut Reader<'_>, state: &Member) {
    let length = state.name.chars().count();
    if !(1..=MAX_STATE_NAME).contains(&length) {
        let message = format!("a state's name has 1 to {MAX_STATE_NAME} characters, not {length}");
        reader.error(&state.key, codes::STATE_NAME, message);
    }
}

impl Graph {
    /// `names` has the states of all scopes.
    fn check(&self, reader: &mut Reader<'_>, names: &HashMap<String, Node>) {
        let states = self.states.iter().enumerate();
        let index: HashMap<&str, usize> = states
            .map(|(index, state)| (state.name.as_str(), index))
            .collect();
        // From a name that is no state's nothing is reached; what is no name says nothing.
        let named = self
            .start_at
            .as_ref()
            .filter(|at| reader.text(at).is_some());
        let start: Option<Vec<usize>> = named.map(|at| {
            let found = self.resolve(reader, at, &index, names);
            found.into_iter().collect()
        });
        let edges: Vec<Vec<usize>> = self
            .states
            .iter()
            .map(|state| {
                let targets = targets(reader, &state.node);
                let resolved = targets
                    .iter()
                    .filter_map(|target| self.resolve(reader, target, &index, names));
                resolved.collect()
            })
            .collect();
        let ends = self.states.iter().any(|state| may_end(reader, state));
        if self.is_top && !ends && !self.states.is_empty() {
            let at = self.start_at.as_ref().unwrap_or(&self.states[0].key);
            let refusal = Refusal {
                code: codes::MISSING_END_STATE,
                message: "Workflow has no terminal state".to_owned(),
                location: None,
            };
            let message = "workflow has no terminal state";
            reader.refuse(at, codes::NO_TERMINAL_STATE, message, None, refusal);
        } else if let Some(start) = start {
            self.check_reachable(reader, start, &edges);
        }
    }

    /// The state that a target names; a problem when there is none in this scope.
    fn resolve(
        &self,
        reader: &mut Reader<'_>,
        target: &Node,
        index: &HashMap<&str, usize>,
        names: &HashMap<String, Node>,
    ) -> Option<usize> {
        // What is no string is reported where the field is read.
        let name = reader.text(target)?;
        let found = index.get(name.as_str()).copied();
        if found.is_none() {
            let message = format!("no state is called {:?}", shorten(&name));
            let help = match names.get(&name) {
                Some(other) => Some(format!(
                    "{} is in another scope, which nothing can enter or leave",
                    other.pointer
                )),
                None if reader.n_problems() > MANY_PROBLEMS => None,
                None => did_you_mean(&name, self.states.iter().map(|state| state.name.as_str())),
            };
            let refusal = missing(format!("Missing 'Next' target: {name}"), target);
            reader.refuse(target, codes::UNKNOWN_STATE, message, help, refusal);
        }
        found
    }

    fn check_reachable(&self, reader: &mut Reader<'_>, mut open: Vec<usize>, edges: &[Vec<usize>]) {
        let mut reached = vec![false; self.states.len()];
        while let Some(state) = open.pop() {
            if !std::mem::replace(&mut reached[state], true) {
                open.extend(&edges[state]);
            }
        }
        for (state, reached) in self.states.iter().zip(reached) {
            if !reached {
                let message = format!("state {:?} is not reachable", shorten(&state.name));
                let refusal = format!("State \"{}\" is not reachable.", state.name);
                let refusal = missing(refusal, &state.key);
                reader.refuse(&state.key, codes::UNREACHABLE_STATE, message, None, refusal);
            }
        }
    }
}

fn missing(message: String, at: &Node) -> Refusal {
    Refusal {
        code: "MISSING_TRANSITION_TARGET",
        ..schema(message, &at.location)
    }
}

/// Every field of a state that names another.
fn targets(reader: &Reader<'_>, state: &Node) -> Vec<Node> {
    let mut targets = Vec::new();
    targets.extend(reader.member(state, "Next"));
    targets.extend(reader.member(state, "Default"));
    for list in ["Choices", "Catch"] {
        if let Some(list) = reader.member(state, list) {
            let entries = reader.elements_of(&list);
            targets.extend(entries.iter().filter_map(|at| reader.member(at, "Next")));
        }
    }
    targets
}

/// Whether a state is terminal, or so broken that it may have been meant to be.
fn may_end(reader: &Reader<'_>, state: &Member) -> bool {
    let state_type = reader.member(&state.node, "Type");
    let state_type = state_type.and_then(|node| reader.text(&node));
    let leads_on = match state_type.as_deref() {
        Some("Choice") => true,
        Some("Task" | "Wait" | "Pass" | "Parallel" | "Map") => {
            reader.member(&state.node, "Next").is_some()
        }
        _ => false,
    };
    let end = reader.member(&state.node, "End");
    let ends = end.is_some_and(|node| reader.document.as_bool(node.value) == Some(true));
    ends || !leads_on
}
