//! Paths: AWS's dialect of JSONPath, which is Jayway's, compiled to a list of steps.

use crate::value::Arena;
use crate::value::Value;

use super::{ExprError, Scope, Scratch, SyntaxError};

/// A compiled path.
pub struct Path {}

/// What a definite path missed; [`Path::reason`] puts it into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotFound {}

#[allow(unused_variables, clippy::todo)]
impl Path {
    /// Compiles `$…`, `$$…` or `$name…`.
    pub fn parse(text: &str) -> Result<Path, SyntaxError> {
        todo!()
    }
    /// As it was written.
    pub fn text(&self) -> &str {
        todo!()
    }
    /// Whether it is `$`.
    pub fn is_identity(&self) -> bool {
        todo!()
    }
    /// Whether it finds one value or fails; otherwise it finds an array, which may be empty.
    pub fn is_definite(&self) -> bool {
        todo!()
    }
    /// The name behind `$name…`.
    pub fn variable(&self) -> Option<&str> {
        todo!()
    }
    /// Whether it starts with `$$`.
    pub fn reads_context(&self) -> bool {
        todo!()
    }
    /// The value, or the array of an indefinite path.
    pub fn select(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, NotFound> {
        todo!()
    }
    /// `No results for path: $['x']` and its relatives.
    pub fn reason(&self, missing: NotFound) -> String {
        todo!()
    }
    /// The same in the words of `InputPath`, `OutputPath` and `TimeoutSecondsPath`: `Invalid path '$.x' : No results for path: $['x']`.
    pub fn invalid(&self, missing: NotFound) -> ExprError {
        todo!()
    }
}
