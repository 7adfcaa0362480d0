//! JSON to and from strings, and merging.

use std::collections::HashMap;

use crate::value::Arena;
use crate::value::ParseLimits;
use crate::value::Value;
use crate::value::respell;

use super::{Failure, Intrinsic, Invocation};

pub(super) const JSON: &[Intrinsic] = &[
    Intrinsic {
        name: "States.StringToJson",
        args: 1..=1,
        pure: true,
        eval: string_to_json,
    },
    Intrinsic {
        name: "States.JsonToString",
        args: 1..=1,
        pure: true,
        eval: json_to_string,
    },
    Intrinsic {
        name: "States.JsonMerge",
        args: 3..=3,
        pure: true,
        eval: json_merge,
    },
];

/// How deep the JSON in a string may nest; the limits of the execution are checked at the state's end.
const LIMITS: ParseLimits = ParseLimits {
    depth: 200,
    reject_duplicate_keys: false,
};

/// Objects of which one is searched for every member of the other; larger ones get an index.
const FEW_PAIRS: usize = 256;

/// `States.StringToJson(text)`. Recorded: a blank text is null, `-0` is 0.
fn string_to_json(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    call.scratch.text.clear();
    call.copy_text(0)?;
    let text = &*call.scratch.text;
    match text.trim() {
        "" => Ok(Value::NULL),
        "-0" => Ok(call.arena.integer(0)),
        _ => {
            let parsed = call.arena.parse(text.as_bytes(), LIMITS);
            parsed.map_err(|error| Failure::new(format!("the string is not JSON: {error}")))
        }
    }
}

/// `States.JsonToString(value)`: compact JSON, whatever escapes the value came with.
fn json_to_string(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    call.charge(call.arena.measure(call.args[0]).bytes)?;
    let bytes = &mut call.scratch.bytes;
    bytes.clear();
    call.arena.print(call.args[0], bytes);
    let text = str::from_utf8(bytes).expect("JSON is printed as UTF-8");
    Ok(call.arena.string(&respell(text)))
}

/// `States.JsonMerge(a, b, false)`: the members of both, those of `b` where both have one.
fn json_merge(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let (base, over) = (call.object(0)?, call.object(1)?);
    match call.arena.as_bool(call.args[2]) {
        Some(false) => {}
        Some(true) => {
            return Err(Failure::new(
                "deep merging is not supported, argument 3 must be false",
            ));
        }
        None => return Err(call.wrong(2, "a boolean")),
    }
    let (arena, members) = (&*call.arena, &mut call.scratch.members);
    let start = members.len();
    members.extend(arena.members(base));
    if arena.len(base) * arena.len(over) <= FEW_PAIRS {
        merge_few(arena, over, start, members);
    } else {
        merge_many(arena, over, start, members);
    }
    let merged = call.arena.object(&members[start..]);
    members.truncate(start);
    Ok(merged)
}

fn merge_few(arena: &Arena, over: Value, start: usize, members: &mut Vec<(Value, Value)>) {
    let end = members.len();
    for (name, value) in arena.members(over) {
        let taken = members[start..end].iter_mut();
        match taken
            .into_iter()
            .find(|(taken, _)| arena.equal(*taken, name))
        {
            Some((_, old)) => *old = value,
            None => members.push((name, value)),
        }
    }
}

fn merge_many(arena: &Arena, over: Value, start: usize, members: &mut Vec<(Value, Value)>) {
    let text = |name: Value| {
        arena
            .as_str(name)
            .map_or_else(Default::default, |name| name.decode())
    };
    let named = members[start..].iter().enumerate();
    let places: HashMap<_, usize> = named
        .map(|(n, (name, _))| (text(*name), start + n))
        .collect();
    for (name, value) in arena.members(over) {
        match places.get(&text(name)) {
            Some(place) => members[*place].1 = value,
            None => members.push((name, value)),
        }
    }
}
