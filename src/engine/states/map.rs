//! Map: one scope over every item of an array.

use super::{finish_container, quantity, start};
use crate::engine::fiber::Fiber;
use crate::engine::history::{Details, EventKind};
use crate::engine::run::{Env, Run, StateResult, Turn};
use crate::error_name;
use crate::expr::ExprError;
use crate::plan::{Items, Map, State};
use crate::value::{Kind, Value};

pub(in crate::engine) fn begin(
    run: &mut Run,
    env: Env<'_>,
    state: &State,
    map: &Map,
    fiber: &mut Fiber,
) -> StateResult<Turn> {
    let input = run.effective_input(state, fiber)?;
    let items = items(run, state, fiber, map, input)?;
    let field = "MaxConcurrencyPath";
    let limit = quantity(
        run,
        state,
        fiber,
        input,
        field,
        map.max_concurrency.as_ref(),
    )?;
    let n_items = run.arena.len(items);
    let id = fiber.state;
    let kind = EventKind::MapStateStarted;
    fiber.last_event = run.history.add(fiber.last_event, kind, || Details {
        state: Some(id),
        index: Some(n_items as u32),
        ..Details::default()
    });
    if n_items == 0 {
        return finish_container(run, state, fiber, Value::EMPTY_ARRAY);
    }
    let most = run.limits.concurrency.max(1) as u64;
    let limit = match limit {
        None | Some(0) => most,
        Some(limit) => limit.min(most),
    };
    let join_id = run.joins.add();
    let join = run.joins.get_mut(join_id);
    join.values.extend(run.arena.elements(items));
    join.input = input;
    join.limit = limit as u32;
    join.is_map = true;
    let processor = env.plan.scope(map.processor);
    join.is_straight = processor.is_straight;
    let pure = processor.effects.is_pure();
    let work = pure.then(|| processor.work.guessed().saturating_mul(n_items as u64));
    start(run, env, state, fiber, join_id, work)
}

/// `ItemsPath` or `Items`: the array.
fn items(
    run: &mut Run,
    state: &State,
    fiber: &Fiber,
    map: &Map,
    input: Value,
) -> StateResult<Value> {
    run.evaluate(state, fiber, input, |scope, arena, scratch| {
        let (items, path) = match &map.items {
            None => (input, "$"),
            Some(Items::Path(path)) => (path.select(scope, arena, scratch)?, path.text()),
            Some(Items::Query(query)) => {
                return query.eval_as(Kind::Array, scope, arena, scratch);
            }
            Some(Items::Array(template)) => (template.eval(scope, arena, scratch)?, "$"),
        };
        match arena.kind(items) {
            Kind::Array => Ok(items),
            _ if state.is_jsonata => Err(ExprError {
                error: error_name::QUERY_EVALUATION_ERROR,
                reason: format!(
                    "Map state input must be an array but was: {}",
                    arena.to_plain_json(items)
                ),
                location: None,
            }),
            _ => {
                // A path into the context object is shown as one into that object.
                let path = match path.starts_with("$$") {
                    true => &path[1..],
                    false => path,
                };
                let reason = format!("Reference path \"{path}\" must point to array.");
                Err(ExprError::runtime(reason))
            }
        }
    })
}
