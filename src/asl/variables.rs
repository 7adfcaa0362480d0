//! Workflow variables: what they may be called, and who may assign them.

use std::collections::HashMap;

use super::codes;
use super::query_language::QueryLanguage;
use super::reader::{Member, Node, Reader, shorten};

/// Longest name, in characters.
const MAX_NAME: usize = 80;

/// The name that `$states` has taken.
const RESERVED: &str = "states";

/// Checks the names that an `Assign` gives.
pub(super) fn check_names(reader: &mut Reader<'_>, assign: &Node, language: QueryLanguage) {
    let Some(members) = reader.object(assign) else {
        return;
    };
    for member in members {
        let name = variable(&member, language);
        let message = if name == RESERVED {
            format!("the variable name '{RESERVED}' is reserved")
        } else if name.chars().count() > MAX_NAME {
            format!("a variable's name has at most {MAX_NAME} characters")
        } else if !is_identifier(name) {
            format!("{:?} is not a name for a variable", shorten(name))
        } else {
            continue;
        };
        let help = "a name is a letter, then letters, digits and '_'".to_string();
        let code = codes::VARIABLE_NAME;
        reader.error_with_help(&member.key, code, message, Some(help));
    }
}

/// The variable that a member of an `Assign` is about.
fn variable(member: &Member, language: QueryLanguage) -> &str {
    match language {
        QueryLanguage::JsonPath => member.name.strip_suffix(".$").unwrap_or(&member.name),
        QueryLanguage::Jsonata => &member.name,
    }
}

// Spec, "Variables": ID_Start and ID_Continue of Unicode. The standard library's letters and digits are close to them.
fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

/// Refuses what is assigned in a scope and in one around it: inner scopes read outer variables, and change none.
pub(super) fn check_scopes(reader: &mut Reader<'_>, machine: &Node) {
    let mut pending = vec![(machine.clone(), HashMap::new())];
    while let Some((holder, mut outer)) = pending.pop() {
        let Some(states) = reader.member(&holder, "States") else {
            continue;
        };
        let states = reader.members(&states);
        let mut own = HashMap::new();
        let all = states
            .iter()
            .flat_map(|state| assigned(reader, &state.node));
        let all: Vec<Member> = all.collect();
        for member in &all {
            let name = member.name.strip_suffix(".$").unwrap_or(&member.name);
            match outer.get(name) {
                Some(other) => {
                    let message = format!("the variable {name:?} belongs to an enclosing scope");
                    let help = format!("it is assigned at {other}; inner states can only read it");
                    let code = codes::SHADOWED_VARIABLE;
                    reader.error_with_help(&member.key, code, message, Some(help));
                }
                None => {
                    own.entry(name.to_string())
                        .or_insert(member.key.pointer.clone());
                }
            }
        }
        outer.extend(own);
        for state in &states {
            let mut inner: Vec<Node> = Vec::new();
            if let Some(branches) = reader.member(&state.node, "Branches") {
                inner.extend(reader.elements_of(&branches));
            }
            for name in ["ItemProcessor", "Iterator"] {
                inner.extend(reader.member(&state.node, name));
            }
            pending.extend(inner.into_iter().map(|holder| (holder, outer.clone())));
        }
    }
}

/// The members of every `Assign` of a state.
fn assigned(reader: &Reader<'_>, state: &Node) -> Vec<Member> {
    let mut holders = vec![state.clone()];
    for list in ["Choices", "Catch"] {
        if let Some(list) = reader.member(state, list) {
            holders.extend(reader.elements_of(&list));
        }
    }
    let assigns = holders
        .iter()
        .filter_map(|holder| reader.member(holder, "Assign"));
    assigns.flat_map(|assign| reader.members(&assign)).collect()
}
