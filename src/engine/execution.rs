//! The door to the engine: one execution at a time, from event to event in the same buffers.

use std::sync::Arc;

use super::call::{CallId, Effect, TaskReply};
use super::counts::Counts;
use super::failure::StateError;
use super::fiber::{FiberId, Step};
use super::flow::too_large;
use super::history::{Details, EventKind, HistoryEvent};
use super::outcome::{Failure, Outcome, Progress};
use super::run::{Env, Run, StateResult};
use super::suspended::Suspended;
use super::{FanOut, InPlace, Limit, Limits, Now};
use crate::error_name;
use crate::expr::ExecutionInfo;
use crate::plan::{Plan, StateKind};
use crate::value::{Arena, Constants, Document, ParseError, Value};

/// What starts an execution.
pub struct Start<'a> {
    /// Names and ids for the context object.
    pub info: &'a ExecutionInfo,
    /// Seed of `States.UUID`, `States.MathRandom` and jitter.
    pub seed: u64,
    /// Bounds.
    pub limits: Limits,
}

/// One run of a plan; reused from event to event with all its buffers.
pub struct Execution {
    plan: Option<Arc<Plan>>,
    run: Run,
    keep_history: bool,
}

impl Execution {
    /// An execution of nothing yet; [`Execution::start`] gives it a plan and an event.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Execution {
        Execution {
            plan: None,
            run: Run::new(Arena::new(Constants::empty())),
            keep_history: false,
        }
    }

    /// Whether the executions started from now on keep their history; they are slower then.
    pub fn keep_history(&mut self, keep: bool) {
        self.keep_history = keep;
    }

    /// Takes out what has to be known while it waits; the buffers are left to other executions. Only to be asked when
    /// [`Execution::advance`] says that it waits, and no reply has come since.
    pub fn suspend(&mut self) -> Suspended {
        let plan = self.plan.as_ref().expect("what waits was started");
        self.run.suspend(plan)
    }

    /// Goes on with what was suspended, of whichever execution of this plan within these limits.
    pub fn resume(&mut self, plan: &Arc<Plan>, limits: &Limits, suspended: Suspended) {
        self.take_plan(plan);
        self.run.resume(plan, limits, suspended);
    }

    /// Gives back what an outlier has made large.
    pub fn trim(&mut self) {
        self.run.arena.trim();
    }

    /// Takes the event in. An event that is not JSON is an error and leaves the execution ready for the next start.
    pub fn start(
        &mut self,
        plan: &Arc<Plan>,
        event: &[u8],
        start: Start<'_>,
        now: Now,
    ) -> Result<(), ParseError> {
        self.start_on(plan, event, start, now, &InPlace)
    }

    /// The same with the help of other workers, where the event is large.
    pub fn start_on(
        &mut self,
        plan: &Arc<Plan>,
        event: &[u8],
        start: Start<'_>,
        now: Now,
        fan_out: &dyn FanOut,
    ) -> Result<(), ParseError> {
        self.take_plan(plan);
        let run = &mut self.run;
        run.reset(plan, &start, now, self.keep_history);
        if event.len() > start.limits.payload {
            run.history
                .add(0, EventKind::ExecutionStarted, Details::default);
            run.counts.meet(Limit::Payload);
            run.end(Outcome::Failed(Failure {
                error: Some(error_name::DATA_LIMIT_EXCEEDED.to_string()),
                cause: Some(format!(
                    "the input has {} bytes, more than the limit of {}",
                    event.len(),
                    start.limits.payload
                )),
                state: String::new(),
            }));
            return Ok(());
        }
        let input = match run.read_event(event, start.limits.parse(), fan_out) {
            Ok(input) => input,
            Err(error) => {
                if error.is_too_deep() {
                    run.counts.meet(Limit::Depth);
                }
                run.end(Outcome::Aborted);
                return Err(error);
            }
        };
        run.history.add(0, EventKind::ExecutionStarted, || Details {
            value: Some(input),
            ..Details::default()
        });
        run.input = input;
        let fiber = run.fibers.add();
        run.fibers
            .get_mut(fiber)
            .start(plan.top(), input, start.seed);
        run.ready.push_back(fiber);
        Ok(())
    }

    #[inline]
    fn take_plan(&mut self, plan: &Arc<Plan>) {
        // Most executions in a row are of one plan: its count is shared by all workers and better left alone.
        if !self
            .plan
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, plan))
        {
            self.plan = Some(plan.clone());
        }
    }

    /// Runs until the end or until everything waits. Due deadlines fire first.
    pub fn advance(&mut self, now: Now, fan_out: &dyn FanOut) -> Progress {
        if self.run.outcome.is_none()
            && let Some(plan) = &self.plan
        {
            self.run.advance(Env { plan, fan_out }, now);
        }
        match self.run.outcome {
            Some(_) => Progress::Done,
            None => Progress::Waiting,
        }
    }

    /// What to do before the execution can go on; each effect is given once.
    pub fn take_effects(&mut self) -> std::vec::Drain<'_, Effect> {
        self.run.calls.effects.drain(..)
    }

    /// The answer of a call; ignored when the call was cancelled or timed out. Then call `advance`.
    pub fn reply(&mut self, call: CallId, reply: TaskReply) {
        let Some(fiber) = self.run.calls.take(call) else {
            return;
        };
        let answer = match reply {
            TaskReply::Result(text) => self.read_result(fiber, &text),
            TaskReply::Known(document) => self.include_result(fiber, &document),
            TaskReply::Error { error, cause } => Err(StateError::reported(error, cause)),
        };
        self.run.wake(fiber, Step::Answered(answer));
    }

    /// The result of a task as a value. White space is not counted against the payload limit, but bounded.
    fn read_result(&mut self, fiber: FiberId, text: &[u8]) -> StateResult<Value> {
        let run = &mut self.run;
        if text.len() > run.limits.payload.saturating_mul(4) {
            return Err(too_large(self.service(fiber)));
        }
        let limits = run.limits.parse();
        let result = run.arena.parse(text, limits).map_err(|error| {
            let cause = format!("the result of the task is not JSON: {error}");
            StateError::new(error_name::LAMBDA_UNKNOWN, cause)
        })?;
        if !run.is_small(run.arena.measure(result)) {
            self.check_result(fiber, result)?;
        }
        Ok(result)
    }

    /// The same for one that was read beforehand.
    fn include_result(&mut self, fiber: FiberId, document: &Document) -> StateResult<Value> {
        match self.run.is_small(document.measure()) {
            true => Ok(self.run.arena.include(document)),
            false => self.read_result(fiber, document.to_json().as_bytes()),
        }
    }

    #[cold]
    fn check_result(&mut self, fiber: FiberId, result: Value) -> StateResult<()> {
        let service = self.service(fiber).to_string();
        self.run.check_size(&service, result)
    }

    /// What AWS calls the task that a fiber waits for.
    fn service(&self, fiber: FiberId) -> &str {
        let (plan, state) = (self.plan(), self.run.fibers.get(fiber).state);
        match &plan.state(state).kind {
            StateKind::Task(task) => plan.resource(task.resource).service(),
            _ => &plan.state(state).name,
        }
    }

    /// The task behind a call is alive.
    pub fn heartbeat(&mut self, call: CallId, now: Now) {
        self.run.heartbeat(call, now.monotonic);
    }

    /// When to advance at the latest, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<u64> {
        self.run.next_deadline()
    }

    /// Stops everything; the outcome is `Aborted`.
    pub fn abort(&mut self) {
        if self.run.outcome.is_none() {
            self.run
                .history
                .add(0, EventKind::ExecutionAborted, Details::default);
            self.run.end(Outcome::Aborted);
        }
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.run.outcome.as_ref()
    }

    /// Holds every value that the outcome and the effects name.
    pub fn arena(&self) -> &Arena {
        &self.run.arena
    }

    /// What is being executed. There is none before the first start.
    pub fn plan(&self) -> &Arc<Plan> {
        self.plan
            .as_ref()
            .expect("an execution is asked for its plan after it was started")
    }

    /// The events so far, when [`Execution::keep_history`] was set before the start.
    pub fn history(&self) -> &[HistoryEvent] {
        self.run.history.events()
    }

    /// What it did so far, in all scopes.
    pub fn counts(&self) -> &Counts {
        &self.run.counts
    }

    /// States entered so far, in all scopes.
    pub fn states_entered(&self) -> u64 {
        self.run.states_entered
    }
}

impl Run {
    pub(super) fn new(arena: Arena) -> Run {
        Run {
            arena,
            info: ExecutionInfo::default(),
            input: Value::NULL,
            limits: Limits::default(),
            now: Now::default(),
            deadline: 0,
            fibers: Default::default(),
            joins: Default::default(),
            calls: Default::default(),
            timers: Default::default(),
            history: Default::default(),
            scratch: Default::default(),
            ready: Default::default(),
            stack: Vec::new(),
            states_entered: 0,
            counts: Default::default(),
            outcome: None,
            values: Vec::new(),
            assigned: Vec::new(),
            printed: Vec::new(),
            broken: Vec::new(),
            is_part: false,
            part_result: None,
            layers: Vec::new(),
            reads_event_ids: false,
        }
    }

    /// Forgets the last execution and keeps its buffers.
    fn reset(&mut self, plan: &Plan, start: &Start<'_>, now: Now, keep_history: bool) {
        self.take_off_layers();
        self.arena.reset(plan.constants());
        if plan.effects().reads_context {
            copy_info(&mut self.info, start.info);
        }
        self.limits = start.limits;
        self.now = now;
        let budget = plan
            .timeout()
            .unwrap_or(u64::MAX)
            .min(start.limits.execution_time);
        self.deadline = now.monotonic.saturating_add(budget);
        self.forget(keep_history);
    }

    /// Everything but the arena as it was before the first execution; keeps the buffers.
    pub(super) fn forget(&mut self, keep_history: bool) {
        self.fibers.reset();
        self.joins.reset();
        self.calls.reset();
        self.timers.reset();
        self.history.reset(keep_history);
        self.ready.clear();
        self.stack.clear();
        self.scratch.reset();
        self.assigned.clear();
        self.states_entered = 0;
        self.counts = Default::default();
        self.outcome = None;
        self.part_result = None;
        self.reads_event_ids = false;
    }

    /// Lets go of everything but the buffers.
    pub(super) fn clear(&mut self) {
        self.arena.reset(&Constants::empty());
        self.forget(false);
    }
}

/// Copies into the strings that are there.
fn copy_info(to: &mut ExecutionInfo, from: &ExecutionInfo) {
    to.id.clone_from(&from.id);
    to.name.clone_from(&from.name);
    to.role_arn.clone_from(&from.role_arn);
    to.start_time = from.start_time;
    to.redrive_count = from.redrive_count;
    to.state_machine_id.clone_from(&from.state_machine_id);
    to.state_machine_name.clone_from(&from.state_machine_name);
    to.given.clone_from(&from.given);
}
