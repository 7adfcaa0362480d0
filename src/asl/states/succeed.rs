//! Succeed: ends its scope.

use super::super::NullablePath;
use super::super::fields::Fields;

/// A Succeed state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Succeed {
    pub input_path: NullablePath,
    pub output_path: NullablePath,
}

impl Succeed {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Succeed> {
        Some(Succeed {
            input_path: fields.data_path("InputPath"),
            output_path: fields.data_path("OutputPath"),
        })
    }
}
