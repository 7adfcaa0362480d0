//! Succeed: ends its scope.

use crate::engine::fiber::Fiber;
use crate::engine::run::{Run, StateResult, Turn};
use crate::plan::{Next, State};

pub(in crate::engine) fn run(run: &mut Run, state: &State, fiber: &Fiber) -> StateResult<Turn> {
    let input = run.effective_input(state, fiber)?;
    let output = run.output(state, fiber, input)?;
    Ok(Turn::Exit(output, Next::End))
}
