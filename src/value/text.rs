//! Strings in JSON spelling, without their quotes.

use std::borrow::Cow;

/// A string as it stands in a JSON text, without its quotes.
#[derive(Clone, Copy, Debug)]
pub struct JsonStr<'a> {
    pub(super) spelled: &'a str,
    pub(super) escaped: bool,
}

#[allow(unused_variables, missing_docs)]
impl<'a> JsonStr<'a> {
    /// JSON spelling.
    pub fn spelled(self) -> &'a str {
        self.spelled
    }
    /// The characters; borrowed where nothing is escaped.
    pub fn decode(self) -> Cow<'a, str> {
        todo!()
    }
    pub fn eq_str(self, other: &str) -> bool {
        todo!()
    }
}
