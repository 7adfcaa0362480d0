//! `Assign`: variables are slots, resolved when the plan is compiled.

use super::compile::Compiler;
use crate::asl::{self, Field, StateKind};
use crate::expr::Template;
use crate::value::Value;

/// Variables to set when a state is left.
pub(crate) struct Assign {
    /// One per member of `values`, in order.
    pub(crate) slots: Box<[u32]>,
    pub(crate) values: Template,
}

impl Assign {
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        field: Option<&Field<Value>>,
        location: &str,
    ) -> Option<Box<Assign>> {
        let field = field?;
        let names = names(compiler, field.value);
        let slots = names
            .iter()
            .filter_map(|name| compiler.slot(name))
            .collect();
        let values = compiler.members(field, location)?;
        Some(Box::new(Assign { slots, values }))
    }
}

/// The variables that the states of a scope assign, in the order of the definition, without repeats.
pub(super) fn assigned_in(compiler: &Compiler<'_>, scope: &asl::Scope) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for state in &scope.states {
        let mut fields: Vec<&Field<Value>> = state.assign.iter().collect();
        match &state.kind {
            StateKind::Choice(choice) => {
                fields.extend(
                    choice
                        .choices
                        .iter()
                        .filter_map(|rule| rule.assign.as_ref()),
                );
            }
            StateKind::Task(asl::states::Task { catch, .. })
            | StateKind::Parallel(asl::states::Parallel { catch, .. })
            | StateKind::Map(asl::states::Map { catch, .. }) => {
                fields.extend(catch.iter().filter_map(|catcher| catcher.assign.as_ref()));
            }
            _ => {}
        }
        for name in fields.iter().flat_map(|field| names(compiler, field.value)) {
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

/// The variables that an `Assign` names.
fn names(compiler: &Compiler<'_>, assign: Value) -> Vec<String> {
    let members = compiler.doc.members(assign);
    let names = members.filter_map(|(key, _)| compiler.doc.as_str(key));
    // No name has a dot in it, so the suffix of JSONPath is never part of one.
    let bare = names.map(|name| name.decode().trim_end_matches(".$").to_string());
    bare.collect()
}
