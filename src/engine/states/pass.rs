//! Pass: hands its input on, perhaps reshaped.

use crate::engine::fiber::Fiber;
use crate::engine::run::{Run, StateResult, Turn};
use crate::expr::Answer;
use crate::plan::{Pass, State};

pub(in crate::engine) fn run(
    run: &mut Run,
    state: &State,
    pass: &Pass,
    fiber: &Fiber,
) -> StateResult<Turn> {
    let input = run.effective_input(state, fiber)?;
    let result = match (&pass.result, &pass.parameters) {
        (Some(result), _) => *result,
        (None, Some(template)) => run.evaluate(state, fiber, input, |scope, arena, scratch| {
            template.eval(scope, arena, scratch)
        })?,
        (None, None) => input,
    };
    let assign = state.flow.assign.as_deref();
    run.assign(state, fiber, assign, result, Answer::None)?;
    let merged = run.merge(state, fiber, &state.flow.result_path, result)?;
    let output = run.output(state, fiber, merged)?;
    Ok(Turn::Exit(output, state.next))
}
