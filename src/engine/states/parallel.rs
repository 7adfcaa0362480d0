//! Parallel: several scopes over the same input.

use super::start;
use crate::engine::fiber::Fiber;
use crate::engine::history::{Details, EventKind};
use crate::engine::run::{Env, Run, StateResult, Turn};
use crate::plan::{Cost, Parallel, State};
use crate::value::Value;

pub(in crate::engine) fn begin(
    run: &mut Run,
    env: Env<'_>,
    state: &State,
    parallel: &Parallel,
    fiber: &mut Fiber,
) -> StateResult<Turn> {
    let input = run.effective_input(state, fiber)?;
    let input = match &parallel.parameters {
        None => input,
        Some(template) => run.evaluate(state, fiber, input, |scope, arena, scratch| {
            template.eval(scope, arena, scratch)
        })?,
    };
    run.check_size(&state.name, input)?;
    let id = fiber.state;
    let kind = EventKind::ParallelStateStarted;
    fiber.last_event = run.history.add(fiber.last_event, kind, || Details {
        state: Some(id),
        ..Details::default()
    });
    let limit = run.limits.concurrency.max(1) as u32;
    let join_id = run.joins.add();
    let join = run.joins.get_mut(join_id);
    join.values.resize(parallel.branches.len(), Value::NULL);
    join.input = input;
    join.limit = limit;
    let branches = || parallel.branches.iter().map(|id| env.plan.scope(*id));
    join.is_straight = branches().all(|branch| branch.is_straight);
    let pure = branches().all(|branch| branch.effects.is_pure());
    let work = branches().fold(Cost::default(), |work, branch| work + branch.work);
    let work = pure.then(|| work.over(run.arena.measure(input).bytes));
    start(run, env, state, fiber, join_id, work)
}
