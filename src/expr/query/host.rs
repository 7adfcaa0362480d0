//! The variables of an expression: `$states`, and the workflow's.

use crate::expr::context::ContextField;
use crate::expr::jsonata::{self, Bindings, Program};
use crate::expr::{Answer, Binder, Scope, variables};
use crate::value::Arena;
use crate::value::Key;
use crate::value::Kind;
use crate::value::Value;

const STATES: &str = "states";

/// The variables that an expression names.
#[derive(Debug)]
pub(super) struct Slots {
    /// By the places that the expression gives them, as far as there are any.
    variables: Box<[Variable]>,
    /// It reads `$states.context`, or may.
    context: bool,
}

/// What a variable of an expression is.
#[derive(Clone, Debug)]
enum Variable {
    /// `$states`
    States,
    /// One of the workflow, with its slot.
    Workflow(Box<str>, Option<u32>),
    /// Nothing that the host knows.
    Other,
}

impl Slots {
    /// None of them resolved yet.
    pub(super) fn of(program: &Program) -> Slots {
        let mut variables = Vec::new();
        for (place, name) in program.variables() {
            variables.resize(place, Variable::Other);
            variables.push(match name {
                STATES => Variable::States,
                _ => Variable::Workflow(name.into(), None),
            });
        }
        let members = program.members_read(STATES);
        Slots {
            variables: variables.into(),
            context: members.contains(&None) || members.contains(&Some("context")),
        }
    }

    pub(super) fn bind(&mut self, binder: Binder<'_>) {
        for variable in &mut self.variables {
            if let Variable::Workflow(name, slot) = variable {
                *slot = binder(name);
            }
        }
    }
}

/// What an expression can read.
pub(super) struct Host<'a> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) slots: &'a Slots,
}

impl Host<'_> {
    /// What is around the expression.
    pub(super) fn around(&self) -> jsonata::Scope<'_> {
        jsonata::Scope {
            input: None,
            bindings: self,
            now_millis: self.scope.now,
            random: self.scope.random,
        }
    }

    /// A member of `$states`.
    #[inline(never)]
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
    fn variable(&self, arena: &mut Arena, _name: &str, place: usize) -> Option<Value> {
        match self.slots.variables.get(place)? {
            Variable::States => Some(self.states(arena)),
            Variable::Workflow(_, slot) => variables::read(self.scope.variables, *slot),
            Variable::Other => None,
        }
    }

    fn member(
        &self,
        arena: &mut Arena,
        _name: &str,
        place: usize,
        key: &Key,
    ) -> Option<Option<Value>> {
        let value = match self.slots.variables.get(place)? {
            Variable::States if key.name() == "input" => return Some(Some(self.scope.input)),
            Variable::States => return Some(self.state(arena, key.name())),
            Variable::Workflow(_, slot) => variables::read(self.scope.variables, *slot)?,
            Variable::Other => return None,
        };
        // Of an array every element has the member, which takes an evaluation.
        (arena.kind(value) == Kind::Object).then(|| arena.get(value, key))
    }
}
