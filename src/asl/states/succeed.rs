//! Succeed: ends its scope.

use super::super::NullablePath;

/// A Succeed state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Succeed {
    pub input_path: NullablePath,
    pub output_path: NullablePath,
}
