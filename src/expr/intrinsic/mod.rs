//! The eighteen intrinsic functions: one file per family, each with its table first.

mod arrays;
mod call;
mod encoding;
mod format;
mod json;
mod math;
mod parser;
mod strings;

use std::ops::RangeInclusive;

pub use call::Call;

use crate::error_name;
use crate::value::Arena;
use crate::value::Kind;
use crate::value::Value;

use super::{Random, Scratch};

/// Characters that `States.Hash` and the Base64 functions take at most.
const MAX_CHARACTERS: usize = 10_000;

/// Bytes of a string that a function builds at most. Far above every payload limit; it only keeps one state from
/// multiplying a large text without bound.
const MAX_TEXT_BYTES: usize = 16 << 20;

/// A function of the table.
#[derive(Debug)]
pub(super) struct Intrinsic {
    name: &'static str,
    args: RangeInclusive<usize>,
    /// Whether equal arguments always give the same result.
    pure: bool,
    eval: fn(&mut Invocation<'_>) -> Result<Value, Failure>,
}

/// All families.
fn table() -> impl Iterator<Item = &'static Intrinsic> {
    let families = [
        arrays::ARRAYS,
        encoding::ENCODING,
        format::FORMAT,
        json::JSON,
        math::MATH,
        strings::STRINGS,
    ];
    families.into_iter().flatten()
}

/// A function being evaluated.
struct Invocation<'a> {
    /// Evaluated; their number is one that the table allows.
    args: &'a [Value],
    /// The constant template of a `States.Format`.
    template: Option<&'a [format::Piece]>,
    arena: &'a mut Arena,
    scratch: &'a mut Scratch,
    random: &'a Random,
}

/// Why a function failed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    error: &'static str,
    message: String,
}

impl Failure {
    #[cold]
    fn new(message: impl Into<String>) -> Failure {
        Failure {
            error: error_name::INTRINSIC_FAILURE,
            message: message.into(),
        }
    }
}

impl Invocation<'_> {
    /// An argument that has to be a number, rounded to an integer with halves going up (recorded: 1.5 gives 2, -1.5 gives -1).
    fn integer(&self, place: usize) -> Result<i64, Failure> {
        let number = self.arena.as_number(self.args[place]);
        let number = number.ok_or_else(|| self.wrong(place, "a number"))?;
        if let Some(integer) = number.as_i64() {
            return Ok(integer);
        }
        let rounded = (number.as_f64() + 0.5).floor();
        // Powers of two are exact in binary64: everything strictly between them fits.
        if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded) {
            Ok(rounded as i64)
        } else {
            Err(self.wrong(place, "a number of 64 bits"))
        }
    }

    /// An argument that has to be an array.
    fn array(&self, place: usize) -> Result<Value, Failure> {
        self.of_kind(place, Kind::Array, "an array")
    }

    /// An argument that has to be an object.
    fn object(&self, place: usize) -> Result<Value, Failure> {
        self.of_kind(place, Kind::Object, "an object")
    }

    fn of_kind(&self, place: usize, kind: Kind, name: &str) -> Result<Value, Failure> {
        let value = self.args[place];
        match self.arena.kind(value) == kind {
            true => Ok(value),
            false => Err(self.wrong(place, name)),
        }
    }

    /// The characters of an argument that has to be a string.
    fn text(&self, place: usize) -> Result<std::borrow::Cow<'_, str>, Failure> {
        match self.arena.as_str(self.args[place]) {
            Some(text) => Ok(text.decode()),
            None => Err(self.wrong(place, "a string")),
        }
    }

    /// Puts the characters of an argument that has to be a string behind those in the scratch's text, where they stay readable
    /// while the arena is written. Gives where they begin.
    fn copy_text(&mut self, place: usize) -> Result<usize, Failure> {
        let Some(string) = self.arena.as_str(self.args[place]) else {
            return Err(self.wrong(place, "a string"));
        };
        let text = &mut self.scratch.text;
        let start = text.len();
        match string.spelled().contains('\\') {
            false => text.push_str(string.spelled()),
            true => text.extend(string.chars()),
        }
        Ok(start)
    }

    /// `argument 2 must be an array, got "x"`
    #[cold]
    fn wrong(&self, place: usize, wanted: &str) -> Failure {
        const SHOWN: usize = 100;
        let mut got = self.arena.to_plain_json(self.args[place]);
        if let Some((end, _)) = got.char_indices().nth(SHOWN) {
            got.truncate(end);
            got.push('…');
        }
        Failure::new(format!(
            "argument {} must be {wanted}, got {got}",
            place + 1
        ))
    }

    /// Refuses a text that would be longer than any state may build.
    fn charge(&self, bytes: usize) -> Result<(), Failure> {
        if bytes <= MAX_TEXT_BYTES {
            return Ok(());
        }
        Err(Failure {
            error: error_name::DATA_LIMIT_EXCEEDED,
            message: format!("the result has more than {MAX_TEXT_BYTES} bytes"),
        })
    }
}

#[cfg(test)]
mod tests;
