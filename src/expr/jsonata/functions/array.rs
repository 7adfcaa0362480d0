//! Arrays.

use std::collections::HashSet;

use super::super::error::Failure;
use super::super::eval::{Kind, Machine};
use super::super::heap::{Item, ListKind};
use super::{Native, Outcome, native};

pub(super) const ARRAY: &[Native] = &[
    native("count", "<a:n>", 1, count),
    native("append", "<xx:a>", 2, append),
    native("reverse", "<a:a>", 1, reverse),
    native("shuffle", "<a:a>", 1, shuffle),
    native("distinct", "<x:x>", 1, distinct),
    native("sort", "<af?:a>", 2, sort),
    Native {
        variadic: true,
        ..native("zip", "<a+>", 0, zip)
    },
];

fn count(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    Ok(match args[0] {
        Item::Undefined => Item::Int(0),
        array => Item::Int(m.len(array) as i64),
    })
}

fn append(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    match (args[0], args[1]) {
        (Item::Undefined, other) | (other, Item::Undefined) => Ok(other),
        (first, second) => {
            m.reserve((m.len(first) + m.len(second)) * 8)?;
            let base = m.stack.len();
            m.push_elements(first)?;
            m.push_elements(second)?;
            m.list_from(base, ListKind::ARRAY)
        }
    }
}

/// An array of at least two elements is changed on the stack; anything less is left as it is.
fn changed(
    m: &mut Machine<'_, '_>,
    array: Item,
    change: impl FnOnce(&mut Machine<'_, '_>, &mut [Item]) -> Result<(), Failure>,
) -> Outcome {
    if array == Item::Undefined || m.len(array) <= 1 {
        return Ok(array);
    }
    let base = m.stack.len();
    m.push_elements(array)?;
    let mut items: Vec<Item> = m.stack.drain(base..).collect();
    change(m, &mut items)?;
    m.reserve(items.len() * 8)?;
    Ok(Item::List(m.heap.push_list(&items, ListKind::ARRAY)))
}

fn reverse(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    changed(m, args[0], |_, items| {
        items.reverse();
        Ok(())
    })
}

fn shuffle(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    changed(m, args[0], |m, items| {
        for place in (1..items.len()).rev() {
            let other = (m.scope.random.next_f64() * (place + 1) as f64) as usize;
            items.swap(place, other.min(place));
        }
        Ok(())
    })
}

/// `$sort(array, after)`: by a function that says whether the first comes after the second, else numbers or strings.
fn sort(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let function = args[1];
    changed(m, args[0], |m, items| {
        if function != Item::Undefined {
            return m.sort_items(items, &mut |m, a, b| {
                let after = m.apply(function, &[a, b])?;
                // Any array or object counts as true here.
                Ok(
                    matches!(m.kind(after), Kind::Array | Kind::Object | Kind::Function)
                        || m.truth(after)?,
                )
            });
        }
        let all = |kind| items.iter().all(|item| m.kind(*item) == kind);
        if !all(Kind::Number) && !all(Kind::String) {
            return Err(Failure::new("D3070"));
        }
        m.spend(items.len() * items.len().ilog2() as usize)?;
        items.sort_by(|a, b| m.order(*a, *b).unwrap_or(std::cmp::Ordering::Equal));
        Ok(())
    })
}

fn zip(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let lens = args
        .iter()
        .map(|arg| if m.is_array(*arg) { m.len(*arg) } else { 0 });
    let len = lens.min().unwrap_or(0);
    m.reserve(len * args.len() * 8)?;
    let mut lists = Vec::with_capacity(args.len());
    if len > 0 {
        for arg in args {
            lists.push(m.as_list(*arg)?);
        }
    }
    let base = m.stack.len();
    for index in 0..len {
        let tuple: Vec<Item> = lists
            .iter()
            .map(|list| m.heap.element(*list, index))
            .collect();
        let tuple = m.heap.push_list(&tuple, ListKind::ARRAY);
        m.stack.push(Item::List(tuple));
    }
    m.list_from(base, ListKind::ARRAY)
}

/// Leaves out what equals an element before it.
fn distinct(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let array = args[0];
    if !m.is_array(array) || m.len(array) <= 1 {
        return Ok(array);
    }
    let kind = if m.is_sequence(array) {
        ListKind::SEQUENCE
    } else {
        ListKind::ARRAY
    };
    let list = m.as_list(array)?;
    let base = m.stack.len();
    let mut scalars: HashSet<(Kind, String)> = HashSet::new();
    let mut containers: Vec<Item> = Vec::new();
    for index in 0..m.heap.list_len(list) {
        m.step()?;
        let item = m.heap.element(list, index);
        let is_new = match m.kind(item) {
            kind @ (Kind::Array | Kind::Object | Kind::Function) => {
                let mut known = false;
                for other in &containers {
                    if m.kind(*other) == kind && m.equal(*other, item)? {
                        known = true;
                        break;
                    }
                }
                m.spend(containers.len())?;
                if !known {
                    containers.push(item);
                }
                !known
            }
            kind => scalars.insert((kind, scalar_key(m, item))),
        };
        if is_new {
            m.stack.push(item);
        }
    }
    m.list_from(base, kind)
}

/// Equal for equal scalars of one kind.
fn scalar_key(m: &Machine<'_, '_>, item: Item) -> String {
    match (m.number(item), m.bool(item)) {
        (Some(number), _) => match number {
            super::super::eval::Number::Int(value) => value.to_string(),
            super::super::eval::Number::Float(value) => value.to_string(),
        },
        (_, Some(truth)) => truth.to_string(),
        _ => m.string(item),
    }
}
