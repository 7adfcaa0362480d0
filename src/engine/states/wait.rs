//! Wait: lets time pass.

use super::{integer, shown};
use crate::engine::fiber::{Fiber, Step};
use crate::engine::run::{Run, StateResult, Turn};
use crate::expr::timestamp;
use crate::expr::{Answer, ExprError, Query, ReferencePath};
use crate::plan::{State, Wait};
use crate::value::{Arena, Kind, Value};

/// Longest wait in seconds that AWS accepts.
const MAX_SECONDS: i64 = i32::MAX as i64;

/// What a Wait waits for.
enum Until {
    /// Milliseconds from now.
    After(u64),
    /// Milliseconds since the epoch.
    Wall(i64),
}

pub(in crate::engine) fn begin(
    run: &mut Run,
    state: &State,
    wait: &Wait,
    fiber: &mut Fiber,
) -> StateResult<Turn> {
    let input = run.effective_input(state, fiber)?;
    let now = run.now;
    let until = until(run, state, fiber, wait, input)?;
    fiber.waiting_input = input;
    match until {
        Until::After(0) => finish(run, state, fiber),
        Until::Wall(wall) if wall <= now.wall => finish(run, state, fiber),
        Until::After(milliseconds) => {
            fiber.step = Step::Sleeping { wall: None };
            run.set_timer(fiber, now.monotonic.saturating_add(milliseconds));
            Ok(Turn::Wait)
        }
        Until::Wall(wall) => {
            run.sleep_until_wall(fiber, wall);
            Ok(Turn::Wait)
        }
    }
}

/// The wait is over.
pub(in crate::engine) fn finish(
    run: &mut Run,
    state: &State,
    fiber: &mut Fiber,
) -> StateResult<Turn> {
    let input = fiber.waiting_input;
    let assign = state.flow.assign.as_deref();
    run.assign(state, fiber, assign, input, Answer::None)?;
    let output = run.output(state, fiber, input)?;
    Ok(Turn::Exit(output, state.next))
}

/// What an expression gives. Recorded: the event of a value of the right type that does not fit follows the entering of the
/// state, and not what that followed.
fn evaluated(
    run: &mut Run,
    state: &State,
    fiber: &mut Fiber,
    input: Value,
    query: &Query,
    kind: Kind,
) -> StateResult<Value> {
    let value = run.evaluate(state, fiber, input, |scope, arena, scratch| {
        query.eval_as(kind, scope, arena, scratch)
    })?;
    fiber.entered_after = fiber.entered_event;
    Ok(value)
}

fn until(
    run: &mut Run,
    state: &State,
    fiber: &mut Fiber,
    wait: &Wait,
    input: Value,
) -> StateResult<Until> {
    let now = run.now.wall;
    match wait {
        Wait::Seconds(milliseconds) => Ok(Until::After(*milliseconds)),
        Wait::Timestamp(wall) => run.evaluate(state, fiber, input, |_, _, _| within(*wall, now)),
        Wait::SecondsQuery(query) => {
            let value = evaluated(run, state, fiber, input, query, Kind::Number)?;
            run.evaluate(state, fiber, input, |_, arena, _| {
                let shown = shown(arena, value);
                match integer(arena, value) {
                    None => Err(query.invalid(format!(
                        "The Seconds field cannot be parsed as a long value: {shown}"
                    ))),
                    Some(..0) => Err(query.invalid(format!(
                        "The Seconds field references a negative value: {shown}"
                    ))),
                    Some(seconds) if seconds > MAX_SECONDS => Err(too_long()),
                    Some(seconds) => Ok(Until::After(seconds as u64 * 1000)),
                }
            })
        }
        Wait::TimestampQuery(query) => {
            let value = evaluated(run, state, fiber, input, query, Kind::String)?;
            run.evaluate(state, fiber, input, |_, arena, _| {
                let text = shown(arena, value);
                match timestamp::parse(&text) {
                    Some(timestamp) => within(timestamp.millis(), now),
                    None => Err(query.invalid(format!(
                        "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
                    ))),
                }
            })
        }
        Wait::SecondsPath(path) => run.evaluate(state, fiber, input, |scope, arena, scratch| {
            let value = path
                .select(scope, arena, scratch)
                .map_err(|_| missing("SecondsPath", path))?;
            seconds(arena, value, path)
        }),
        Wait::TimestampPath(path) => run.evaluate(state, fiber, input, |scope, arena, scratch| {
            let value = path
                .select(scope, arena, scratch)
                .map_err(|_| missing("TimestampPath", path))?;
            let parsed = arena
                .as_str(value)
                .and_then(|text| timestamp::parse(&text.decode()));
            match parsed {
                Some(timestamp) => within(timestamp.millis(), now),
                None => Err(ExprError::runtime(format!(
                    "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {} == {}",
                    path.text(),
                    shown(arena, value)
                ))),
            }
        }),
    }
}

fn seconds(arena: &Arena, value: Value, path: &ReferencePath) -> Result<Until, ExprError> {
    let shown = || format!("{} == {}", path.text(), shown(arena, value));
    match integer(arena, value) {
        None => Err(ExprError::runtime(format!(
            "The SecondsPath parameter cannot be parsed as a long value: {}",
            shown()
        ))),
        Some(..0) => Err(ExprError::runtime(format!(
            "The SecondsPath parameter references a negative value: {}",
            shown()
        ))),
        Some(seconds) if seconds > MAX_SECONDS => Err(too_long()),
        Some(seconds) => Ok(Until::After(seconds as u64 * 1000)),
    }
}

fn within(wall: i64, now: i64) -> Result<Until, ExprError> {
    match wall.saturating_sub(now) / 1000 > MAX_SECONDS {
        true => Err(too_long()),
        false => Ok(Until::Wall(wall)),
    }
}

fn too_long() -> ExprError {
    ExprError::runtime("Wait state delay is too long.")
}

fn missing(field: &str, path: &ReferencePath) -> ExprError {
    ExprError::runtime(format!(
        "The {field} parameter does not reference an input value: {}",
        path.text()
    ))
}
