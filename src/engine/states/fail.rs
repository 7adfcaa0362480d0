//! Fail: ends its scope with an error.

use super::{shown, string};
use crate::engine::failure::StateError;
use crate::engine::fiber::Fiber;
use crate::engine::run::{Run, StateResult, Turn};
use crate::plan::{Fail, State, Text};
use crate::value::Kind;

pub(in crate::engine) fn run(
    run: &mut Run,
    state: &State,
    fail: &Fail,
    fiber: &Fiber,
) -> StateResult<Turn> {
    let error = text(run, state, fiber, "ErrorPath", fail.error.as_ref())?;
    let cause = text(run, state, fiber, "CausePath", fail.cause.as_ref())?;
    Err(StateError::reported(error, cause))
}

fn text(
    run: &mut Run,
    state: &State,
    fiber: &Fiber,
    field: &'static str,
    text: Option<&Text>,
) -> StateResult<Option<String>> {
    match text {
        None => Ok(None),
        Some(Text::Literal(text)) => Ok(Some(text.clone())),
        Some(Text::Query(query)) => run
            .evaluate(state, fiber, fiber.raw, |scope, arena, scratch| {
                let value = query.eval_as(Kind::String, scope, arena, scratch)?;
                Ok(shown(arena, value))
            })
            .map(Some),
        Some(Text::Path(path)) => run
            .evaluate(state, fiber, fiber.raw, |scope, arena, scratch| {
                let value = path.eval(field, scope, arena, scratch)?;
                string(arena, value, field, path.text())
            })
            .map(Some),
    }
}
