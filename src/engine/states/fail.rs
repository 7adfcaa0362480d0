//! Fail: ends its scope with an error.

use super::string;
use crate::engine::failure::StateError;
use crate::engine::fiber::Fiber;
use crate::engine::run::{Run, StateResult, Turn};
use crate::plan::{Fail, State, Text};

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
        Some(Text::Path(path)) => run
            .evaluate(state, fiber, fiber.raw, |scope, arena, scratch| {
                let value = path.eval(field, scope, arena, scratch)?;
                string(arena, value, field, path.text())
            })
            .map(Some),
    }
}
