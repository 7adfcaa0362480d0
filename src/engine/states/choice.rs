//! Choice: where to go, by rules over the input.

use crate::engine::failure::StateError;
use crate::engine::fiber::Fiber;
use crate::engine::run::{Run, StateResult, Turn};
use crate::expr::{Answer, ExprError, Scope, Scratch};
use crate::plan::{Choice, Next, PathField, Rule, State};
use crate::value::Arena;

pub(in crate::engine) fn run(
    run: &mut Run,
    state: &State,
    choice: &Choice,
    fiber: &Fiber,
) -> StateResult<Turn> {
    let input = run.effective_input(state, fiber)?;
    let matched = run.evaluate(state, fiber, input, |scope, arena, scratch| {
        first_rule(choice, scope, arena, scratch)
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

/// The first rule that holds.
pub(in crate::engine) fn first_rule<'a>(
    choice: &'a Choice,
    scope: &Scope<'_>,
    arena: &mut Arena,
    scratch: &mut Scratch,
) -> Result<Option<&'a Rule>, ExprError> {
    scratch.begin_rules(choice.shared_variables);
    let mut lookups = choice.lookups.iter();
    let mut lookup = lookups.next();
    let mut at = 0;
    while let Some(rule) = choice.rules.get(at) {
        if let Some(run) = lookup
            && run.rules().start == at
        {
            if let Some(found) = run.find(&rule.condition, scope, arena, scratch)? {
                return Ok(choice.rules.get(found));
            }
            at = run.rules().end;
            lookup = lookups.next();
            continue;
        }
        if rule.condition.matches(scope, arena, scratch)? {
            return Ok(Some(rule));
        }
        at += 1;
    }
    Ok(None)
}

// The spec says States.NoChoiceMatched; the service says this.
fn no_choice(state: &State, fiber: &Fiber) -> Box<StateError> {
    let error = ExprError::runtime(
        "Failed to transition out of the state. The state does not point to a next state.",
    );
    StateError::evaluation(error, &state.name, fiber.entered_event)
}
