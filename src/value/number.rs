//! Numbers as JSON spelled them: exact until an operation asks for something else.

use std::cmp::Ordering;

/// The text of a number.
#[derive(Clone, Copy, Debug)]
pub struct Number<'a> {
    pub(super) lexeme: &'a str,
}

#[allow(unused_variables, missing_docs)]
impl<'a> Number<'a> {
    /// As it was written.
    pub fn lexeme(self) -> &'a str {
        self.lexeme
    }
    /// The value where it is an integer (also written `1.0` or `1e2`) that fits.
    pub fn as_i64(self) -> Option<i64> {
        todo!()
    }
    pub fn as_f64(self) -> f64 {
        todo!()
    }
    /// By value: binary64 as AWS compares, except that two integers are compared exactly.
    pub fn compare(self, other: Number<'_>) -> Ordering {
        todo!()
    }
}
