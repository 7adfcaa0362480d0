//! How an expression is refused when it is compiled, and how an evaluation fails, in AWS's words.

use crate::error_name;

/// A failed evaluation: becomes the error of the state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {reason}")]
pub struct ExprError {
    /// `States.Runtime`, `States.IntrinsicFailure`, `States.ResultPathMatchFailure`, `States.QueryEvaluationError`.
    pub error: &'static str,
    /// Without the prefix "An error occurred while executing the state …", which the engine adds.
    pub reason: String,
    /// Where in its state a JSONata expression failed: `Output/items[0]/price`. Not for `States.Runtime`.
    pub location: Option<Box<str>>,
}

impl ExprError {
    /// A `States.Runtime`.
    pub fn runtime(reason: impl Into<String>) -> ExprError {
        ExprError {
            error: error_name::RUNTIME,
            reason: reason.into(),
            location: None,
        }
    }
}

/// Why a text is no path or no intrinsic call, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at character {offset}")]
pub struct SyntaxError {
    /// What was wrong.
    pub message: String,
    /// Byte offset in the text.
    pub offset: usize,
}

impl SyntaxError {
    pub(super) fn new(offset: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError {
            message: message.into(),
            offset,
        }
    }
}
