//! An execution that waits, without the buffers that it needs only while it runs.

use std::mem::take;

use super::call::Calls;
use super::counts::Counts;
use super::fan_out::Buffers;
use super::fiber::Fibers;
use super::history::History;
use super::join::Joins;
use super::run::Run;
use super::timers::{Timer, Timers};
use super::{Limits, Now};
use crate::expr::ExecutionInfo;
use crate::plan::Plan;
use crate::value::{Packed, Value};

/// What has to be known of an execution during a wait, in little memory: tens of thousands may wait at the same time.
pub struct Suspended {
    values: Packed,
    input: Value,
    now: Now,
    deadline: u64,
    fibers: Fibers,
    calls: Calls,
    timers: Timers,
    states_entered: u64,
    counts: Counts,
    /// JSONata steps that it may still take.
    steps: u64,
    n_events: u64,
    reads_event_ids: bool,
    seldom: Option<Box<Seldom>>,
}

/// What most executions do without.
struct Seldom {
    info: ExecutionInfo,
    joins: Joins,
    history: History,
    layers: Vec<Option<Buffers>>,
}

impl Run {
    /// Takes out what the execution needs to go on. No fiber is ready to run.
    pub(super) fn suspend(&mut self, plan: &Plan) -> Suspended {
        debug_assert!(self.ready.is_empty() && self.stack.is_empty());
        // None may stay behind whose place another fiber takes.
        let is_live = |timer: &Timer| self.fibers.has_stamp(timer.fiber, timer.stamp);
        let timers = self.timers.take_live(is_live);
        Suspended {
            values: self.arena.pack(),
            input: self.input,
            now: self.now,
            deadline: self.deadline,
            fibers: self.fibers.take_used(),
            calls: self.calls.take_open(),
            timers,
            states_entered: self.states_entered,
            counts: self.counts,
            steps: self.scratch.steps_left(),
            n_events: self.history.count(),
            reads_event_ids: self.reads_event_ids,
            seldom: self.take_seldom(plan),
        }
    }

    fn take_seldom(&mut self, plan: &Plan) -> Option<Box<Seldom>> {
        let is_there = plan.effects().reads_context
            || self.joins.are_used()
            || self.history.is_kept()
            || !self.layers.is_empty();
        is_there.then(|| {
            Box::new(Seldom {
                info: take(&mut self.info),
                joins: take(&mut self.joins),
                history: take(&mut self.history),
                layers: take(&mut self.layers),
            })
        })
    }

    /// Goes on with an execution of this plan that was started within these limits.
    pub(super) fn resume(&mut self, plan: &Plan, limits: &Limits, suspended: Suspended) {
        let Suspended {
            values,
            input,
            now,
            deadline,
            fibers,
            calls,
            timers,
            states_entered,
            counts,
            steps,
            n_events,
            reads_event_ids,
            seldom,
        } = suspended;
        self.take_off_layers();
        self.forget(false);
        self.arena.unpack(values, plan.constants());
        self.limits = *limits;
        self.input = input;
        self.now = now;
        self.deadline = deadline;
        self.fibers = fibers;
        self.calls = calls;
        self.timers = timers;
        self.states_entered = states_entered;
        self.counts = counts;
        self.scratch.leave_steps(steps);
        self.history.skip(n_events);
        self.reads_event_ids = reads_event_ids;
        if let Some(seldom) = seldom {
            let Seldom {
                info,
                joins,
                history,
                layers,
            } = *seldom;
            self.info = info;
            self.joins = joins;
            self.history = history;
            self.layers = layers;
        }
    }
}
