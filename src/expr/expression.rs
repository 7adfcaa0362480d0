//! What may stand behind a key that ends in `.$`: a path or an intrinsic call.

use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::Value;

use super::{ExprError, Scope, Scratch, SyntaxError};

/// A path or an intrinsic call.
pub struct Expression {}

#[allow(unused_variables, clippy::todo)]
impl Expression {
    /// Whether the text is a path or a call with the right number of arguments.
    pub fn check(text: &str) -> Result<(), SyntaxError> {
        todo!()
    }
    /// Compiles; literal arguments become constants of the plan.
    pub fn compile(
        text: &str,
        constants: &mut ConstantsBuilder,
    ) -> Result<Expression, SyntaxError> {
        todo!()
    }
    /// As it was written.
    pub fn text(&self) -> &str {
        todo!()
    }
    /// Whether it is the path `$`.
    pub fn is_identity(&self) -> bool {
        todo!()
    }
    /// Evaluates for a field whose missing paths read `The JSONPath '$.x' specified for the field 'FIELD' could not be found in the input 'JSON'`:
    /// a `name.$` of a template, `ErrorPath`, `CausePath`.
    pub fn eval(
        &self,
        field: &str,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, ExprError> {
        todo!()
    }
    /// Evaluates for a field whose missing paths read `Invalid path '$.x' : No results for path: $['x']`: `InputPath`, `OutputPath`.
    pub fn select(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, ExprError> {
        todo!()
    }
}
