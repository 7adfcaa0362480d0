//! Parallel: several scopes over the same input.

use super::super::{Catcher, Field, NullablePath, Retrier, Scope};
use super::Transition;
use crate::value::Value;

/// A Parallel state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Parallel {
    /// Never empty.
    pub branches: Vec<Scope>,
    pub input_path: NullablePath,
    /// Payload template.
    pub parameters: Option<Field<Value>>,
    /// Payload template over the array of outputs.
    pub result_selector: Option<Field<Value>>,
    pub result_path: NullablePath,
    pub output_path: NullablePath,
    pub retry: Vec<Retrier>,
    pub catch: Vec<Catcher>,
    pub transition: Transition,
}
