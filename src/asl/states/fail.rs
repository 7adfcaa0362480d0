//! Fail: ends its scope with an error.

use super::super::LiteralOrPath;

/// A Fail state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fail {
    /// `Error` or `ErrorPath`.
    pub error: Option<LiteralOrPath<String>>,
    /// `Cause` or `CausePath`.
    pub cause: Option<LiteralOrPath<String>>,
}
