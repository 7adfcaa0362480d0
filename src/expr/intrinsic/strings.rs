//! Taking strings apart.

use crate::value::Value;

use super::{Failure, Intrinsic, Invocation};

pub(super) const STRINGS: &[Intrinsic] = &[Intrinsic {
    name: "States.StringSplit",
    args: 2..=2,
    pure: true,
    eval: string_split,
}];

/// `States.StringSplit(text, delimiters)`. Recorded: every character of the second argument splits, empty parts are dropped.
fn string_split(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let (text, delimiters) = (call.text(0)?.into_owned(), call.text(1)?.into_owned());
    let (arena, values) = (&mut *call.arena, &mut call.scratch.values);
    let start = values.len();
    let parts = text.split(|c| delimiters.contains(c));
    for part in parts.filter(|part| !part.is_empty()) {
        values.push(arena.string(part));
    }
    let array = arena.array(&values[start..]);
    values.truncate(start);
    Ok(array)
}
