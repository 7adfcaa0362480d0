//! JSONata in a definition: strings of the form `{% … %}`, what `$states` is to them, and AWS's words for their failures.

mod check;
mod host;
mod template;

pub use check::{QueryPlace, QueryProblem};

use crate::error_name;
use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::Kind;
use crate::value::Value;

use super::jsonata::{self, Budget, CompileError, EvalError, Evaluated, Program};
use super::{ExprError, Scope, Scratch};
use host::{Host, Slots};

/// A compiled JSONata string.
#[derive(Debug)]
pub struct Query {
    program: Program,
    /// Where it stands in its state, as AWS says it: `Output/items[0]/price`.
    location: Box<str>,
    slots: Slots,
}

/// What the state's work has come to, for `Output` and `Assign`.
#[derive(Clone, Copy, Debug, Default)]
pub enum Answer {
    /// Nothing yet, or nothing at all.
    #[default]
    None,
    /// `$states.result`
    Result(Value),
    /// `$states.errorOutput`
    ErrorOutput(Value),
}

impl Query {
    /// The expression in a JSONata string; none for any other string, one with something around the delimiters included.
    pub fn expression_in(text: &str) -> Option<&str> {
        Some(text.strip_prefix("{%")?.strip_suffix("%}")?.trim())
    }

    /// Compiles an expression, without the `{%` and `%}` around it.
    pub fn compile(
        expression: &str,
        location: &str,
        constants: &mut ConstantsBuilder,
    ) -> Result<Query, CompileError> {
        let mut program = Program::compile(expression)?;
        program.intern(constants);
        Ok(Query {
            slots: Slots::of(&program),
            program,
            location: location.into(),
        })
    }

    /// As it was written, without the delimiters.
    pub fn text(&self) -> &str {
        self.program.text()
    }

    /// Resolves the variables in it.
    pub fn bind(&mut self, binder: super::Binder<'_>) {
        self.slots.bind(binder);
    }

    /// The value of an expression that reads nothing and calls nothing.
    fn constant(&self, arena: &mut Arena) -> Option<Value> {
        if self.text().contains('$') {
            return None;
        }
        let scope = jsonata::Scope {
            input: None,
            bindings: &jsonata::NoBindings,
            now_millis: 0,
            random: &super::Random::new(0),
        };
        let mut budget = Budget {
            steps: 10_000,
            ..Budget::default()
        };
        let mut workspace = jsonata::Workspace::default();
        match self
            .program
            .evaluate(&scope, arena, &mut workspace, &mut budget)
        {
            Ok(Evaluated::Value(value)) => Some(value),
            _ => None,
        }
    }

    /// The value of the expression; everything else it may come to is an error.
    #[inline]
    pub fn eval(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, ExprError> {
        let host = Host {
            scope,
            slots: &self.slots,
        };
        let around = host.around();
        let known = (self.program).evaluate_directly(&around, arena, &mut scratch.workspace);
        match known {
            Some(Evaluated::Value(value)) => Ok(value),
            _ => self.eval_fully(&around, arena, scratch),
        }
    }

    #[inline(never)]
    fn eval_fully(
        &self,
        around: &jsonata::Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, ExprError> {
        let mut budget = Budget::default();
        budget.steps = budget.steps.min(scratch.steps);
        let granted = budget.steps;
        let evaluated =
            self.program
                .evaluate_fully(around, arena, &mut scratch.workspace, &mut budget);
        scratch.steps -= granted - budget.steps;
        match evaluated {
            Ok(Evaluated::Value(value)) => Ok(value),
            Ok(Evaluated::Undefined) => Err(self.failed("returned nothing (undefined).")),
            Ok(Evaluated::Function) => Err(self.failed("returned an unsupported result type.")),
            Err(error) => {
                scratch.met_limit |= error.is_limit();
                Err(self.threw(&error))
            }
        }
    }

    /// Whether a condition holds.
    pub fn holds(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<bool, ExprError> {
        let host = Host {
            scope,
            slots: &self.slots,
        };
        let around = host.around();
        match (self.program).holds_directly(&around, arena, &mut scratch.workspace) {
            Some(holds) => Ok(holds),
            None => {
                let flag = self.eval_as(Kind::Bool, scope, arena, scratch)?;
                Ok(arena.as_bool(flag) == Some(true))
            }
        }
    }

    /// The value, which has to be of a kind.
    pub fn eval_as(
        &self,
        kind: Kind,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, ExprError> {
        let value = self.eval(scope, arena, scratch)?;
        match arena.kind(value) == kind {
            true => Ok(value),
            false => Err(self.wrong_type(kind, value, arena)),
        }
    }

    /// What its value is not fit for, in the field's own words.
    #[cold]
    pub fn invalid(&self, reason: String) -> ExprError {
        ExprError {
            error: error_name::QUERY_EVALUATION_ERROR,
            reason,
            location: Some(self.location.clone()),
        }
    }

    #[cold]
    fn wrong_type(&self, wanted: Kind, value: Value, arena: &Arena) -> ExprError {
        self.failed(&format!(
            "returned an unexpected result type. Expected '{}', but was '{}' for value: {}",
            type_name(wanted),
            type_name(arena.kind(value)),
            arena.to_plain_json(value)
        ))
    }

    #[cold]
    fn threw(&self, error: &EvalError) -> ExprError {
        self.failed(&format!("threw an error during evaluation. {error}"))
    }

    #[cold]
    fn failed(&self, what: &str) -> ExprError {
        self.invalid(format!(
            "The JSONata expression '{}' specified for the field '{}' {what}",
            self.text(),
            self.location
        ))
    }
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool => "boolean",
        Kind::Number => "number",
        Kind::String => "string",
        Kind::Array => "array",
        Kind::Object => "object",
    }
}

#[cfg(test)]
mod tests;
