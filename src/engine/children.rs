//! Branches and iterations: started a few at a time, gathered when all have ended, broken off when one fails.

use super::failure::StateError;
use super::fiber::{Fiber, Parent, Step};
use super::history::{Details, EventKind};
use super::join::JoinId;
use super::random::{child_seed, selector_seed};
use super::run::{Env, Run, StateResult, Work};
use crate::expr::{MapItem, Random, Template};
use crate::plan::{ScopeId, State, StateKind};
use crate::value::Value;

/// What a child starts with.
struct Child {
    scope: ScopeId,
    input: Value,
    item: Option<MapItem>,
}

impl Run {
    /// Starts the next child of a join, if another may run now.
    pub(super) fn start_child(&mut self, env: Env<'_>, id: JoinId) {
        let join = self.joins.get_mut(id);
        if join.is_straight {
            return self.run_children(env, id);
        }
        join.queued = false;
        let Some(index) = join.start_next() else {
            return;
        };
        if join.has_room() {
            join.queued = true;
            self.stack.push(Work::Join(id));
        }
        let fiber_id = self.fibers.add();
        let mut fiber = self.fibers.take(fiber_id);
        match self.prepare_fiber(env, id, index, &mut fiber) {
            Ok(()) => {
                self.fibers.put(fiber);
                self.stack.push(Work::Fiber(fiber_id));
            }
            Err(error) => {
                self.fibers.put_ended(fiber);
                self.child_not_made(env, id, error);
            }
        }
    }

    /// Runs children that never wait to their ends, one after another, all in one fiber.
    fn run_children(&mut self, env: Env<'_>, id: JoinId) {
        let fiber_id = self.fibers.add();
        let mut fiber = self.fibers.take(fiber_id);
        while let Some(index) = self.joins.get_mut(id).start_next() {
            if let Err(error) = self.prepare_fiber(env, id, index, &mut fiber) {
                self.fibers.put_ended(fiber);
                return self.child_not_made(env, id, error);
            }
            match self.run_straight(env, &mut fiber) {
                Ok(output) => {
                    let parent = Parent { join: id, index };
                    self.child_succeeded(parent, output, fiber.last_event);
                }
                Err(error) => return self.fail_fiber(env, fiber, error),
            }
        }
        self.fibers.put_ended(fiber);
    }

    /// What a child would start with cannot be had: children that already run are broken off, and the container fails
    /// with its own error.
    fn child_not_made(&mut self, env: Env<'_>, id: JoinId, error: Box<StateError>) {
        let container = self.joins.get(id).parent;
        if self.is_part && self.fibers.get(container).parent.is_none() {
            return self.part_failed(error);
        }
        self.break_off(env, id);
        self.joins.remove(id);
        self.fibers.get_mut(container).step = Step::Failed(error);
        self.stack.push(Work::Fiber(container));
    }

    /// Puts a fiber at the start of child number `index`.
    fn prepare_fiber(
        &mut self,
        env: Env<'_>,
        id: JoinId,
        index: u32,
        fiber: &mut Fiber,
    ) -> StateResult<()> {
        let child = self.prepare_child(env, id, index)?;
        let join = self.joins.get(id);
        let scope = env.plan.scope(child.scope);
        fiber.start(scope, child.input, child_seed(join.seed, index));
        fiber.parent = Some(Parent { join: id, index });
        fiber.item = child.item;
        std::mem::swap(&mut fiber.parts, &mut self.parts);
        fiber.last_event = join.started_event;
        let container = self.fibers.get(join.parent);
        if join.is_map {
            let kind = EventKind::MapIterationStarted;
            fiber.last_event = self.history.add(join.started_event, kind, || Details {
                state: Some(container.state),
                index: Some(index),
                ..Details::default()
            });
        }
        if scope.variables > 0 {
            // A child reads the variables around it.
            let outer = &container.variables;
            fiber.variables[..outer.len()].copy_from_slice(outer);
        }
        Ok(())
    }

    /// What child number `index` runs, and over what.
    fn prepare_child(&mut self, env: Env<'_>, id: JoinId, index: u32) -> StateResult<Child> {
        self.parts.clear();
        let join = self.joins.get(id);
        let (container, input) = (join.parent, join.input);
        let fiber = self.fibers.get(container);
        let state = env.plan.state(fiber.state);
        match &state.kind {
            StateKind::Parallel(parallel) => Ok(Child {
                scope: parallel.branches[index as usize],
                input,
                item: fiber.item,
            }),
            StateKind::Map(map) => {
                let item = MapItem {
                    index,
                    value: join.values[(index - join.first) as usize],
                    key: None,
                };
                let random = Random::new(selector_seed(join.seed, index));
                let input = match &map.selector {
                    None => item.value,
                    Some(selector) => {
                        let in_parts = map.in_parts && !self.history.is_kept();
                        let mut parts = std::mem::take(&mut self.parts);
                        let mut first = std::mem::take(&mut self.joins.get_mut(id).parts);
                        let made = self.evaluate_item(
                            state,
                            container,
                            input,
                            item,
                            &random,
                            |scope, arena, scratch| match in_parts {
                                true => {
                                    selector.eval_parts(scope, arena, scratch, &first, &mut parts)
                                }
                                false => selector.eval(scope, arena, scratch),
                            },
                        );
                        if first.is_empty() {
                            first.extend_from_slice(&parts);
                        }
                        self.joins.get_mut(id).parts = first;
                        self.parts = parts;
                        self.check_item(state, selector, made?)?
                    }
                };
                Ok(Child {
                    scope: map.processor,
                    input,
                    item: Some(item),
                })
            }
            _ => unreachable!("only Parallel and Map have children"),
        }
    }

    /// Refuses what `ItemSelector` made when it is too large. Parts that may be are put together first.
    fn check_item(
        &mut self,
        state: &State,
        selector: &Template,
        mut made: Value,
    ) -> StateResult<Value> {
        if !self.parts.is_empty() {
            if self.is_small(selector.measure_parts(&self.parts, &self.arena)) {
                return Ok(Value::NULL);
            }
            made = selector.put_together(&self.parts, &mut self.arena);
            self.parts.clear();
        }
        self.check_size(&state.name, made)?;
        Ok(made)
    }

    /// A child has ended well.
    pub(super) fn child_succeeded(&mut self, parent: Parent, output: Value, last_event: u64) {
        let join = self.joins.get_mut(parent.join);
        join.values[(parent.index - join.first) as usize] = output;
        join.running -= 1;
        if join.limit == 1 {
            // Spec of the history: one at a time, an iteration follows the last event of the one before.
            join.started_event = last_event;
        }
        let (container, is_map) = (join.parent, join.is_map);
        let may_start = join.has_room() && !join.queued && !join.is_straight;
        let is_over = join.is_over();
        if may_start {
            join.queued = true;
        }
        let mut followed = last_event;
        if is_map {
            let state = self.fibers.get(container).state;
            let kind = EventKind::MapIterationSucceeded;
            followed = self.history.add(last_event, kind, || Details {
                state: Some(state),
                index: Some(parent.index),
                ..Details::default()
            });
        }
        self.fibers.get_mut(container).last_event = followed;
        if is_over && self.is_part && self.fibers.get(container).parent.is_none() {
            let outputs = self.arena.array(&self.joins.get(parent.join).values);
            self.part_result = Some(Ok(outputs));
        } else if is_over {
            self.fibers.get_mut(container).step = Step::Joined(parent.join);
            self.stack.push(Work::Fiber(container));
        } else if may_start {
            self.stack.push(Work::Join(parent.join));
        }
    }

    /// A child has failed: its siblings are stopped, and the container has the error.
    pub(super) fn child_failed(
        &mut self,
        env: Env<'_>,
        child: Box<Fiber>,
        parent: Parent,
        error: Box<StateError>,
    ) {
        let join = self.joins.get(parent.join);
        let (container, is_map) = (join.parent, join.is_map);
        let last_event = child.last_event;
        if is_map {
            let details = Details {
                state: Some(self.fibers.get(container).state),
                index: Some(parent.index),
                error: Some(&error),
                ..Details::default()
            };
            let kind = EventKind::MapIterationFailed;
            self.history.add_failure(last_event, kind, details);
        }
        let failed_state = env.plan.state(child.state);
        if let StateKind::Task(_) = failed_state.kind {
            self.aborted(env, &child, last_event);
        }
        self.fibers.put_ended(child);
        self.fibers.get_mut(container).last_event = last_event;
        if self.is_part && self.fibers.get(container).parent.is_none() {
            return self.part_failed(error);
        }
        self.break_off(env, parent.join);
        self.joins.remove(parent.join);
        self.fibers.get_mut(container).step = Step::Failed(error);
        self.stack.push(Work::Fiber(container));
    }

    /// Stops everything that runs below a join.
    fn break_off(&mut self, env: Env<'_>, id: JoinId) {
        let failing_event = self.fibers.get(self.joins.get(id).parent).last_event;
        self.broken.clear();
        self.broken.push(id);
        let mut next = 0;
        while let Some(&join) = self.broken.get(next) {
            while let Some(child_id) = self.fibers.child_of(join) {
                let child = self.fibers.take(child_id);
                match child.step {
                    Step::Calling { call, .. } => self.calls.cancel(call),
                    Step::Joining(inner) | Step::Joined(inner) => self.broken.push(inner),
                    _ => {}
                }
                if self.joins.get(join).is_map {
                    self.iteration_aborted(&child, failing_event);
                }
                self.aborted(env, &child, failing_event);
                self.fibers.put_ended(child);
                self.stack.retain(|work| *work != Work::Fiber(child_id));
                self.ready.retain(|ready| *ready != child_id);
            }
            self.stack.retain(|work| *work != Work::Join(join));
            next += 1;
        }
        for index in 1..self.broken.len() {
            self.joins.remove(self.broken[index]);
        }
    }

    fn iteration_aborted(&mut self, child: &Fiber, failing_event: u64) {
        let Some(parent) = child.parent else { return };
        let state = self.fibers.get(self.joins.get(parent.join).parent).state;
        let kind = EventKind::MapIterationAborted;
        self.history.add(failing_event, kind, || Details {
            state: Some(state),
            index: Some(parent.index),
            ..Details::default()
        });
    }

    fn aborted(&mut self, env: Env<'_>, child: &Fiber, failing_event: u64) {
        let id = child.state;
        let kind = EventKind::StateAborted(env.plan.state(id).state_type());
        self.history.add(failing_event, kind, || Details {
            state: Some(id),
            ..Details::default()
        });
    }
}
