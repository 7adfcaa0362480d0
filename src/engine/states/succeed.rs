//! Succeed: ends its scope.

use crate::engine::fiber::Fiber;
use crate::engine::run::{Run, StateResult, Turn};
use crate::plan::{Next, PathField, State};

pub(in crate::engine) fn run(run: &mut Run, state: &State, fiber: &Fiber) -> StateResult<Turn> {
    let input = run.effective_input(state, fiber)?;
    let output = match state.flow.output {
        // At top level the raw input was measured, as the event or when it came out of the state before.
        PathField::Whole if input == fiber.raw && fiber.parent.is_none() => input,
        _ => run.output(state, fiber, input)?,
    };
    Ok(Turn::Exit(output, Next::End))
}
