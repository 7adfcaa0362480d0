//! Truth, existence, and failing on purpose.

use super::super::error::Failure;
use super::super::eval::Machine;
use super::super::heap::Item;
use super::{Native, Outcome, native};

pub(super) const LOGIC: &[Native] = &[
    native("boolean", "<x-:b>", 1, boolean),
    native("not", "<x-:b>", 1, not),
    native("exists", "<x:b>", 1, exists),
    native("error", "<s?:x>", 1, error),
    native("assert", "<bs?:x>", 2, assert),
];

fn boolean(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    match args[0] {
        Item::Undefined => Ok(Item::Undefined),
        arg => Ok(Item::Bool(!m.is_function(arg) && m.truth(arg)?)),
    }
}

fn not(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    match args[0] {
        Item::Undefined => Ok(Item::Undefined),
        arg => Ok(Item::Bool(m.is_function(arg) || !m.truth(arg)?)),
    }
}

fn exists(_: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    Ok(Item::Bool(args[0] != Item::Undefined))
}

fn error(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    Err(failed(m, args[0], "D3137", "$error() function evaluated"))
}

fn assert(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    match m.bool(args[0]) {
        Some(true) => Ok(Item::Undefined),
        _ => Err(failed(m, args[1], "D3141", "$assert() statement failed")),
    }
}

fn failed(m: &Machine<'_, '_>, message: Item, code: &'static str, otherwise: &str) -> Failure {
    let message = match m.string(message) {
        message if message.is_empty() => otherwise.to_owned(),
        message => message,
    };
    Failure::new(code).insert("{message", message)
}
