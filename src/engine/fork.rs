//! Parts of one execution on several workers.
//!
//! A Parallel or Map whose children are pure and have enough to do is cut into jobs: each has a run of its own over an
//! arena that continues the frozen arena of the execution. Afterwards their results are adopted in order.
//!
//! The answer is the same as in place, event ids in error texts included. A job cannot know how many events the jobs
//! before it will count; when that turns out to matter, or a limit is met, the jobs' work is dropped and the children
//! run again in place. They are pure, so nobody can tell.

use std::ops::Range;
use std::sync::Arc;

use super::counts::Counts;
use super::failure::StateError;
use super::fan_out::Buffers;
use super::fiber::{Fiber, Step};
use super::join::JoinId;
use super::run::{Env, Run, StateResult, Work};
use super::{FanOut, Now};
use crate::plan::Plan;
use crate::value::{Arena, Value};

/// Estimated nanoseconds of work below which a job does not pay for its hand-over.
// An estimate: to wake a worker and to take its results in costs about as much as half of this.
const MIN_WORK: u64 = 50_000;

/// Jobs per worker: more than one, so that they end together although the estimates are rough.
const JOBS_PER_WORKER: usize = 2;

/// Some pure branches or items of one execution, on their own arena.
pub struct ForkJob<'a> {
    plan: &'a Arc<Plan>,
    /// The run that waits for this job, without its arena.
    whole: &'a Run,
    frozen: &'a Arc<Arena>,
    /// What the children run for.
    fiber: &'a Fiber,
    join: JoinId,
    /// Numbers of the children.
    part: Range<usize>,
    /// Bytes.
    memory: usize,
    /// What became of it.
    done: Option<Buffers>,
}

impl ForkJob<'_> {
    /// Runs it to its end. It may fork again while workers are idle.
    pub fn run(&mut self, fan_out: &dyn FanOut) {
        let mut part = Buffers::of(fan_out);
        self.prepare(&mut part.run);
        part.run.work_off(Env {
            plan: self.plan,
            fan_out,
        });
        part.run.arena.release_parent();
        self.done = Some(part);
    }

    /// Puts the children under a fiber that stands for their container.
    fn prepare(&self, run: &mut Run) {
        let whole = self.whole;
        run.arena.continue_from(self.frozen);
        if self.plan.effects().reads_context {
            run.info = whole.info.clone();
        }
        run.input = whole.input;
        run.limits = whole.limits;
        run.limits.memory = self.memory;
        run.now = Now { ..whole.now };
        run.deadline = u64::MAX;
        run.states_entered = whole.states_entered;
        run.history.skip(whole.history.count());
        run.is_part = true;

        let container = run.fibers.add();
        let join_id = run.joins.add();
        let stand_in = run.fibers.get_mut(container);
        stand_in.step = Step::Joining(join_id);
        stand_in.parent = None;
        stand_in.state = self.fiber.state;
        stand_in.entered_event = self.fiber.entered_event;
        stand_in.entered_time = self.fiber.entered_time;
        stand_in.attempt = self.fiber.attempt;
        stand_in.item = self.fiber.item;
        stand_in.variables.clone_from(&self.fiber.variables);
        let join = whole.joins.get(self.join);
        let own = run.joins.get_mut(join_id);
        own.parent = container;
        own.values.extend(&join.values[self.part.clone()]);
        own.first = self.part.start as u32;
        own.input = join.input;
        own.limit = join.limit;
        own.is_map = join.is_map;
        own.is_straight = join.is_straight;
        own.seed = join.seed;
        run.stack.push(Work::Join(join_id));
    }
}

impl Run {
    /// Runs the children of a join on several workers, if that pays, and gives their outputs as an array.
    /// `work` is the estimate for all of them in nanoseconds; they are pure.
    pub(super) fn fork(
        &mut self,
        env: Env<'_>,
        fiber: &Fiber,
        join: JoinId,
        work: u64,
    ) -> StateResult<Option<Value>> {
        if work < 2 * MIN_WORK || self.history.is_kept() {
            return Ok(None);
        }
        let idle = env.fan_out.idle_workers();
        if idle == 0 {
            return Ok(None);
        }
        let n_children = self.joins.get(join).values.len();
        let n_jobs = ((idle + 1) * JOBS_PER_WORKER)
            .min(usize::try_from(work / MIN_WORK).unwrap_or(usize::MAX))
            .min(n_children);
        if n_jobs < 2 {
            return Ok(None);
        }
        let placeholder = Arena::new(env.plan.constants().clone());
        let frozen = Arc::new(std::mem::replace(&mut self.arena, placeholder));
        let memory = self.limits.memory.saturating_sub(frozen.bytes_used()) / n_jobs;
        let job = |number| ForkJob {
            plan: env.plan,
            whole: self,
            frozen: &frozen,
            fiber,
            join,
            part: number * n_children / n_jobs..(number + 1) * n_children / n_jobs,
            memory,
            done: None,
        };
        let mut jobs: Vec<ForkJob<'_>> = (0..n_jobs).map(job).collect();
        env.fan_out.join(&mut jobs);
        let parts: Vec<Buffers> = jobs.into_iter().filter_map(|job| job.done).collect();
        self.arena = Arc::into_inner(frozen)
            .expect("every job has let go of the arena that was frozen for it");
        if parts.len() < n_jobs {
            return Ok(None);
        }
        let gathered = self.gather(env, fiber, &parts);
        parts.into_iter().for_each(Buffers::give_back);
        gathered
    }

    /// Takes the jobs' results in. `None` when they are to be dropped and the children to run in place.
    fn gather(
        &mut self,
        env: Env<'_>,
        fiber: &Fiber,
        parts: &[Buffers],
    ) -> StateResult<Option<Value>> {
        let (states_before, events_before) = (self.states_entered, self.history.count());
        let (mut states, mut events, mut counts) = (0, 0, Counts::default());
        let mut memory = self.arena.bytes_used();
        let mut failed = None;
        let mut reads_event_ids = false;
        for (number, part) in parts.iter().enumerate() {
            let run = &part.run;
            states += run.states_entered - states_before;
            counts.add(&run.counts);
            events += run.history.count() - events_before;
            memory += run.arena.bytes_used();
            // Only the first job knows how many events came before it.
            let must_know = |names_event: bool| names_event && number > 0;
            reads_event_ids |= run.reads_event_ids;
            match &run.part_result {
                _ if must_know(run.reads_event_ids) => return Ok(None),
                Some(Ok(_)) => {}
                Some(Err(error)) if must_know(error.names_event) || error.is_limit() => {
                    return Ok(None);
                }
                Some(Err(error)) => {
                    failed = Some(error.clone());
                    break;
                }
                None => return Ok(None),
            }
        }
        if states_before + states > self.limits.states || memory > self.limits.memory {
            return Ok(None);
        }
        self.states_entered += states;
        self.counts.add(&counts);
        self.history.skip(events);
        self.reads_event_ids |= reads_event_ids;
        if let Some(error) = failed {
            return Err(self.placed(env, fiber, error));
        }
        let mut outputs = Vec::new();
        for Buffers { run, .. } in parts {
            if let Some(Ok(part)) = &run.part_result {
                let part = self.arena.adopt(&run.arena, *part);
                outputs.extend(self.arena.elements(part));
            }
        }
        Ok(Some(self.arena.array(&outputs)))
    }

    /// The job knew the failing state's place only below the container.
    fn placed(&self, env: Env<'_>, fiber: &Fiber, mut error: Box<StateError>) -> Box<StateError> {
        let scope = self.scope_path(env.plan, fiber);
        if let Some(state) = error.state.take() {
            error.state = Some(match scope.is_empty() {
                true => state,
                false => format!("{scope}/{state}"),
            });
        }
        error
    }
}
