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
    call.scratch.text.clear();
    call.copy_text(0)?;
    let end = call.copy_text(1)?;
    let (arena, values) = (&mut *call.arena, &mut call.scratch.values);
    let (text, delimiters) = call.scratch.text.split_at(end);
    let start = values.len();
    let parts = text.split(|c| delimiters.contains(c));
    for part in parts.filter(|part| !part.is_empty()) {
        values.push(arena.string(part));
    }
    let array = arena.array(&values[start..]);
    values.truncate(start);
    Ok(array)
}
