//! Task: one call of something outside.

use super::quantity;
use crate::engine::call::{Around, Effect, TaskCall};
use crate::engine::failure::StateError;
use crate::engine::fiber::{Fiber, Heartbeat, Patience, Step};
use crate::engine::history::{CallEvent, Details};
use crate::engine::run::{Env, Run, StateResult, Turn};
use crate::error_name;
use crate::plan::{State, StateKind, Task};
use crate::value::Value;

/// Prepares the call and waits for its answer.
pub(in crate::engine) fn begin(
    run: &mut Run,
    env: Env<'_>,
    state: &State,
    task: &Task,
    fiber: &mut Fiber,
) -> StateResult<Turn> {
    let visit = count_visit(task, fiber);
    let input = run.effective_input(state, fiber)?;
    let timeout = quantity(
        run,
        state,
        fiber,
        input,
        "TimeoutSecondsPath",
        task.timeout.as_ref(),
    )?;
    let heartbeat = quantity(
        run,
        state,
        fiber,
        input,
        "HeartbeatSecondsPath",
        task.heartbeat.as_ref(),
    )?;
    let payload = match &task.parameters {
        None => input,
        Some(template) => run.evaluate(state, fiber, input, |scope, arena, scratch| {
            template.eval(scope, arena, scratch)
        })?,
    };
    // At top level the raw input was measured, as the event or when it came out of the state before.
    if payload != fiber.raw || fiber.parent.is_some() {
        run.check_size(&state.name, payload)?;
    }
    if u64::from(run.calls.made()) >= run.limits.task_calls {
        let limit = run.limits.task_calls;
        let cause = format!("the execution made more than {limit} task calls");
        return Err(StateError::new(error_name::TASK_CALLS_LIMIT, cause));
    }
    let lambda = env.plan.resource(task.resource).is_lambda_function();
    let limits = (timeout, heartbeat);
    event(
        run,
        fiber,
        CallEvent::Scheduled,
        lambda,
        Some(payload),
        limits,
    );
    event(run, fiber, CallEvent::Started, lambda, None, NO_LIMITS);

    let now = run.now.monotonic;
    let milliseconds = |seconds: u64| seconds.saturating_mul(1000);
    let (timeout, heartbeat) = (timeout.map(milliseconds), heartbeat.map(milliseconds));
    let id = run.calls.open(fiber.id);
    fiber.step = Step::Calling { call: id };
    fiber.patience = Patience {
        deadline: timeout.map(|timeout| now.saturating_add(timeout)),
        heartbeat: heartbeat.map(|interval| Heartbeat {
            interval,
            due: now.saturating_add(interval),
        }),
    };
    if let Some(at) = fiber.patience.ends() {
        run.set_timer(fiber, at);
    }
    let call = TaskCall {
        id,
        state: fiber.state,
        input: payload,
        attempt: fiber.attempt,
        visit,
        around: fiber.parent.map(|_| around(run, env, fiber)),
        timeout,
        heartbeat,
    };
    run.calls.effects.push(Effect::Call(call));
    Ok(Turn::Wait)
}

/// How often the state was entered in its scope before. Further attempts belong to the same visit.
fn count_visit(task: &Task, fiber: &mut Fiber) -> u32 {
    let visits = &mut fiber.visits[task.ordinal as usize];
    if fiber.attempt == 0 {
        *visits += 1;
    }
    *visits - 1
}

/// Goes on with the answer.
pub(in crate::engine) fn finish(
    run: &mut Run,
    env: Env<'_>,
    state: &State,
    fiber: &mut Fiber,
    answer: StateResult<Value>,
) -> StateResult<Turn> {
    let StateKind::Task(task) = &state.kind else {
        unreachable!("only a Task is answered")
    };
    let lambda = env.plan.resource(task.resource).is_lambda_function();
    match answer {
        Ok(result) => {
            event(
                run,
                fiber,
                CallEvent::Succeeded,
                lambda,
                Some(result),
                NO_LIMITS,
            );
            let output = run.finish(state, fiber, result)?;
            Ok(Turn::Exit(output, state.next))
        }
        Err(error) => {
            let kind = match error.error.as_deref() {
                Some(error_name::TIMEOUT) if error.cause.is_none() => CallEvent::TimedOut,
                _ => CallEvent::Failed,
            };
            let details = Details {
                state: Some(fiber.state),
                error: Some(&error),
                ..Details::default()
            };
            fiber.last_event =
                run.history
                    .add_failure(fiber.last_event, kind.kind(lambda), details);
            Err(error)
        }
    }
}

const NO_LIMITS: (Option<u64>, Option<u64>) = (None, None);

#[inline]
fn event(
    run: &mut Run,
    fiber: &mut Fiber,
    kind: CallEvent,
    lambda: bool,
    value: Option<Value>,
    limits: (Option<u64>, Option<u64>),
) {
    let id = fiber.state;
    fiber.last_event = run
        .history
        .add(fiber.last_event, kind.kind(lambda), || Details {
            state: Some(id),
            value,
            limits,
            ..Details::default()
        });
}

/// Where a branch or an iteration is.
#[cold]
fn around(run: &Run, env: Env<'_>, fiber: &Fiber) -> Box<Around> {
    let mut iterations = Vec::new();
    run.outside_in(fiber, |container, index| {
        if let StateKind::Map(_) = env.plan.state(container.state).kind {
            iterations.push(index);
        }
    });
    Box::new(Around {
        scope: run.scope_path(env.plan, fiber),
        iterations,
    })
}
