//! A field of a definition: what it says and where it stands.

use std::ops::{Deref, Range};

/// Where something stands in a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// JSON pointer: `/States/Choose/Choices/2/Next`.
    pub pointer: String,
    /// Bytes of the definition's text.
    pub span: Range<usize>,
}

/// What a field says, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<T> {
    /// What it says.
    pub value: T,
    /// Where its value stands.
    pub place: Place,
}

impl<T> Deref for Field<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A path that may be switched off: `InputPath`, `ResultPath`, `OutputPath`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NullablePath {
    /// The field is absent and means `$`.
    Default,
    /// `null`: `{}` for input and output; the result is dropped.
    Null,
    /// The text of a path; it may be `$`, too.
    Path(Field<String>),
}

/// The two spellings of a field that may be computed: `Seconds` and `SecondsPath`, `Error` and `ErrorPath`, …
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiteralOrPath<T> {
    /// Written in the definition.
    Literal(Field<T>),
    /// The text of a reference path (for `ErrorPath` and `CausePath` also of an intrinsic call).
    Path(Field<String>),
    /// The JSONata expression between `{%` and `%}`.
    Query(Field<String>),
}
