//! The variables of an expression: `$states`, and the workflow's.

use crate::expr::context::ContextField;
use crate::expr::jsonata::{Bindings, Program};
use crate::expr::{Answer, Binder, Scope, variables};
use crate::value::Arena;
use crate::value::Key;
use crate::value::Kind;
use crate::value::Value;

const STATES: &str = "states";

/// The variables that an expression names.
#[derive(Debug)]
pub(super) struct Slots {
    /// Those of the workflow, with their slots.
    workflow: Box<[(Box<str>, Option<u32>)]>,
    /// It reads `$states.context`, or may.
    context: bool,
}

impl Slots {
    /// None of them resolved yet.
    pub(super) fn of(program: &Program) -> Slots {
        let names = program.variables().into_iter();
        let members = program.members_read(STATES);
        Slots {
            workflow: names
                .filter(|name| *name != STATES)
                .map(|name| (name.into(), None))
                .collect(),
            context: members.contains(&None) || members.contains(&Some("context")),
        }
    }

    pub(super) fn bind(&mut self, binder: Binder<'_>) {
        for (name, slot) in &mut self.workflow {
            *slot = binder(name);
        }
    }

    fn get(&self, name: &str) -> Option<u32> {
        let (_, slot) = self.workflow.iter().find(|(known, _)| **known == *name)?;
        *slot
    }
}

/// What an expression can read.
pub(super) struct Host<'a> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) slots: &'a Slots,
}

impl Host<'_> {
    fn workflow_variable(&self, name: &str) -> Option<Value> {
        variables::read(self.scope.variables, self.slots.get(name))
    }

    /// A member of `$states`.
    fn state(&self, arena: &mut Arena, name: &str) -> Option<Value> {
        match (name, self.scope.answer) {
            ("input", _) => Some(self.scope.input),
            ("context", _) => ContextField::Whole.read(self.scope, arena).ok(),
            ("result", Answer::Result(value)) => Some(value),
            ("errorOutput", Answer::ErrorOutput(value)) => Some(value),
            _ => None,
        }
    }

    fn states(&self, arena: &mut Arena) -> Value {
        let mut members = Vec::new();
        for name in ["context", "input", "result", "errorOutput"] {
            // Nobody sees that it is not there, and it is costly to make.
            if name == "context" && !self.slots.context {
                continue;
            }
            if let Some(value) = self.state(arena, name) {
                members.push((arena.string(name), value));
            }
        }
        arena.object(&members)
    }
}

impl Bindings for Host<'_> {
    fn variable(&self, arena: &mut Arena, name: &str) -> Option<Value> {
        match name {
            STATES => Some(self.states(arena)),
            _ => self.workflow_variable(name),
        }
    }

    fn member(&self, arena: &mut Arena, name: &str, key: &Key) -> Option<Option<Value>> {
        if name == STATES {
            return Some(self.state(arena, key.name()));
        }
        let value = self.workflow_variable(name)?;
        // Of an array every element has the member, which takes an evaluation.
        (arena.kind(value) == Kind::Object).then(|| arena.get(value, key))
    }
}
