//! Task: one call of something outside.

use super::super::{Catcher, Field, LiteralOrPath, NullablePath, Retrier};
use super::Transition;
use crate::value::Value;

/// A Task state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Task {
    /// What is called: an ARN or whatever a binding answers.
    pub resource: Field<String>,
    pub input_path: NullablePath,
    /// Payload template.
    pub parameters: Option<Field<Value>>,
    /// Payload template over the raw result.
    pub result_selector: Option<Field<Value>>,
    pub result_path: NullablePath,
    pub output_path: NullablePath,
    /// `Credentials`, a payload template with `RoleArn`.
    pub credentials: Option<Field<Value>>,
    /// `TimeoutSeconds` or `TimeoutSecondsPath`; holds for each attempt.
    pub timeout_seconds: Option<LiteralOrPath<u64>>,
    /// `HeartbeatSeconds` or `HeartbeatSecondsPath`.
    pub heartbeat_seconds: Option<LiteralOrPath<u64>>,
    pub retry: Vec<Retrier>,
    pub catch: Vec<Catcher>,
    pub transition: Transition,
}
