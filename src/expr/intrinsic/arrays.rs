//! The functions on arrays.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::value::Arena;
use crate::value::Kind;
use crate::value::Value;

use super::{Failure, Intrinsic, Invocation};

/// Elements that `States.ArrayRange` makes at most.
const MAX_RANGE: i64 = 1000;

pub(super) const ARRAYS: &[Intrinsic] = &[
    Intrinsic {
        name: "States.Array",
        args: 0..=usize::MAX,
        pure: true,
        eval: array,
    },
    Intrinsic {
        name: "States.ArrayContains",
        args: 2..=2,
        pure: true,
        eval: contains,
    },
    Intrinsic {
        name: "States.ArrayGetItem",
        args: 2..=2,
        pure: true,
        eval: get_item,
    },
    Intrinsic {
        name: "States.ArrayLength",
        args: 1..=1,
        pure: true,
        eval: length,
    },
    Intrinsic {
        name: "States.ArrayPartition",
        args: 2..=2,
        pure: true,
        eval: partition,
    },
    Intrinsic {
        name: "States.ArrayRange",
        args: 3..=3,
        pure: true,
        eval: range,
    },
    Intrinsic {
        name: "States.ArrayUnique",
        args: 1..=1,
        pure: true,
        eval: unique,
    },
];

/// `States.Array(a, b, …)`: an array of its arguments.
fn array(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    Ok(call.arena.array(call.args))
}

/// `States.ArrayContains(array, value)`: deep equality, numbers by value.
fn contains(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let array = call.array(0)?;
    let mut elements = call.arena.elements(array);
    let found = elements.any(|element| call.arena.equal(element, call.args[1]));
    Ok(Value::bool(found))
}

/// `States.ArrayGetItem(array, index)`, from 0.
fn get_item(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let array = call.array(0)?;
    let index = call.integer(1)?;
    let item = usize::try_from(index)
        .ok()
        .and_then(|index| call.arena.index(array, index));
    item.ok_or_else(|| {
        let len = call.arena.len(array);
        Failure::new(format!(
            "index {index} is out of the bounds of an array of length {len}"
        ))
    })
}

/// `States.ArrayLength(array)`
fn length(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let array = call.array(0)?;
    let len = i64::try_from(call.arena.len(array)).unwrap_or(i64::MAX);
    Ok(call.arena.integer(len))
}

/// `States.ArrayPartition(array, size)`: chunks, the last one possibly shorter.
fn partition(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let array = call.array(0)?;
    let size = usize::try_from(call.integer(1)?)
        .ok()
        .filter(|size| *size > 0);
    let size = size.ok_or_else(|| call.wrong(1, "a positive integer"))?;
    let values = &mut call.scratch.values;
    let start = values.len();
    values.extend(call.arena.elements(array));
    let end = values.len();
    for first in (start..end).step_by(size) {
        let chunk = call
            .arena
            .array(&values[first..end.min(first.saturating_add(size))]);
        values.push(chunk);
    }
    let chunks = call.arena.array(&values[end..]);
    values.truncate(start);
    Ok(chunks)
}

/// `States.ArrayRange(first, last, step)`: the last value is included when the steps meet it.
fn range(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let (first, last, step) = (call.integer(0)?, call.integer(1)?, call.integer(2)?);
    if step == 0 {
        return Err(call.wrong(2, "an integer other than 0"));
    }
    let distance = i128::from(last) - i128::from(first);
    let steps = distance / i128::from(step);
    if distance.signum() * i128::from(step.signum()) < 0 {
        return Ok(Value::EMPTY_ARRAY);
    }
    if steps >= i128::from(MAX_RANGE) {
        let message = format!("the range has more than {MAX_RANGE} items");
        return Err(Failure::new(message));
    }
    let values = &mut call.scratch.values;
    let start = values.len();
    for n in 0..=steps as i64 {
        values.push(call.arena.integer(first + n * step));
    }
    let array = call.arena.array(&values[start..]);
    values.truncate(start);
    Ok(array)
}

/// `States.ArrayUnique(array)`: the first of each group of deeply equal elements, in order.
fn unique(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let array = call.array(0)?;
    let arena = &*call.arena;
    let mut hashed: Vec<(u64, usize, Value)> = arena
        .elements(array)
        .enumerate()
        .map(|(place, element)| (hash(arena, element), place, element))
        .collect();
    hashed.sort_unstable_by_key(|(hash, place, _)| (*hash, *place));
    let mut first: Vec<(u64, usize, Value)> = Vec::with_capacity(hashed.len());
    for (hash, place, element) in hashed {
        let mut group = first.iter().rev().take_while(|(other, ..)| *other == hash);
        if !group.any(|(.., other)| arena.equal(*other, element)) {
            first.push((hash, place, element));
        }
    }
    first.sort_unstable_by_key(|(_, place, _)| *place);
    let values = &mut call.scratch.values;
    let start = values.len();
    values.extend(first.iter().map(|(.., element)| *element));
    let array = call.arena.array(&values[start..]);
    values.truncate(start);
    Ok(array)
}

/// Equal values have equal hashes. Where the members of an object stand does not count.
fn hash(arena: &Arena, value: Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    let kind = arena.kind(value);
    (kind as u8).hash(&mut hasher);
    match kind {
        Kind::Null => {}
        Kind::Bool => arena.as_bool(value).hash(&mut hasher),
        Kind::Number => {
            if let Some(number) = arena.as_number(value) {
                // Integers that no binary64 tells apart must not all fall into one group.
                match number.as_i64() {
                    Some(integer) => integer.hash(&mut hasher),
                    None if number.lexeme().len() > 20 => number.lexeme().hash(&mut hasher),
                    None => number.as_f64().to_bits().hash(&mut hasher),
                }
            }
        }
        Kind::String => arena
            .as_str(value)
            .map(|text| text.decode())
            .hash(&mut hasher),
        Kind::Array => {
            for element in arena.elements(value) {
                hash(arena, element).hash(&mut hasher);
            }
        }
        Kind::Object => {
            let member = |(name, member)| {
                let pair = (hash(arena, name), hash(arena, member));
                let mut hasher = DefaultHasher::new();
                pair.hash(&mut hasher);
                hasher.finish()
            };
            let sum = arena.members(value).map(member).fold(0, u64::wrapping_add);
            sum.hash(&mut hasher);
        }
    }
    hasher.finish()
}
