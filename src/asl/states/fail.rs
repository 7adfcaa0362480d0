//! Fail: ends its scope with an error.

use super::super::LiteralOrPath;
use super::super::fields::Fields;
use super::super::reader::Reader;
use super::super::syntax;

/// A Fail state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fail {
    /// `Error` or `ErrorPath`.
    pub error: Option<LiteralOrPath<String>>,
    /// `Cause` or `CausePath`.
    pub cause: Option<LiteralOrPath<String>>,
}

impl Fail {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Fail> {
        let mut text = |names| fields.literal_or_path(names, Reader::string, syntax::string_path);
        Some(Fail {
            error: text(["Error", "ErrorPath"]),
            cause: text(["Cause", "CausePath"]),
        })
    }
}
