//! `$eval`, which AWS has taken out of the language: an expression that is compiled when it is called.
//!
//! It sees the host's variables and the built-in functions, but nothing that the calling expression binds, and yields
//! JSON values only. All that it uses up counts for the evaluation around it.

use super::super::Evaluated;
use super::super::compile::{self, Dialect};
use super::super::error::{Failure, quote};
use super::super::eval::Machine;
use super::super::heap::Item;
use super::{Native, Outcome, native};

pub(super) const EVAL: &[Native] = &[native("eval", "<sx-:x>", 2, eval)];

/// `$eval(expression, context)`; the context of the call where none is given.
fn eval(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    if args[0] == Item::Undefined {
        return Ok(Item::Undefined);
    }
    let text = m.string(args[0]);
    // The parser recurses, too, and compiling is work.
    m.guard()?;
    m.reserve(text.len() * 64)?;
    let code = compile::compile(&text, Dialect::Official)
        .map_err(|error| Failure::new("D3120").insert("value", quote(&error.message)))?;
    let context = match m.output(args[1])? {
        Evaluated::Value(value) => Some(value),
        Evaluated::Undefined | Evaluated::Function => None,
    };
    match m.evaluate_within(&code, context) {
        Ok(Evaluated::Value(value)) => Ok(Item::Json(value)),
        Ok(Evaluated::Undefined) => Ok(Item::Undefined),
        Ok(Evaluated::Function) => Err(dynamic_error("functions cannot leave it")),
        // A bound that is hit ends all of it.
        Err(failure) if failure.is_of_bounds() => Err(failure),
        Err(failure) => Err(dynamic_error(&failure.finish().message)),
    }
}

fn dynamic_error(message: &str) -> Failure {
    Failure::new("D3121").insert("value", quote(message))
}
