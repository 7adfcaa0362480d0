//! The eight types of states, running.

pub(super) mod choice;
pub(super) mod fail;
pub(super) mod map;
pub(super) mod parallel;
pub(super) mod pass;
pub(super) mod succeed;
pub(super) mod task;
pub(super) mod wait;

use super::fiber::{Fiber, Step};
use super::history::{Details, EventKind};
use super::join::JoinId;
use super::run::{Env, Run, StateResult, Turn, Work};
use crate::expr::ExprError;
use crate::plan::{Quantity, State, StateKind};
use crate::value::{Arena, Kind, Value};

/// All children of a Parallel or Map have ended well: their outputs are its result.
pub(super) fn finish_join(
    run: &mut Run,
    state: &State,
    fiber: &mut Fiber,
    join: JoinId,
) -> StateResult<Turn> {
    let result = run.arena.array(&run.joins.get(join).values);
    run.joins.remove(join);
    finish_container(run, state, fiber, result)
}

/// From the array of outputs to the state's own.
pub(super) fn finish_container(
    run: &mut Run,
    state: &State,
    fiber: &mut Fiber,
    result: Value,
) -> StateResult<Turn> {
    let (id, kind) = match &state.kind {
        StateKind::Map(_) => (fiber.state, EventKind::MapStateSucceeded),
        _ => (fiber.state, EventKind::ParallelStateSucceeded),
    };
    // What follows points to the last event inside, not to this one.
    run.history.add(fiber.last_event, kind, || Details {
        state: Some(id),
        ..Details::default()
    });
    let output = run.finish(state, fiber, result)?;
    Ok(Turn::Exit(output, state.next))
}

/// Starts the children of a join that has been filled in, as many as may run; or runs them all on other workers, when
/// they are pure and it pays. `work` is the estimate for all of them in nanoseconds.
fn start(
    run: &mut Run,
    env: Env<'_>,
    state: &State,
    fiber: &mut Fiber,
    id: JoinId,
    pure_work: Option<u64>,
) -> StateResult<Turn> {
    let join = run.joins.get_mut(id);
    join.parent = fiber.id;
    join.started_event = fiber.last_event;
    join.seed = fiber.random.next_u64();
    join.queued = true;
    if let Some(work) = pure_work {
        let forked = run.fork(env, fiber, id, work);
        if !matches!(forked, Ok(None)) {
            run.joins.remove(id);
        }
        if let Some(result) = forked? {
            return finish_container(run, state, fiber, result);
        }
    }
    fiber.step = Step::Joining(id);
    run.stack.push(Work::Join(id));
    Ok(Turn::Wait)
}

/// A number that is written down, or the value at the end of a path and whether it can be one.
#[inline(always)]
fn quantity(
    run: &mut Run,
    state: &State,
    fiber: &Fiber,
    input: Value,
    field: &'static str,
    quantity: Option<&Quantity>,
) -> StateResult<Option<u64>> {
    match quantity {
        None => Ok(None),
        Some(Quantity::Literal(number)) => Ok(Some(*number)),
        Some(quantity) => evaluate_quantity(run, state, fiber, input, field, quantity),
    }
}

#[inline(never)]
fn evaluate_quantity(
    run: &mut Run,
    state: &State,
    fiber: &Fiber,
    input: Value,
    field: &'static str,
    quantity: &Quantity,
) -> StateResult<Option<u64>> {
    match quantity {
        Quantity::Literal(number) => Ok(Some(*number)),
        Quantity::Query(query) => run.evaluate(state, fiber, input, |scope, arena, scratch| {
            let value = query.eval_as(Kind::Number, scope, arena, scratch)?;
            let name = field.trim_end_matches("Path");
            match integer(arena, value) {
                Some(number) if number >= 0 => Ok(Some(number as u64)),
                Some(_) => Err(query.invalid(format!("{name} cannot be negative."))),
                None => Err(query.invalid(format!(
                    "The {name} field refers to value \"{}\" which is not a valid integer: {}",
                    shown(arena, value),
                    query.text()
                ))),
            }
        }),
        Quantity::Path(path) => run.evaluate(state, fiber, input, |scope, arena, scratch| {
            let value = path
                .select(scope, arena, scratch)
                .map_err(|missing| path.invalid(missing))?;
            // Recorded: the path may lead to a string of digits, too.
            let number = match arena.as_str(value) {
                Some(text) => text.decode().parse().ok(),
                None => integer(arena, value),
            };
            match number {
                Some(number) if number >= 0_i64 => Ok(Some(number as u64)),
                Some(_) => {
                    let name = field.trim_end_matches("Path");
                    Err(ExprError::runtime(format!("{name} cannot be negative.")))
                }
                None => Err(ExprError::runtime(format!(
                    "The {field} field refers to value \"{}\" which is not a valid integer: {}",
                    shown(arena, value),
                    path.text()
                ))),
            }
        }),
    }
}

/// The value of a number without a fraction.
fn integer(arena: &Arena, value: Value) -> Option<i64> {
    arena.as_number(value)?.as_i64()
}

/// A value in an error text: a string as it is, everything else as JSON.
fn shown(arena: &Arena, value: Value) -> String {
    match arena.as_str(value) {
        Some(text) => text.decode().into_owned(),
        None => arena.to_plain_json(value),
    }
}

/// The text of a string, for the fields that want one.
fn string(arena: &Arena, value: Value, field: &str, path: &str) -> Result<String, ExprError> {
    match arena.kind(value) {
        Kind::String => Ok(shown(arena, value)),
        _ => Err(ExprError::runtime(format!(
            "The {field} field refers to value \"{}\" which is not a string: {path}",
            shown(arena, value)
        ))),
    }
}
