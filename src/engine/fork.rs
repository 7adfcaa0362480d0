//! Parts of one execution on several workers.
//!
//! A Parallel or Map whose children are pure and have enough to do is cut into jobs: each has a run of its own over an
//! arena that continues the frozen arena of the execution, each in a part of the index space of its own. Afterwards the
//! jobs' arenas stay where they are, as layers on top of the execution's: nothing is copied. Jobs of jobs, and those that
//! would make too many layers, have their results adopted in order.
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

/// Layers that an execution's values lie in at most: whoever reads an early value comes through all that lie on it.
const MAX_LAYERS: usize = 16;

/// Places of the index space that a job gets at least.
const MIN_ROOM: usize = 1 << 20;

/// A piece of one execution that any worker can do.
pub struct ForkJob<'a>(Job<'a>);

enum Job<'a> {
    Children(Box<Children<'a>>),
    Piece(&'a mut (dyn FnMut() + Send + 'a)),
}

impl<'a> ForkJob<'a> {
    /// Something else than children.
    pub(super) fn piece(work: &'a mut (dyn FnMut() + Send + 'a)) -> ForkJob<'a> {
        ForkJob(Job::Piece(work))
    }

    /// Runs it to its end. It may fork again while workers are idle.
    pub fn run(&mut self, fan_out: &dyn FanOut) {
        match &mut self.0 {
            Job::Children(children) => children.run(fan_out),
            Job::Piece(work) => work(),
        }
    }

    fn into_buffers(self) -> Option<Buffers> {
        match self.0 {
            Job::Children(children) => children.done,
            Job::Piece(_) => None,
        }
    }
}

/// Some pure branches or items of one execution, on their own arena.
struct Children<'a> {
    plan: &'a Arc<Plan>,
    /// The run that waits for this job, without its arena.
    whole: &'a Run,
    frozen: &'a Arc<Arena>,
    /// What the children run for.
    fiber: &'a Fiber,
    join: JoinId,
    /// Numbers of the children.
    part: Range<usize>,
    /// Places of the index space that earlier jobs have.
    skipped: usize,
    /// Bytes.
    memory: usize,
    /// What became of it.
    done: Option<Buffers>,
}

impl Children<'_> {
    fn run(&mut self, fan_out: &dyn FanOut) {
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
        run.arena.continue_from(self.frozen, self.skipped);
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
        let room = self.room_for_layers(&frozen, n_jobs, memory);
        let job = |number| {
            ForkJob(Job::Children(Box::new(Children {
                plan: env.plan,
                whole: self,
                frozen: &frozen,
                fiber,
                join,
                part: number * n_children / n_jobs..(number + 1) * n_children / n_jobs,
                skipped: number * room.unwrap_or(0),
                memory,
                done: None,
            })))
        };
        let mut jobs: Vec<ForkJob<'_>> = (0..n_jobs).map(job).collect();
        env.fan_out.join(&mut jobs);
        let parts: Vec<Buffers> = jobs.into_iter().filter_map(ForkJob::into_buffers).collect();
        self.arena = Arc::into_inner(frozen)
            .expect("every job has let go of the arena that was frozen for it");
        if parts.len() < n_jobs {
            return Ok(None);
        }
        match self.judge(env, fiber, &parts) {
            Ok(true) => Ok(Some(self.take_in(parts, room))),
            Ok(false) => {
                parts.into_iter().for_each(Buffers::give_back);
                Ok(None)
            }
            Err(error) => {
                parts.into_iter().for_each(Buffers::give_back);
                Err(error)
            }
        }
    }

    /// Places of the index space for each job, where the jobs' arenas can stay as layers on top of this run's.
    fn room_for_layers(&self, frozen: &Arena, n_jobs: usize, memory: usize) -> Option<usize> {
        // A job's memory is measured between its states, so it may hold more for a while.
        let room = MIN_ROOM.max(memory / Arena::LEAST_BYTES_PER_VALUE * 2);
        let few = self.layers.len() + n_jobs < MAX_LAYERS;
        let fits = room.checked_mul(2 * n_jobs)? < frozen.room();
        (!self.is_part && few && fits).then_some(room)
    }

    /// Takes the jobs' arenas in, and gives their outputs as one array.
    fn take_in(&mut self, parts: Vec<Buffers>, room: Option<usize>) -> Value {
        let layered =
            room.filter(|room| parts.iter().all(|part| part.run.arena.n_nodes() <= *room));
        let mut outputs = Vec::with_capacity(parts.len());
        let first = self.arena.end();
        let n_parts = parts.len();
        for mut part in parts {
            let Some(Ok(output)) = part.run.part_result else {
                unreachable!("the jobs were judged before")
            };
            match layered {
                Some(_) => {
                    outputs.push(output);
                    let below = std::mem::replace(&mut self.arena, part.take_arena());
                    self.arena.lay_on(below);
                    self.layers.push(Some(part));
                }
                None => {
                    outputs.push(self.arena.adopt(&part.run.arena, output));
                    part.give_back();
                }
            }
        }
        if let Some(room) = layered {
            let top = self.arena.layer(first + n_parts * room);
            let below = std::mem::replace(&mut self.arena, top);
            self.arena.lay_on(below);
            self.layers.push(None);
        }
        self.arena.concat(&outputs)
    }

    /// Gives the layers back to the workers that wrote them.
    pub(super) fn take_off_layers(&mut self) {
        while let Some(layer) = self.layers.pop() {
            let Some(below) = self.arena.lift_off() else {
                // A job panicked, and what lay below is lost.
                return self.layers.clear();
            };
            let above = std::mem::replace(&mut self.arena, below);
            if let Some(mut buffers) = layer {
                buffers.run.arena = above;
                buffers.give_back();
            }
        }
    }

    /// Counts what the jobs did. False when that is to be dropped and the children to run in place.
    fn judge(&mut self, env: Env<'_>, fiber: &Fiber, parts: &[Buffers]) -> StateResult<bool> {
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
                _ if must_know(run.reads_event_ids) => return Ok(false),
                Some(Ok(_)) => {}
                Some(Err(error)) if must_know(error.names_event) || error.is_limit() => {
                    return Ok(false);
                }
                Some(Err(error)) => {
                    failed = Some(error.clone());
                    break;
                }
                None => return Ok(false),
            }
        }
        if states_before + states > self.limits.states || memory > self.limits.memory {
            return Ok(false);
        }
        self.states_entered += states;
        self.counts.add(&counts);
        self.history.skip(events);
        self.reads_event_ids |= reads_event_ids;
        if let Some(error) = failed {
            return Err(self.placed(env, fiber, error));
        }
        Ok(true)
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
