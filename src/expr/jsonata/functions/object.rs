//! Objects, and what a value is.

use std::collections::HashSet;

use crate::value::Key;

use super::super::error::Failure;
use super::super::eval::{Kind, Machine};
use super::super::heap::{Item, ListId, ListKind};
use super::{Native, Outcome, native};

pub(super) const OBJECT: &[Native] = &[
    native("keys", "<x-:a<s>>", 1, keys),
    native("lookup", "<x-s:x>", 2, lookup),
    native("spread", "<x-:a<o>>", 1, spread),
    native("merge", "<a<o>:o>", 1, merge),
    native("type", "<x:s>", 1, type_of),
    native("clone", "<(oa)-:o>", 1, clone),
];

/// The names of the members; of objects in an array each name once.
fn keys(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let base = m.stack.len();
    let mut known = HashSet::new();
    push_keys(m, args[0], &mut known)?;
    m.list_from(base, ListKind::SEQUENCE)
}

fn push_keys(
    m: &mut Machine<'_, '_>,
    item: Item,
    known: &mut HashSet<String>,
) -> Result<(), Failure> {
    m.step()?;
    if m.is_array(item) {
        m.guard()?;
        let list = m.as_list(item)?;
        for index in 0..m.heap.list_len(list) {
            push_keys(m, m.heap.element(list, index), known)?;
        }
        return Ok(());
    }
    let base = m.stack.len();
    m.push_members(item)?;
    let names: Vec<Item> = m.stack.drain(base..).step_by(2).collect();
    for name in names {
        if known.insert(m.string(name)) {
            m.stack.push(name);
        }
    }
    Ok(())
}

/// `$lookup(object, name)`.
fn lookup(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let key = Key::new(&m.string(args[1]));
    m.lookup(args[0], &key)
}

/// One object for each member.
fn spread(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let arg = args[0];
    let base = m.stack.len();
    match m.kind(arg) {
        Kind::Object => {
            push_spread(m, arg)?;
            m.list_from(base, ListKind::SEQUENCE)
        }
        Kind::Array => {
            push_spread(m, arg)?;
            let empty = m.len(arg) == 0;
            m.list_from(
                base,
                if empty {
                    ListKind::SEQUENCE
                } else {
                    ListKind::ARRAY
                },
            )
        }
        _ => Ok(arg),
    }
}

fn push_spread(m: &mut Machine<'_, '_>, item: Item) -> Result<(), Failure> {
    m.step()?;
    match m.kind(item) {
        Kind::Array => {
            m.guard()?;
            let list = m.as_list(item)?;
            for index in 0..m.heap.list_len(list) {
                push_spread(m, m.heap.element(list, index))?;
            }
        }
        Kind::Object => {
            let base = m.stack.len();
            m.push_members(item)?;
            let members: Vec<Item> = m.stack.drain(base..).collect();
            for [name, value] in members.as_chunks().0 {
                let object = m.heap.push_object(&[(*name, *value)]);
                m.stack.push(Item::Object(object));
            }
        }
        Kind::Undefined => {}
        _ => m.stack.push(item),
    }
    Ok(())
}

/// One object with the members of all; the last value of a name counts, at its first place.
fn merge(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    if args[0] == Item::Undefined {
        return Ok(Item::Undefined);
    }
    let list = m.as_list(args[0])?;
    if let Some(merged) = patch(m, list)? {
        return Ok(merged);
    }
    let mut places = std::collections::HashMap::new();
    let mut merged: Vec<(Item, Item)> = Vec::new();
    for index in 0..m.heap.list_len(list) {
        let base = m.stack.len();
        m.push_members(m.heap.element(list, index))?;
        let members: Vec<Item> = m.stack.drain(base..).collect();
        m.spend(members.len())?;
        for [name, value] in members.as_chunks().0 {
            let place = *places.entry(m.string(*name)).or_insert(merged.len());
            match merged.get_mut(place) {
                Some(member) => member.1 = *value,
                None => merged.push((*name, *value)),
            }
        }
    }
    m.reserve(merged.len() * 8)?;
    Ok(Item::Object(m.heap.push_object(&merged)))
}

/// Members that a patch of an object may set.
const FEW: usize = 8;

/// The same where few members join an object that is JSON already: it is shared and not taken apart. None if it is not so.
fn patch(m: &mut Machine<'_, '_>, list: ListId) -> Result<Option<Item>, Failure> {
    let len = m.heap.list_len(list);
    let rest = || (1..len).map(|index| m.heap.element(list, index));
    let Item::Json(mut merged) = m.heap.element(list, 0) else {
        return Ok(None);
    };
    if m.kind(Item::Json(merged)) != Kind::Object
        || rest().map(|o| m.n_members(o)).sum::<usize>() > FEW
    {
        return Ok(None);
    }
    let base = m.stack.len();
    for index in 1..len {
        m.push_members(m.heap.element(list, index))?;
    }
    for place in (base..m.stack.len()).step_by(2) {
        let (name, value) = (m.stack[place], m.stack[place + 1]);
        let (Some(name), Some(value)) = (m.value_of(name)?, m.value_of(value)?) else {
            // A function is no JSON.
            m.stack.truncate(base);
            return Ok(None);
        };
        merged = m.arena.with(merged, name, value);
    }
    m.stack.truncate(base);
    Ok(Some(Item::Json(merged)))
}

fn type_of(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let name = match m.kind(args[0]) {
        Kind::Undefined => return Ok(Item::Undefined),
        Kind::Null => "null",
        Kind::Bool => "boolean",
        Kind::Number => "number",
        Kind::String => "string",
        Kind::Array => "array",
        Kind::Object => "object",
        Kind::Function => "function",
    };
    m.text(name)
}

/// The copy that a transform changes.
fn clone(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    m.deep_copy(args[0])
}
