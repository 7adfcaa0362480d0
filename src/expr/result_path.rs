//! `ResultPath`: where a result goes in the raw input.

use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::Value;

use super::{ExprError, SyntaxError};

/// A Reference Path to write at.
pub struct ResultPath {}

#[allow(unused_variables, clippy::todo)]
impl ResultPath {
    /// Refuses what a `ResultPath` may not be: an indefinite path, `$$…`, `$name…`.
    pub fn check(text: &str) -> Result<(), SyntaxError> {
        todo!()
    }
    /// Compiles; the names of members become constants of the plan.
    pub fn compile(
        text: &str,
        constants: &mut ConstantsBuilder,
    ) -> Result<ResultPath, SyntaxError> {
        todo!()
    }
    /// Whether it is `$`: the result replaces the input.
    pub fn is_identity(&self) -> bool {
        todo!()
    }
    /// `input` with `result` at this path. Missing objects are made, arrays only changed in range.
    pub fn write(
        &self,
        input: Value,
        result: Value,
        arena: &mut Arena,
    ) -> Result<Value, ExprError> {
        todo!()
    }
}
