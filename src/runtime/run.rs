//! One execution with all that its driver keeps for it. Never waits: whoever holds it does.

use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::Event;
use super::clock::{Clock, Moment};
use super::identity::StartTime;
use super::machine::{Parts, Shard};
use crate::engine::CallId;
use crate::engine::Effect;
use crate::engine::Execution;
use crate::engine::Failure;
use crate::engine::FanOut;
use crate::engine::Outcome;
use crate::engine::Progress;
use crate::engine::Start;
use crate::engine::TaskCall;
use crate::engine::TaskReply;
use crate::error_name;
use crate::expr::ExecutionInfo;
use crate::task::Answer;
use crate::task::Call;
use crate::task::Pass;
use crate::task::Queue;
use crate::task::Reply;
use crate::telemetry::BindingMetrics;
use crate::telemetry::OpenCall;

/// A task call that answers from tokio.
pub(super) enum Open {
    /// It is under way as soon as the runtime has room for it.
    Ready(Reply),
    /// It queues at its handler before; then [`Run::begin`] begins it.
    Queued(Queue),
}

/// A stretch of estimated work, in nanoseconds, that is not worth another thread, which costs about as much.
const SHORT: u64 = 20_000;
/// What any expression may have to read, whatever was estimated for it.
const SHORT_BYTES: usize = 64 << 10;

/// An execution, reused from event to event.
pub(super) struct Run {
    pub(super) parts: Arc<Parts>,
    /// Where it rests between two events.
    home: Arc<Shard>,
    pub(super) execution: Execution,
    /// `{pipeline}/{name}`
    pub(super) id: String,
    pub(super) started: Moment,
    pub(super) ended: Moment,
    /// What ended it when the execution itself could not say.
    broken: Option<Outcome>,
    /// For the context object, where the plan reads it.
    info: Option<Box<ExecutionInfo>>,
    /// By state: calls made so far.
    pub(super) invocations: Vec<u32>,
    /// Answers that take their time.
    pub(super) delayed: Vec<Delayed>,
    /// Calls that queue, with how often their states were called before.
    pub(super) queued: Vec<(TaskCall, u32)>,
    /// Taken from the execution, not yet carried out.
    effects: Vec<Effect>,
    /// Calls that were started and answer from tokio; the driver takes them.
    pub(super) calls: Vec<(CallId, Open, OpenCall)>,
    /// Calls whose futures the driver is to drop.
    pub(super) cancelled: Vec<CallId>,
    /// Who is told how much memory it holds while it waits.
    pub(super) watch: Option<Watch>,
}

/// Is told how many bytes an execution holds.
pub(super) type Watch = Box<dyn Fn(usize) + Send + Sync>;

/// An answer that takes its time.
pub(super) struct Delayed {
    /// On the monotonic clock, in microseconds.
    due: u64,
    id: CallId,
    reply: TaskReply,
    open: OpenCall,
}

impl Run {
    pub(super) fn new(parts: Arc<Parts>, home: Arc<Shard>) -> Run {
        Run {
            home,
            execution: Execution::new(),
            id: String::new(),
            started: Moment::default(),
            ended: Moment::default(),
            broken: None,
            info: None,
            invocations: Vec::new(),
            delayed: Vec::new(),
            queued: Vec::new(),
            effects: Vec::new(),
            calls: Vec::new(),
            cancelled: Vec::new(),
            watch: None,
            parts,
        }
    }

    /// Gives it back to where it came from.
    pub(super) fn rest(mut self: Box<Run>) {
        self.watch = None;
        self.execution.trim();
        let home = Arc::clone(&self.home);
        home.give(self);
    }

    /// How it ended. Only to be asked when it did.
    pub(super) fn outcome(&self) -> &Outcome {
        let own = || self.execution.outcome().expect("the execution is over");
        self.broken.as_ref().unwrap_or_else(own)
    }

    /// Takes an event in and runs it as far as it goes.
    pub(super) fn start(
        &mut self,
        event: Event<'_>,
        history: bool,
        clock: &Clock,
        fan_out: &dyn FanOut,
    ) -> Progress {
        self.forget();
        self.started = clock.read();
        self.guarded(clock, |run| {
            run.take_in(event, history, fan_out)?;
            Ok(run.step(run.started, clock, fan_out))
        })
    }

    /// Goes on as far as it goes.
    pub(super) fn go_on(&mut self, clock: &Clock, fan_out: &dyn FanOut) -> Progress {
        self.guarded(clock, |run| {
            let now = clock.read();
            run.give_due_answers(now);
            Ok(run.step(now, clock, fan_out))
        })
    }

    /// Whether the next stretch is known to take less than its way to the pool and back.
    pub(super) fn is_short(&self) -> bool {
        let bytes = self.execution.arena().bytes_used();
        let work = self.parts.stretch.map(|stretch| stretch.over(bytes));
        bytes <= SHORT_BYTES && work.is_some_and(|work| work <= SHORT)
    }

    /// The same for one that is short. None where a call was answered at once and there is more to do: such a chain may
    /// be long.
    pub(super) fn go_on_briefly(
        &mut self,
        clock: &Clock,
        fan_out: &dyn FanOut,
    ) -> Option<Progress> {
        let mut unfinished = false;
        let progress = self.guarded(clock, |run| {
            let moment = clock.read();
            run.give_due_answers(moment);
            let progress = run.execution.advance(moment.now(), fan_out);
            unfinished = progress == Progress::Waiting && run.carry_out_effects(moment);
            Ok(progress)
        });
        (!unfinished || progress == Progress::Done).then_some(progress)
    }

    /// Stops it from outside.
    pub(super) fn abort(&mut self, clock: &Clock) {
        self.guarded(clock, |run| {
            run.execution.abort();
            Err(Outcome::Aborted)
        });
        self.calls.clear();
    }

    /// Bytes that it keeps for its next event.
    pub(super) fn kept(&self) -> usize {
        self.execution.arena().bytes_kept()
    }

    /// When to go on at the latest, on the monotonic clock in microseconds.
    pub(super) fn wake_at(&self) -> Option<u64> {
        let deadline = self.execution.next_deadline().map(|millis| millis * 1_000);
        let answers = self.delayed.iter().map(|delayed| delayed.due);
        answers.chain(deadline).min()
    }

    /// Lets go of what is left of the execution before.
    pub(super) fn forget(&mut self) {
        self.broken = None;
        self.invocations.clear();
        self.delayed.clear();
        self.queued.clear();
        self.effects.clear();
        self.calls.clear();
        self.cancelled.clear();
    }

    /// A panic ends the execution, not the worker (`Expressd.InternalError`).
    fn guarded(
        &mut self,
        clock: &Clock,
        work: impl FnOnce(&mut Run) -> Result<Progress, Outcome>,
    ) -> Progress {
        let progress = match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(Ok(progress)) => progress,
            Ok(Err(outcome)) => self.end(outcome),
            Err(panic) => {
                // Whatever the panic left half done is thrown away.
                self.execution = Execution::new();
                self.forget();
                self.end(failed(error_name::INTERNAL_ERROR, words(&*panic)))
            }
        };
        if progress == Progress::Done {
            self.ended = clock.read();
        }
        progress
    }

    fn end(&mut self, outcome: Outcome) -> Progress {
        self.broken = Some(outcome);
        Progress::Done
    }

    fn take_in(
        &mut self,
        event: Event<'_>,
        history: bool,
        fan_out: &dyn FanOut,
    ) -> Result<(), Outcome> {
        let Parts {
            plan,
            naming,
            limits,
            ..
        } = &*self.parts;
        naming.write_id(event.name, &mut self.id);
        let effects = plan.effects();
        let now = self.started.now();
        if effects.reads_context {
            let info = self.info.get_or_insert_with(|| Box::new(naming.info()));
            naming.write_info(&self.id, info);
            info.start_time = match (naming.start_time(), event.timestamp) {
                (StartTime::Record, Some(timestamp)) => timestamp,
                _ => now.wall,
            };
        }
        let unread = ExecutionInfo::default();
        let start = Start {
            info: self.info.as_deref().unwrap_or(&unread),
            seed: if effects.draws_random {
                naming.seed(&self.id)
            } else {
                0
            },
            limits: *limits,
        };
        self.execution.keep_history(history);
        self.execution
            .start_on(plan, event.payload, start, now, fan_out)
            .map_err(|error| failed(error_name::INVALID_INPUT, error.to_string()))
    }

    /// Advances until it is over or nothing is left that is answered at once. Ends, because every answer is a task call
    /// and their number is limited.
    fn step(&mut self, mut moment: Moment, clock: &Clock, fan_out: &dyn FanOut) -> Progress {
        loop {
            if self.execution.advance(moment.now(), fan_out) == Progress::Done {
                return Progress::Done;
            }
            if !self.carry_out_effects(moment) {
                return Progress::Waiting;
            }
            moment = clock.read();
        }
    }

    /// Starts and cancels calls; says whether one was answered at once.
    fn carry_out_effects(&mut self, moment: Moment) -> bool {
        let mut effects = std::mem::take(&mut self.effects);
        effects.extend(self.execution.take_effects());
        let mut answered = false;
        for effect in effects.drain(..) {
            match effect {
                Effect::Call(call) => match self.call(&call, moment) {
                    Answer::Queued(queue) => {
                        self.leave(&call, Open::Queued(queue));
                        let before = self.invocations[call.state.index()] - 1;
                        self.queued.push((call, before));
                    }
                    Answer::Now(reply) => {
                        self.binding(&call).answered(result(&reply));
                        self.execution.reply(call.id, reply);
                        answered = true;
                    }
                    Answer::After(delay, reply) => {
                        let open = self.binding(&call).open();
                        self.delayed.push(Delayed {
                            due: moment.monotonic.saturating_add(micros(delay)),
                            id: call.id,
                            reply,
                            open,
                        });
                    }
                    Answer::Never => drop(self.binding(&call).open()),
                    Answer::Later(reply) => self.leave(&call, Open::Ready(reply)),
                },
                Effect::Cancel(id) => {
                    self.delayed.retain(|delayed| delayed.id != id);
                    self.queued.retain(|(queued, _)| queued.id != id);
                    self.calls.retain(|(open, ..)| *open != id);
                    self.cancelled.push(id);
                }
            }
        }
        self.effects = effects;
        answered
    }

    /// Leaves a call to the driver.
    fn leave(&mut self, call: &TaskCall, open: Open) {
        let counted = self.binding(call).open();
        self.calls.push((call.id, open, counted));
    }

    fn binding(&self, call: &TaskCall) -> &Arc<BindingMetrics> {
        &self.parts.bound(call.state.index()).metrics
    }

    fn call(&mut self, call: &TaskCall, moment: Moment) -> Answer {
        let state = call.state.index();
        if self.invocations.len() <= state {
            self.invocations.resize(state + 1, 0);
        }
        let invocation = self.invocations[state];
        self.invocations[state] += 1;
        let handler = &self.parts.bound(state).handler;
        handler.call(self.for_handler(call, invocation, moment))
    }

    /// A call was answered.
    pub(super) fn answered(&mut self, id: CallId, reply: TaskReply) {
        // It may have been refused while it queued.
        self.queued.retain(|(queued, _)| queued.id != id);
        self.execution.reply(id, reply);
    }

    /// Begins a call whose turn has come. Never blocks: what is answered at once is an answer, too.
    pub(super) fn begin(&mut self, id: CallId, pass: Pass, clock: &Clock) -> Reply {
        let at = self.queued.iter().position(|(queued, _)| queued.id == id);
        let (call, invocation) = self
            .queued
            .swap_remove(at.expect("what has queued is remembered"));
        let begun = catch_unwind(AssertUnwindSafe(|| {
            let handler = &self.parts.bound(call.state.index()).handler;
            handler.begin(self.for_handler(&call, invocation, clock.read()), pass)
        }));
        match begun {
            Ok(Answer::Later(reply)) => reply,
            Ok(Answer::Now(reply)) => Box::pin(ready(reply)),
            _ => Box::pin(ready(broken_handler())),
        }
    }

    fn for_handler<'a>(&'a self, call: &'a TaskCall, invocation: u32, moment: Moment) -> Call<'a> {
        Call {
            arena: self.execution.arena(),
            input: call.input,
            execution_id: &self.id,
            scope: call.scope(),
            state: &self.parts.plan.state(call.state).name,
            visit: call.visit,
            attempt: call.attempt,
            invocation,
            timeout: call.timeout,
            heartbeat: call.heartbeat,
            wall: moment.wall_millis(),
        }
    }

    /// Gives the answers whose time has come, in the order of their times.
    fn give_due_answers(&mut self, moment: Moment) {
        if self.delayed.is_empty() {
            return;
        }
        self.delayed
            .sort_by_key(|delayed| (delayed.due, delayed.id));
        let n_due = self
            .delayed
            .partition_point(|delayed| delayed.due <= moment.monotonic);
        for delayed in self.delayed.drain(..n_due) {
            delayed.open.answered(result(&delayed.reply));
            self.execution.reply(delayed.id, delayed.reply);
        }
    }
}

/// As it is counted.
pub(super) fn result(reply: &TaskReply) -> Result<(), Option<&str>> {
    match reply {
        TaskReply::Result(_) | TaskReply::Known(_) => Ok(()),
        TaskReply::Error { error, .. } => Err(error.as_deref()),
    }
}

/// The answer of a handler that is wrong.
pub(super) fn broken_handler() -> TaskReply {
    TaskReply::Error {
        error: Some(error_name::INTERNAL_ERROR.to_string()),
        cause: Some("the task's handler panicked".to_string()),
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn failed(error: &str, cause: String) -> Outcome {
    Outcome::Failed(Failure {
        error: Some(error.to_string()),
        cause: Some(cause),
        state: String::new(),
    })
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without words"))
}
