//! JSONata 2.0.6 with the additions of AWS Step Functions: compiled once with the plan, evaluated on the execution's values.
//!
//! A small language implementation in four parts. `compile` turns text into a program: lexer, parser, paths, names to
//! slots, constants. `program` is that program. `eval` walks it, with `heap` as its memory. `functions` are the built-in
//! ones, a file per family with its table first; `picture` formats and reads numbers and dates.
//!
//! Knows no states: the host says what `$states` and other free variables are.

mod budget;
mod compile;
mod error;
mod eval;
mod functions;
mod heap;
mod messages;
mod picture;
mod program;
mod references;
mod regex;

pub use budget::Budget;
pub use error::{CompileError, EvalError};
pub use references::Reference;

use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::Key;
use crate::value::Value;

use super::Random;
use compile::Dialect;
use heap::{Heap, Item};
use program::{Code, Expr};

/// A compiled expression.
#[derive(Debug)]
pub struct Program {
    text: Box<str>,
    code: Code,
}

/// What an evaluation can read.
pub struct Scope<'a> {
    /// `$$`, and `$` outside of any path; a Step Functions expression has none.
    pub input: Option<Value>,
    /// The variables of the host.
    pub bindings: &'a dyn Bindings,
    /// For `$now` and `$millis`: milliseconds since 1970, the same during one evaluation.
    pub now_millis: i64,
    /// For `$random`, `$shuffle` and `$uuid`.
    pub random: &'a Random,
}

/// The variables that an expression does not bind itself.
pub trait Bindings {
    /// The value of `$name`. `place` is its number among all the names of the program that it does not bind itself;
    /// [`Program::variables`] has those that a host should know.
    fn variable(&self, arena: &mut Arena, name: &str, place: usize) -> Option<Value>;

    /// The value of `$name.key` where the host knows it without making `$name`: `Some(None)` if there is no such member.
    fn member(
        &self,
        _arena: &mut Arena,
        _name: &str,
        _place: usize,
        _key: &Key,
    ) -> Option<Option<Value>> {
        None
    }
}

/// No variables.
pub struct NoBindings;

impl Bindings for NoBindings {
    fn variable(&self, _arena: &mut Arena, _name: &str, _place: usize) -> Option<Value> {
        None
    }
}

/// What an expression has yielded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluated {
    /// Nothing.
    Undefined,
    /// A JSON value of the arena.
    Value(Value),
    /// A function, or a value with a function inside of it: nothing that JSON can say.
    Function,
}

/// The memory of evaluations, kept from one to the next so that none of them allocates.
#[derive(Debug, Default)]
pub struct Workspace {
    heap: Heap,
    stack: Vec<Item>,
    values: Vec<Value>,
    globals: Vec<Item>,
}

impl Program {
    /// Compiles an expression, without the `{%` and `%}` around it.
    pub fn compile(text: &str) -> Result<Program, CompileError> {
        Program::compile_as(text, Dialect::Aws)
    }

    /// Compiles an expression of the official language, which has an `$eval`. States know AWS's dialect only.
    pub fn compile_official(text: &str) -> Result<Program, CompileError> {
        Program::compile_as(text, Dialect::Official)
    }

    fn compile_as(text: &str, dialect: Dialect) -> Result<Program, CompileError> {
        let mut code = compile::compile(text, dialect)?;
        code.is_direct = eval::is_direct(&code);
        Ok(Program {
            text: text.into(),
            code,
        })
    }

    /// Makes the string literals constants of a plan; evaluations then need an arena over these constants.
    pub fn intern(&mut self, constants: &mut ConstantsBuilder) {
        let texts = self.code.nodes.iter().filter_map(|node| match node.expr {
            Expr::Literal(Item::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        });
        let known = texts.map(|text| {
            let value = constants.string(text.of_literals(&self.code.text));
            (text.literal_start(), value)
        });
        let mut known: Vec<_> = known.collect();
        known.sort_by_key(|(start, _)| *start);
        known.dedup_by_key(|(start, _)| *start);
        self.code.constants = known;

        let (nodes, literals) = (&mut self.code.nodes, &self.code.text);
        for node in nodes {
            let Expr::Object(pairs) = &mut node.expr else {
                continue;
            };
            let keys = pairs.literal_keys.iter().flatten();
            let names = keys.map(|key| match key {
                Item::Text(text) => Some(constants.string(text.of_literals(literals))),
                _ => None,
            });
            pairs.names = names.collect::<Option<_>>().unwrap_or_default();
            let bytes = pairs
                .names
                .iter()
                .map(|name| constants.arena().measure(*name).bytes);
            pairs.names_bytes = bytes.sum();
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Evaluates the expression; what it yields is written into `arena`.
    pub fn evaluate(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        workspace: &mut Workspace,
        budget: &mut Budget<'_>,
    ) -> Result<Evaluated, EvalError> {
        match self.evaluate_directly(scope, arena, workspace) {
            Some(known) => Ok(known),
            None => self.evaluate_fully(scope, arena, workspace, budget),
        }
    }

    /// The same where it needs no evaluation, as most reads and comparisons; else none. Takes nothing from a budget.
    pub fn evaluate_directly(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        workspace: &mut Workspace,
    ) -> Option<Evaluated> {
        eval::evaluate_directly(&self.code, scope, arena, workspace)
    }

    /// Whether a test holds, where it needs no evaluation.
    pub fn holds_directly(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        workspace: &mut Workspace,
    ) -> Option<bool> {
        eval::holds_directly(&self.code, scope, arena, workspace)
    }

    /// Evaluates what [`Program::evaluate_directly`] had no answer to.
    pub fn evaluate_fully(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        workspace: &mut Workspace,
        budget: &mut Budget<'_>,
    ) -> Result<Evaluated, EvalError> {
        eval::evaluate(&self.code, scope, arena, workspace, budget).map_err(error::Failure::finish)
    }
}
