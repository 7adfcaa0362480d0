//! Choice: where to go, by rules over the input.

use crate::engine::failure::StateError;
use crate::engine::fiber::Fiber;
use crate::engine::run::{Run, StateResult, Turn};
use crate::expr::{Answer, ExprError};
use crate::plan::{Choice, Next, PathField, State};

pub(in crate::engine) fn run(
    run: &mut Run,
    state: &State,
    choice: &Choice,
    fiber: &Fiber,
) -> StateResult<Turn> {
    let input = run.effective_input(state, fiber)?;
    let matched = run.evaluate(state, fiber, input, |scope, arena, scratch| {
        for rule in &choice.rules {
            if rule.condition.matches(scope, arena, scratch)? {
                return Ok(Some(rule));
            }
        }
        Ok(None)
    })?;
    let answer = Answer::None;
    let (next, assign, output) = match matched {
        Some(rule) => (Some(rule.next), &rule.assign, rule.output.as_ref()),
        None => (choice.default, &state.flow.assign, None),
    };
    let Some(next) = next else {
        return Err(no_choice(state, fiber));
    };
    run.assign(state, fiber, assign.as_deref(), input, answer)?;
    let output = match (&state.flow.input, output.unwrap_or(&state.flow.output)) {
        // It was measured when it came out of the state before.
        (PathField::Whole, PathField::Whole) => input,
        (_, path) => run.limited_output(state, fiber, path, input, answer)?,
    };
    Ok(Turn::Exit(output, Next::State(next)))
}

// The spec says States.NoChoiceMatched; the service says this.
fn no_choice(state: &State, fiber: &Fiber) -> Box<StateError> {
    let error = ExprError::runtime(
        "Failed to transition out of the state. The state does not point to a next state.",
    );
    StateError::evaluation(error, &state.name, fiber.entered_event)
}
