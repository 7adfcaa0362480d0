//! The memory of one execution, and the handles into it.

use std::ops::Range;
use std::sync::Arc;

use super::{Constants, JsonStr, Key, Number};

/// A handle to an immutable JSON value in an [`Arena`] or in its [`Constants`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Value(pub(super) u32);

pub(super) const CONSTANT: u32 = 1 << 31;

impl Value {
    /// `null`; like the five below it stands at a fixed place of every [`Constants`].
    pub const NULL: Value = Value(CONSTANT);
    /// `true`.
    pub const TRUE: Value = Value(CONSTANT | 1);
    /// `false`.
    pub const FALSE: Value = Value(CONSTANT | 2);
    /// `{}`.
    pub const EMPTY_OBJECT: Value = Value(CONSTANT | 3);
    /// `[]`.
    pub const EMPTY_ARRAY: Value = Value(CONSTANT | 4);
    /// `""`.
    pub const EMPTY_STRING: Value = Value(CONSTANT | 5);

    /// `true` or `false`.
    pub fn bool(value: bool) -> Value {
        if value { Value::TRUE } else { Value::FALSE }
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// a number, kept as it was spelled
    Number,
    /// a string
    String,
    /// an array
    Array,
    /// an object
    Object,
}

/// Upper bounds of a value's size, read in constant time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// At least the bytes of its compact JSON text.
    pub bytes: usize,
    /// At least its nesting depth (a scalar has 0, `[]` has 1).
    pub depth: usize,
}

/// Bounds of a document that is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseLimits {
    /// Deepest nesting that is accepted, at most 512.
    pub depth: usize,
    /// Refuse a member name that occurs twice in one object, instead of letting the last one win.
    pub reject_duplicate_keys: bool,
}

/// Why a text is not JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {line} column {column}")]
pub struct ParseError {
    /// What was wrong.
    pub message: String,
    /// Byte offset in the text.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The memory of one execution: text, nodes and the lists that built containers point to.
///
/// Cleared and used again, never freed between executions; see [`Arena::reset`].
pub struct Arena {}

#[allow(unused_variables, missing_docs, clippy::todo)]
impl Arena {
    pub fn new(constants: Arc<Constants>) -> Arena {
        todo!()
    }
    /// Forgets everything and takes another plan's constants; keeps the buffers (shrinks outliers).
    pub fn reset(&mut self, constants: &Arc<Constants>) {
        todo!()
    }
    /// Reads a JSON text; may be called several times in one execution (event, task replies, StringToJson).
    pub fn parse(&mut self, text: &[u8], limits: ParseLimits) -> Result<Value, ParseError> {
        todo!()
    }

    // Reading.
    pub fn kind(&self, value: Value) -> Kind {
        todo!()
    }
    pub fn as_bool(&self, value: Value) -> Option<bool> {
        todo!()
    }
    pub fn as_number(&self, value: Value) -> Option<Number<'_>> {
        todo!()
    }
    pub fn as_str(&self, value: Value) -> Option<JsonStr<'_>> {
        todo!()
    }
    /// Elements of an array or distinct members of an object; 0 for a scalar.
    pub fn len(&self, value: Value) -> usize {
        todo!()
    }
    /// The member of an object; the last one where a name occurs twice.
    pub fn get(&self, object: Value, key: &Key) -> Option<Value> {
        todo!()
    }
    /// The same by a name known only at run time.
    pub fn get_by_name(&self, object: Value, name: &str) -> Option<Value> {
        todo!()
    }
    pub fn index(&self, array: Value, index: usize) -> Option<Value> {
        todo!()
    }
    pub fn elements(&self, array: Value) -> impl Iterator<Item = Value> + '_ {
        std::iter::empty()
    }
    /// Members in order of first insertion, duplicates resolved; the name is a string value that can be used as a key in [`Arena::object`].
    pub fn members(&self, object: Value) -> impl Iterator<Item = (Value, Value)> + '_ {
        std::iter::empty()
    }
    /// Deep equality: numbers by value, objects whatever the order of members. Does not recurse on the stack without bound.
    pub fn equal(&self, a: Value, b: Value) -> bool {
        todo!()
    }
    pub fn measure(&self, value: Value) -> Measure {
        todo!()
    }
    /// Bytes of memory that the execution holds here.
    pub fn bytes_used(&self) -> usize {
        todo!()
    }
    /// Where in the parsed text the value stands (only for parsed values: diagnostics of definitions).
    pub fn span(&self, value: Value) -> Option<Range<usize>> {
        todo!()
    }
    /// Appends compact JSON.
    pub fn print(&self, value: Value, out: &mut Vec<u8>) {
        todo!()
    }
    pub fn to_json(&self, value: Value) -> String {
        todo!()
    }

    // Building. Nothing here checks limits: the caller measures at state boundaries.
    /// A string from its decoded characters.
    pub fn string(&mut self, text: &str) -> Value {
        todo!()
    }
    pub fn integer(&mut self, value: i64) -> Value {
        todo!()
    }
    /// A finite number by the printing policy: an integer where it is one, else the shortest text that reads back the same.
    pub fn float(&mut self, value: f64) -> Value {
        todo!()
    }
    pub fn array(&mut self, elements: &[Value]) -> Value {
        todo!()
    }
    /// An object from (name, value) pairs; the names are string values and distinct.
    pub fn object(&mut self, members: &[(Value, Value)]) -> Value {
        todo!()
    }
    /// `base` with one member set: replaced in its place or appended. `base` must be an object.
    pub fn with(&mut self, base: Value, key: Value, value: Value) -> Value {
        todo!()
    }
    /// `base` with the element at `index` replaced; `index` is in range.
    pub fn with_element(&mut self, base: Value, index: usize, value: Value) -> Value {
        todo!()
    }
    /// A string put together in JSON spelling: `States.Format` and the like never unescape what they only copy.
    pub fn concat(&mut self, parts: &mut dyn FnMut(&mut dyn FnMut(Part<'_>))) -> Value {
        todo!()
    }
    /// Copies a value of another arena into this one.
    pub fn copy_from(&mut self, other: &Arena, value: Value) -> Value {
        todo!()
    }

    // Fork and join.
    /// A child that reads `parent` (frozen meanwhile) and continues its index space.
    pub fn fork(parent: &Arc<Arena>) -> Arena {
        todo!()
    }
    /// Takes a child's tables in and gives the value as this arena knows it. `self` is the child's parent, unchanged since the fork
    /// except for earlier adoptions.
    pub fn adopt(&mut self, child: &Arena, value: Value) -> Value {
        todo!()
    }
}

/// A piece of a string under construction.
pub enum Part<'a> {
    /// Decoded characters.
    Text(&'a str),
    /// A string, number, … that already is in this arena: strings without quotes, everything else as printed.
    Value(Value),
}
