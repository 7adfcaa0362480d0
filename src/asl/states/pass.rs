//! Pass: hands its input on, perhaps reshaped.

use super::super::{Field, NullablePath};
use super::Transition;
use crate::value::Value;

/// A Pass state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Pass {
    pub input_path: NullablePath,
    /// Payload template.
    pub parameters: Option<Field<Value>>,
    /// Literal, not a template: keys that end in `.$` mean nothing.
    pub result: Option<Field<Value>>,
    pub result_path: NullablePath,
    pub output_path: NullablePath,
    pub transition: Transition,
}
