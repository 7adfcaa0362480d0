//! Functions that call functions.

use super::super::error::Failure;
use super::super::eval::Machine;
use super::super::heap::{Item, ListId, ListKind};
use super::{Native, Outcome, native};

pub(super) const HIGHER_ORDER: &[Native] = &[
    native("map", "<af>", 2, map),
    native("filter", "<af>", 2, filter),
    native("single", "<af?>", 2, single),
    native("reduce", "<afj?:j>", 3, reduce),
    native("each", "<o-f:a>", 2, each),
    native("sift", "<o-f?:o>", 2, sift),
];

/// Calls `function` with as many of the arguments as it wants, at least one.
fn call(m: &mut Machine<'_, '_>, function: Item, args: [Item; 3]) -> Outcome {
    m.step()?;
    let n_args = m.arity(function).clamp(1, 3);
    m.apply(function, &args[..n_args])
}

fn call_at(
    m: &mut Machine<'_, '_>,
    function: Item,
    list: ListId,
    index: usize,
    array: Item,
) -> Outcome {
    let element = m.heap.element(list, index);
    call(m, function, [element, Item::Int(index as i64), array])
}

fn map(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let [array, function, ..] = *args else {
        return Ok(Item::Undefined);
    };
    if array == Item::Undefined {
        return Ok(array);
    }
    let list = m.as_list(array)?;
    let base = m.stack.len();
    for index in 0..m.heap.list_len(list) {
        let result = call_at(m, function, list, index, array)?;
        if result != Item::Undefined {
            m.stack.push(result);
        }
    }
    m.list_from(base, ListKind::SEQUENCE)
}

fn filter(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let [array, function, ..] = *args else {
        return Ok(Item::Undefined);
    };
    if array == Item::Undefined {
        return Ok(array);
    }
    let list = m.as_list(array)?;
    let base = m.stack.len();
    for index in 0..m.heap.list_len(list) {
        let result = call_at(m, function, list, index, array)?;
        if m.truth(result)? {
            m.stack.push(m.heap.element(list, index));
        }
    }
    m.list_from(base, ListKind::SEQUENCE)
}

/// The one element for which the function is true, or the only one.
fn single(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let [array, function, ..] = *args else {
        return Ok(Item::Undefined);
    };
    if array == Item::Undefined {
        return Ok(array);
    }
    let list = m.as_list(array)?;
    let mut found = None;
    for index in 0..m.heap.list_len(list) {
        let matches = match function {
            Item::Undefined => true,
            _ => {
                let result = call_at(m, function, list, index, array)?;
                m.truth(result)?
            }
        };
        if matches && found.replace(m.heap.element(list, index)).is_some() {
            return Err(Failure::new("D3138"));
        }
    }
    found.ok_or_else(|| Failure::new("D3139"))
}

/// `$reduce(array, function, initial)`.
fn reduce(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let [array, function, initial, ..] = *args else {
        return Ok(Item::Undefined);
    };
    if array == Item::Undefined {
        return Ok(array);
    }
    let arity = m.arity(function);
    if arity < 2 {
        return Err(Failure::new("D3050"));
    }
    let list = m.as_list(array)?;
    let len = m.heap.list_len(list);
    let (mut result, start) = match initial {
        Item::Undefined if len > 0 => (m.heap.element(list, 0), 1),
        initial => (initial, 0),
    };
    for index in start..len {
        m.step()?;
        let element = m.heap.element(list, index);
        let args = [result, element, Item::Int(index as i64), array];
        result = m.apply(function, &args[..arity.min(4)])?;
    }
    Ok(result)
}

/// Names and values of an object's members, in turn.
fn members(m: &mut Machine<'_, '_>, object: Item) -> Result<Vec<Item>, Failure> {
    let base = m.stack.len();
    m.push_members(object)?;
    Ok(m.stack.drain(base..).collect())
}

fn each(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let [object, function, ..] = *args else {
        return Ok(Item::Undefined);
    };
    let members = members(m, object)?;
    let base = m.stack.len();
    for [name, value] in members.as_chunks().0 {
        let result = call(m, function, [*value, *name, object])?;
        if result != Item::Undefined {
            m.stack.push(result);
        }
    }
    m.list_from(base, ListKind::SEQUENCE)
}

/// The members for which the function is true; nothing if there are none.
fn sift(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let [object, function, ..] = *args else {
        return Ok(Item::Undefined);
    };
    let members = members(m, object)?;
    let mut kept = Vec::new();
    for [name, value] in members.as_chunks().0 {
        let result = call(m, function, [*value, *name, object])?;
        if m.truth(result)? {
            kept.push((*name, *value));
        }
    }
    match kept.is_empty() {
        true => Ok(Item::Undefined),
        false => Ok(Item::Object(m.heap.push_object(&kept))),
    }
}
