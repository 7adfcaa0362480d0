//! Branches and iterations: started a few at a time, gathered when all have ended, broken off when one fails.

use super::failure::StateError;
use super::fiber::{Fiber, FiberId, Parent, Step};
use super::history::{Details, EventKind};
use super::join::JoinId;
use super::random::{child_seed, selector_seed};
use super::run::{Env, Run, StateResult, Work};
use crate::expr::{MapItem, Random, Template};
use crate::plan::{Map, Scope, State, StateKind};
use crate::value::Value;

/// What the children of one join have in common.
#[derive(Clone, Copy)]
pub(super) struct Siblings<'a> {
    pub(super) join: JoinId,
    pub(super) container: FiberId,
    pub(super) state: &'a State,
    /// Branches get this; an `ItemSelector` reads it.
    pub(super) input: Value,
    /// Number of the first child.
    pub(super) first: u32,
    /// What their random numbers come from; none where the plan draws no such numbers.
    pub(super) seed: Option<u64>,
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
        fiber.parts.copy_from(&self.joins.get(id).parts);
        let siblings = self.siblings(env, id);
        match self.prepare_fiber(env, siblings, index, &mut fiber) {
            Ok(()) => {
                let join = self.joins.get_mut(id);
                if join.parts.values().is_empty() {
                    join.parts.copy_from(&fiber.parts);
                }
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
        fiber.parts.clear();
        let siblings = self.siblings(env, id);
        while let Some(index) = self.start_behind_plain(env.plan, siblings, &mut fiber.parts) {
            if let Err(error) = self.prepare_fiber(env, siblings, index, &mut fiber) {
                self.fibers.put_ended(fiber);
                return self.child_not_made(env, id, error);
            }
            match self.run_straight(env, &mut fiber) {
                Ok(output) => self.store_output(siblings, index, output, fiber.last_event),
                Err(error) => return self.fail_fiber(env, fiber, error),
            }
        }
        self.fibers.put_ended(fiber);
        self.all_succeeded(id);
    }

    fn siblings<'a>(&self, env: Env<'a>, id: JoinId) -> Siblings<'a> {
        let join = self.joins.get(id);
        Siblings {
            join: id,
            container: join.parent,
            state: env.plan.state(self.fibers.get(join.parent).state),
            input: join.input,
            first: join.first,
            seed: env.plan.effects().draws_random.then_some(join.seed),
        }
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

    /// Puts a fiber at the start of child number `index`. Its parts are those of an item before, or none.
    fn prepare_fiber(
        &mut self,
        env: Env<'_>,
        siblings: Siblings<'_>,
        index: u32,
        fiber: &mut Fiber,
    ) -> StateResult<()> {
        let seed = siblings.seed.map_or(0, |seed| child_seed(seed, index));
        match &siblings.state.kind {
            StateKind::Parallel(parallel) => {
                let scope = env.plan.scope(parallel.branches[index as usize]);
                fiber.start(scope, siblings.input, seed);
                fiber.item = self.fibers.get(siblings.container).item;
                fiber.last_event = self.joins.get(siblings.join).started_event;
                self.inherit_variables(siblings, scope, fiber);
            }
            StateKind::Map(map) => {
                let join = self.joins.get(siblings.join);
                let item = MapItem {
                    index,
                    value: join.values[(index - siblings.first) as usize],
                    key: None,
                };
                let started_event = join.started_event;
                let scope = env.plan.scope(map.processor);
                fiber.start(scope, item.value, seed);
                if let Some(selector) = &map.selector {
                    self.select_item(siblings, map, selector, item, fiber)?;
                }
                fiber.item = Some(item);
                let kind = EventKind::MapIterationStarted;
                let container = self.fibers.get(siblings.container);
                fiber.last_event = self.history.add(started_event, kind, || Details {
                    state: Some(container.state),
                    index: Some(index),
                    ..Details::default()
                });
                self.inherit_variables(siblings, scope, fiber);
            }
            _ => unreachable!("only Parallel and Map have children"),
        }
        fiber.parent = Some(Parent {
            join: siblings.join,
            index,
        });
        Ok(())
    }

    /// A child reads the variables around it.
    #[inline]
    fn inherit_variables(&self, siblings: Siblings<'_>, scope: &Scope, fiber: &mut Fiber) {
        if scope.variables > 0 {
            let outer = &self.fibers.get(siblings.container).variables;
            fiber.variables[..outer.len()].copy_from_slice(outer);
        }
    }

    /// `ItemSelector`: what an iteration starts with, whole or in parts.
    #[inline]
    fn select_item(
        &mut self,
        siblings: Siblings<'_>,
        map: &Map,
        selector: &Template,
        item: MapItem,
        fiber: &mut Fiber,
    ) -> StateResult<()> {
        let (state, container, input) = (siblings.state, siblings.container, siblings.input);
        let seed = siblings.seed.map(|seed| selector_seed(seed, item.index));
        let random = Random::new(seed.unwrap_or_default());
        if !map.in_parts || self.history.is_kept() {
            fiber.raw = self.evaluate_item(
                state,
                container,
                input,
                item,
                &random,
                |scope, arena, scratch| selector.eval(scope, arena, scratch),
            )?;
            return self.check_size(&state.name, fiber.raw);
        }
        let parts = &mut fiber.parts;
        let measure = self.evaluate_item(
            state,
            container,
            input,
            item,
            &random,
            |scope, arena, scratch| selector.eval_parts(scope, arena, scratch, parts),
        )?;
        fiber.in_parts = self.is_small(measure);
        if !fiber.in_parts {
            // It may be too large.
            fiber.raw = selector.put_together(fiber.parts.values(), &mut self.arena);
            self.check_size(&state.name, fiber.raw)?;
        }
        Ok(())
    }

    /// What has come of a child that ended well.
    #[inline(always)]
    fn store_output(&mut self, siblings: Siblings<'_>, index: u32, output: Value, last_event: u64) {
        let join = self.joins.get_mut(siblings.join);
        join.values[(index - siblings.first) as usize] = output;
        join.running -= 1;
        if join.limit == 1 {
            // Spec of the history: one at a time, an iteration follows the last event of the one before.
            join.started_event = last_event;
        }
        let container = self.fibers.get_mut(siblings.container);
        container.last_event = last_event;
        if let StateKind::Map(_) = siblings.state.kind {
            let state = container.state;
            let kind = EventKind::MapIterationSucceeded;
            container.last_event = self.history.add(last_event, kind, || Details {
                state: Some(state),
                index: Some(index),
                ..Details::default()
            });
        }
    }

    /// A child with a fiber of its own has ended well.
    pub(super) fn child_succeeded(
        &mut self,
        env: Env<'_>,
        parent: Parent,
        output: Value,
        last_event: u64,
    ) {
        let siblings = self.siblings(env, parent.join);
        self.store_output(siblings, parent.index, output, last_event);
        let join = self.joins.get_mut(parent.join);
        if join.is_over() {
            self.all_succeeded(parent.join);
        } else if join.has_room() && !join.queued {
            join.queued = true;
            self.stack.push(Work::Join(parent.join));
        }
    }

    /// All children of a join have ended well.
    fn all_succeeded(&mut self, id: JoinId) {
        let container = self.joins.get(id).parent;
        if self.is_part && self.fibers.get(container).parent.is_none() {
            let outputs = self.arena.array(&self.joins.get(id).values);
            self.part_result = Some(Ok(outputs));
        } else {
            self.fibers.get_mut(container).step = Step::Joined(id);
            self.stack.push(Work::Fiber(container));
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
