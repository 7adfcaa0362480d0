//! How an evaluation fails, in AWS's words.

/// A failed evaluation: becomes the error of the state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {reason}")]
pub struct ExprError {
    /// `States.Runtime`, `States.IntrinsicFailure`, `States.ResultPathMatchFailure`.
    pub error: &'static str,
    /// Without the prefix "An error occurred while executing the state …", which the engine adds.
    pub reason: String,
}
