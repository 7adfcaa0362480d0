//! What is evaluated in a value: a path or an intrinsic call behind a key that ends in `.$`, or a JSONata string.

use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::Value;

use super::intrinsic::Call;
use super::{ExprError, Path, Query, Scope, Scratch, SyntaxError};

/// A path, an intrinsic call or a JSONata expression.
#[derive(Debug)]
pub enum Expression {
    /// `$…`
    Path(Path),
    /// `States.…(…)`
    Call(Call),
    /// `{% … %}`
    Query(Box<Query>),
}

impl Expression {
    /// Whether the text is a path or a call with the right number of arguments.
    pub fn check(text: &str) -> Result<(), SyntaxError> {
        Expression::compile(text, &mut ConstantsBuilder::new()).map(drop)
    }

    /// Compiles; literal arguments become constants of the plan.
    pub fn compile(
        text: &str,
        constants: &mut ConstantsBuilder,
    ) -> Result<Expression, SyntaxError> {
        if text.starts_with('$') {
            return Path::parse(text).map(|path| Expression::Path(path.intern(constants)));
        }
        Call::compile(text, constants).map(Expression::Call)
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        match self {
            Expression::Path(path) => path.text(),
            Expression::Call(call) => call.text(),
            Expression::Query(query) => query.text(),
        }
    }

    /// Whether it is the path `$`.
    pub fn is_identity(&self) -> bool {
        matches!(self, Expression::Path(path) if path.is_identity())
    }

    /// Evaluates for a field whose missing paths read `The JSONPath '$.x' specified for the field 'FIELD' could not be found in the input 'JSON'`:
    /// a `name.$` of a template, `ErrorPath`, `CausePath`.
    #[inline]
    pub fn eval(
        &self,
        field: &str,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, ExprError> {
        match self {
            Expression::Path(path) => match path.select(scope, arena, scratch) {
                Ok(value) => Ok(value),
                Err(_) => Err(missing(path.text(), field, scope.input, arena)),
            },
            Expression::Call(call) => call.eval(scope, arena, scratch),
            Expression::Query(query) => query.eval(scope, arena, scratch),
        }
    }

    /// Evaluates for a field whose missing paths read `Invalid path '$.x' : No results for path: $['x']`: `InputPath`, `OutputPath`.
    pub fn select(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, ExprError> {
        match self {
            Expression::Path(path) => path.require(scope, arena, scratch),
            Expression::Call(call) => call.eval(scope, arena, scratch),
            Expression::Query(query) => query.eval(scope, arena, scratch),
        }
    }
}

#[cold]
fn missing(path: &str, field: &str, input: Value, arena: &Arena) -> ExprError {
    ExprError::runtime(format!(
        "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{}'",
        arena.to_plain_json(input)
    ))
}
