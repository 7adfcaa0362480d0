//! The executor: runs every fiber that can run until all wait or the execution is over.

use std::collections::VecDeque;
use std::sync::Arc;

use super::call::Calls;
use super::counts::Counts;
use super::failure::StateError;
use super::fan_out::Buffers;
use super::fiber::{Fiber, FiberId, Fibers, Step};
use super::history::{Details, EventKind, History};
use super::join::{JoinId, Joins};
use super::states;
use super::timers::Timers;
use super::{FanOut, Limit, Limits, Now, Outcome};
use crate::error_name;
use crate::expr::{ExecutionInfo, Scratch};
use crate::plan::{Next, Plan, State, StateKind};
use crate::value::{Arena, Value};

/// What surrounds a run while it advances.
#[derive(Clone, Copy)]
pub(super) struct Env<'a> {
    pub(super) plan: &'a Arc<Plan>,
    pub(super) fan_out: &'a dyn FanOut,
}

/// Everything that changes while an execution runs.
pub(super) struct Run {
    pub(super) arena: Arena,
    pub(super) info: ExecutionInfo,
    /// `$$.Execution.Input`
    pub(super) input: Value,
    pub(super) limits: Limits,
    pub(super) now: Now,
    /// When the execution times out, on the monotonic clock.
    pub(super) deadline: u64,
    pub(super) fibers: Fibers,
    pub(super) joins: Joins,
    pub(super) calls: Calls,
    pub(super) timers: Timers,
    pub(super) history: History,
    pub(super) scratch: Scratch,
    /// Fibers whose wait is over, in the order in which it ended.
    pub(super) ready: VecDeque<FiberId>,
    /// What to do before the next of them has its turn; the last entry first.
    pub(super) stack: Vec<Work>,
    pub(super) states_entered: u64,
    pub(super) counts: Counts,
    pub(super) outcome: Option<Outcome>,
    /// The values of an `Assign`, while it is evaluated.
    pub(super) values: Vec<Value>,
    /// What the state's `Assign` has yielded, by slot; stored when the state is left.
    pub(super) assigned: Vec<(u32, Value)>,
    /// For measuring values exactly.
    pub(super) printed: Vec<u8>,
    /// For finding the joins below one that is broken off.
    pub(super) broken: Vec<JoinId>,
    /// It runs some children of another run's join; what came of them.
    pub(super) is_part: bool,
    pub(super) part_result: Option<StateResult<Value>>,
    /// What the arena lies on, from the bottom up: the buffers of jobs whose results it took in, and between those of one
    /// fork and the next what was its own.
    pub(super) layers: Vec<Option<Buffers>>,
    /// An error text with an event id in it has become data.
    pub(super) reads_event_ids: bool,
}

/// An entry of the stack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Run the fiber until it waits or ends.
    Fiber(FiberId),
    /// Start the next child. It comes back below the child, so the next one starts when that waits or has ended.
    Join(JoinId),
}

/// What came of a fiber's step.
pub(super) enum Turn {
    /// The state is done.
    Exit(Value, Next),
    /// The fiber waits; its step says for what.
    Wait,
}

/// The outcome of everything that can fail inside a state.
pub(super) type StateResult<T> = Result<T, Box<StateError>>;

impl Run {
    pub(super) fn advance(&mut self, env: Env<'_>, now: Now) {
        self.now = now;
        if now.monotonic >= self.deadline {
            self.counts.meet(Limit::ExecutionTime);
            self.end(Outcome::TimedOut);
            return;
        }
        self.fire_timers();
        while let Some(fiber) = self.ready.pop_front() {
            self.run_fiber(env, fiber);
            if !self.stack.is_empty() {
                self.work_off(env);
            }
            if self.outcome.is_some() {
                return;
            }
        }
        self.drop_stale_timers();
    }

    /// Empties the stack.
    pub(super) fn work_off(&mut self, env: Env<'_>) {
        while let Some(work) = self.stack.pop() {
            match work {
                Work::Fiber(fiber) => self.run_fiber(env, fiber),
                Work::Join(join) => self.start_child(env, join),
            }
            if self.outcome.is_some() {
                return;
            }
        }
    }

    /// Runs a fiber until it waits or ends.
    #[inline(never)]
    fn run_fiber(&mut self, env: Env<'_>, id: FiberId) {
        let mut fiber = self.fibers.take(id);
        let mut state = env.plan.state(fiber.state);
        let mut turn = self.step(env, state, &mut fiber);
        loop {
            match turn {
                Ok(Turn::Exit(output, next)) => {
                    self.exit_event(state, &mut fiber, output);
                    self.store_assigned(&mut fiber);
                    let Next::State(next) = next else {
                        return self.end_fiber(env, fiber, output);
                    };
                    fiber.state = next;
                    fiber.raw = output;
                    state = env.plan.state(next);
                    turn = self.visit(env, state, &mut fiber);
                }
                Ok(Turn::Wait) => return self.fibers.put(fiber),
                Err(error) => match self.recover(state, &mut fiber, error) {
                    Ok(()) if matches!(fiber.step, Step::BackingOff) => {
                        return self.fibers.put(fiber);
                    }
                    Ok(()) => {
                        state = env.plan.state(fiber.state);
                        turn = self.step(env, state, &mut fiber);
                    }
                    Err(error) => return self.fail_fiber(env, fiber, error),
                },
            }
        }
    }

    /// Runs a fiber to the end of its scope, which is straight.
    pub(super) fn run_straight(&mut self, env: Env<'_>, fiber: &mut Fiber) -> StateResult<Value> {
        loop {
            let state = env.plan.state(fiber.state);
            match self.visit(env, state, fiber) {
                Ok(Turn::Exit(output, next)) => {
                    self.exit_event(state, fiber, output);
                    self.store_assigned(fiber);
                    match next {
                        Next::State(next) => {
                            fiber.state = next;
                            fiber.raw = output;
                        }
                        Next::End => return Ok(output),
                    }
                }
                Ok(Turn::Wait) => unreachable!("no state of a straight scope waits"),
                // Nothing retries or catches it.
                Err(error) => self.recover(state, fiber, error)?,
            }
        }
    }

    fn step(&mut self, env: Env<'_>, state: &State, fiber: &mut Fiber) -> StateResult<Turn> {
        match std::mem::take(&mut fiber.step) {
            Step::Enter => self.visit(env, state, fiber),
            Step::Attempt => self.attempt(env, state, fiber),
            Step::Slept => states::wait::finish(self, state, fiber),
            Step::Answered(reply) => states::task::finish(self, env, state, fiber, reply),
            Step::Joined(join) => states::finish_join(self, state, fiber, join),
            Step::Failed(error) => Err(error),
            step @ (Step::Free
            | Step::Sleeping { .. }
            | Step::BackingOff
            | Step::Calling { .. }
            | Step::Joining(_)) => {
                unreachable!("a fiber that waits is not run: {step:?}")
            }
        }
    }

    #[inline(always)]
    fn visit(&mut self, env: Env<'_>, state: &State, fiber: &mut Fiber) -> StateResult<Turn> {
        self.enter(state, fiber)?;
        match fiber.in_parts {
            false => self.attempt(env, state, fiber),
            true => self.attempt_in_parts(env, state, fiber),
        }
    }

    /// Enters a state: everything that happens once a visit.
    #[inline(always)]
    fn enter(&mut self, state: &State, fiber: &mut Fiber) -> StateResult<()> {
        let state_type = state.state_type();
        self.counts.enter(state_type);
        self.states_entered += 1;
        if self.states_entered > self.limits.states {
            let limit = self.limits.states;
            let cause = format!("the execution entered more than {limit} states");
            return Err(StateError::new(error_name::STATES_LIMIT, cause));
        }
        if self.arena.bytes_used() > self.limits.memory {
            let limit = self.limits.memory;
            let cause = format!("the execution holds more than {limit} bytes");
            return Err(StateError::new(error_name::MEMORY_LIMIT, cause));
        }
        let (id, raw) = (fiber.state, fiber.raw);
        let kind = EventKind::StateEntered(state_type);
        let event = self.history.add(fiber.last_event, kind, || Details {
            state: Some(id),
            value: Some(raw),
            ..Details::default()
        });
        fiber.entered_event = event;
        fiber.entered_after = fiber.last_event;
        fiber.last_event = event;
        fiber.entered_time = self.now.wall;
        fiber.attempt = 0;
        if !state.retry.is_empty() {
            fiber.retries.clear();
            fiber.retries.resize(state.retry.len(), 0);
        }
        Ok(())
    }

    /// The state's work, from the start.
    fn attempt(&mut self, env: Env<'_>, state: &State, fiber: &mut Fiber) -> StateResult<Turn> {
        match &state.kind {
            StateKind::Pass(pass) => states::pass::run(self, state, pass, fiber),
            StateKind::Choice(choice) => states::choice::run(self, state, choice, fiber),
            StateKind::Task(task) => states::task::begin(self, env, state, task, fiber),
            StateKind::Wait(wait) => states::wait::begin(self, state, wait, fiber),
            StateKind::Succeed => states::succeed::run(self, state, fiber),
            StateKind::Fail(fail) => states::fail::run(self, state, fail, fiber),
            StateKind::Parallel(parallel) => {
                states::parallel::begin(self, env, state, parallel, fiber)
            }
            StateKind::Map(map) => states::map::begin(self, env, state, map, fiber),
        }
    }

    /// The state's work over an input that is not put together.
    fn attempt_in_parts(
        &mut self,
        env: Env<'_>,
        state: &State,
        fiber: &mut Fiber,
    ) -> StateResult<Turn> {
        if !state.reads_parts {
            self.put_together(env.plan, fiber);
        }
        let mut turn = self.attempt(env, state, fiber);
        if turn.is_err() && state.reads_parts {
            // The error shows the object.
            self.put_together(env.plan, fiber);
            turn = self.attempt(env, state, fiber);
        }
        // Only a Choice hands its input on.
        if !matches!(state.kind, StateKind::Choice(_)) {
            fiber.in_parts = false;
        }
        turn
    }

    fn put_together(&mut self, plan: &Plan, fiber: &mut Fiber) {
        let Some(parent) = fiber.parent else {
            unreachable!("only iterations have parts")
        };
        let container = self.fibers.get(self.joins.get(parent.join).parent);
        let StateKind::Map(map) = &plan.state(container.state).kind else {
            unreachable!("only iterations have parts")
        };
        if let Some(selector) = &map.selector {
            fiber.raw = selector.put_together(fiber.parts.values(), &mut self.arena);
        }
        fiber.in_parts = false;
    }

    #[inline]
    pub(super) fn exit_event(&mut self, state: &State, fiber: &mut Fiber, output: Value) {
        let id = fiber.state;
        let kind = EventKind::StateExited(state.state_type());
        let assigned = &self.assigned;
        fiber.last_event = self.history.add(fiber.last_event, kind, || Details {
            state: Some(id),
            value: Some(output),
            assigned: assigned.as_slice().into(),
            ..Details::default()
        });
    }

    /// A fiber has run to the end of its scope.
    fn end_fiber(&mut self, env: Env<'_>, fiber: Box<Fiber>, output: Value) {
        let (parent, last_event) = (fiber.parent, fiber.last_event);
        self.fibers.put_ended(fiber);
        match parent {
            None => {
                self.history
                    .add(last_event, EventKind::ExecutionSucceeded, || Details {
                        value: Some(output),
                        ..Details::default()
                    });
                self.end(Outcome::Succeeded(output));
            }
            Some(parent) => {
                self.child_succeeded(env, parent, output, last_event);
            }
        }
    }

    /// An error that the fiber's own states did not catch: its Parallel or Map fails with it, unchanged.
    pub(super) fn fail_fiber(
        &mut self,
        env: Env<'_>,
        fiber: Box<Fiber>,
        mut error: Box<StateError>,
    ) {
        if error.state.is_none() {
            let scope = self.scope_path(env.plan, &fiber);
            let name = &env.plan.state(fiber.state).name;
            error.state = Some(match scope.is_empty() {
                true => name.clone(),
                false => format!("{scope}/{name}"),
            });
        }
        match fiber.parent {
            Some(parent) if !error.is_fatal() => self.child_failed(env, fiber, parent, error),
            _ if self.is_part => self.part_failed(error),
            _ => {
                let details = Details {
                    error: Some(&error),
                    ..Details::default()
                };
                let kind = EventKind::ExecutionFailed;
                self.history.add_failure(fiber.last_event, kind, details);
                // The next execution uses its place again, and the place must know its own id.
                self.fibers.put(fiber);
                self.end(Outcome::Failed(error.into_failure()));
            }
        }
    }

    /// A child of this part failed, and with it the whole join.
    pub(super) fn part_failed(&mut self, error: Box<StateError>) {
        self.stack.clear();
        self.part_result = Some(Err(error));
    }

    /// The execution is over: whatever is still under way is not wanted any more.
    pub(super) fn end(&mut self, outcome: Outcome) {
        self.calls.cancel_all();
        self.timers.reset();
        self.ready.clear();
        self.stack.clear();
        self.outcome = Some(outcome);
    }

    /// Map indexes and branch numbers around a fiber, from the outside in: `Items[17]/Sides[0]`; empty at top level.
    #[inline]
    pub(super) fn scope_path(&self, plan: &Plan, fiber: &Fiber) -> String {
        match fiber.parent {
            None => String::new(),
            Some(_) => self.path_inside(plan, fiber),
        }
    }

    #[cold]
    fn path_inside(&self, plan: &Plan, fiber: &Fiber) -> String {
        let mut path = String::new();
        self.outside_in(fiber, |container, index| {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&format!("{}[{index}]", plan.state(container.state).name));
        });
        path
    }

    /// Calls `visit` for every Parallel and Map around a fiber, with the number of the child that leads to it.
    pub(super) fn outside_in(&self, fiber: &Fiber, mut visit: impl FnMut(&Fiber, u32)) {
        let mut around = Vec::new();
        let mut parent = fiber.parent;
        while let Some(inner) = parent {
            let container = self.fibers.get(self.joins.get(inner.join).parent);
            around.push((container, inner.index));
            parent = container.parent;
        }
        for (container, index) in around.into_iter().rev() {
            visit(container, index);
        }
    }
}
