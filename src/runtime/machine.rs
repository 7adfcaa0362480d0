//! A plan with everything it needs to run.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cpu_pool;
use super::identity::{IdentityConfig, Naming};
use super::run::Run;
use crate::engine::Counts;
use crate::engine::Limit;
use crate::engine::Limits;
use crate::plan::Cost;
use crate::plan::Plan;
use crate::plan::StateType;
use crate::task::Binding;
use crate::task::Handler;
use crate::task::Registry;
use crate::task::Site;
use crate::telemetry::BindingMetrics;
use crate::telemetry::MachineMetrics;

/// A plan with its handlers, identity and limits. Executions are reused, buffers and all; they live as long as the
/// machine.
pub struct Machine {
    parts: Arc<Parts>,
}

/// What every run of a machine knows.
///
/// Runs hold this, and the pool in it holds runs that rest: a circle that the [`Machine`] breaks when it is dropped.
/// In return an event costs no reference counting that workers would share.
pub(super) struct Parts {
    pub(super) plan: Arc<Plan>,
    pub(super) naming: Naming,
    pub(super) limits: Limits,
    /// A bound on the work between two waits.
    pub(super) stretch: Option<Cost>,
    /// By state; only Tasks have one.
    handlers: Box<[Option<Bound>]>,
    metrics: Arc<MachineMetrics>,
    pool: Pool,
}

/// Who answers a Task state, and where its calls are counted.
pub(super) struct Bound {
    pub(super) handler: Arc<dyn Handler>,
    pub(super) metrics: Arc<BindingMetrics>,
}

/// A Task state that nothing answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The state's name.
    pub state: String,
    /// Its `Resource`.
    pub resource: String,
    /// `FunctionName`, where the definition spells it out.
    pub function_name: Option<String>,
    /// The patterns that match, but have no answer.
    pub matched: Vec<String>,
}

/// Task states without an answer: nothing starts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct UnansweredError {
    /// In the order of the definition.
    pub states: Vec<Unanswered>,
    /// The patterns that exist.
    pub patterns: Vec<String>,
}

impl Machine {
    /// Binds every Task state of the plan; an error names all that nothing answers.
    pub fn new(
        plan: Arc<Plan>,
        pipeline: &str,
        registry: &Registry,
        identity: &IdentityConfig,
        limits: Limits,
    ) -> Result<Machine, UnansweredError> {
        let metrics = Arc::new(MachineMetrics::new(
            StateType::ALL.map(StateType::name),
            Limit::ALL.map(Limit::name),
        ));
        Machine::bind(
            plan,
            registry,
            Naming::new(identity, pipeline),
            limits,
            metrics,
        )
    }

    /// The same machine with another plan; what both do is counted together.
    pub fn with_plan(
        &self,
        plan: Arc<Plan>,
        registry: &Registry,
    ) -> Result<Machine, UnansweredError> {
        let parts = &self.parts;
        let metrics = Arc::clone(&parts.metrics);
        Machine::bind(plan, registry, parts.naming.clone(), parts.limits, metrics)
    }

    fn bind(
        plan: Arc<Plan>,
        registry: &Registry,
        naming: Naming,
        limits: Limits,
        metrics: Arc<MachineMetrics>,
    ) -> Result<Machine, UnansweredError> {
        let mut unanswered = Vec::new();
        let mut handlers = Vec::new();
        for (_, state) in plan.states() {
            let Some(resource) = state.resource().map(|id| plan.resource(id)) else {
                handlers.push(None);
                continue;
            };
            let site = Site {
                state: &state.name,
                resource: &resource.text,
                function_name: resource.function_name.as_deref(),
            };
            let bound = registry.bind(&site).map(|(binding, handler)| {
                let metrics = metrics.binding(&binding.name());
                if let Some(breaker) = handler.breaker() {
                    metrics.show_breaker(breaker);
                }
                if let Some(exchanges) = handler.exchanges() {
                    metrics.show_exchanges(exchanges);
                }
                Bound { handler, metrics }
            });
            if bound.is_none() {
                unanswered.push(Unanswered {
                    state: state.name.clone(),
                    resource: resource.text.clone(),
                    function_name: resource.function_name.clone(),
                    matched: registry.matching(&site).map(Binding::to_string).collect(),
                });
            }
            handlers.push(bound);
        }
        if !unanswered.is_empty() {
            return Err(UnansweredError {
                states: unanswered,
                patterns: registry.patterns().collect(),
            });
        }
        Ok(Machine {
            parts: Arc::new(Parts {
                stretch: plan.stretch(),
                plan,
                naming,
                limits,
                handlers: handlers.into(),
                metrics,
                pool: Pool::default(),
            }),
        })
    }

    /// The pipeline's name.
    pub fn pipeline(&self) -> &str {
        self.parts.naming.pipeline()
    }

    /// The compiled definition.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.parts.plan
    }

    /// Where its executions and task calls are counted.
    pub fn metrics(&self) -> &Arc<MachineMetrics> {
        &self.parts.metrics
    }

    /// Adds what executions did to the numbers of this machine.
    pub fn count(&self, counts: &Counts) {
        let metrics = &self.parts.metrics;
        for state_type in StateType::ALL {
            metrics.entered(state_type as usize, counts.entered(state_type));
        }
        for limit in Limit::ALL {
            let met = counts.met(limit);
            if met > 0 {
                metrics.met_limit(limit as usize, met);
            }
        }
        metrics.handled(counts.retries, counts.catches);
    }

    /// Bounds of each execution.
    pub fn limits(&self) -> &Limits {
        &self.parts.limits
    }

    /// `{pipeline}/{name}`: the id of the execution with this name.
    pub fn execution_id(&self, name: &str) -> String {
        let mut id = String::new();
        self.parts.naming.write_id(name, &mut id);
        id
    }

    /// A run that is ready to start.
    pub(super) fn take(&self) -> Box<Run> {
        self.parts.take()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.parts
            .pool
            .shards
            .iter()
            .for_each(|shard| shard.close());
    }
}

impl Parts {
    /// A run that rested, of the calling thread where it has one.
    pub(super) fn take(self: &Arc<Parts>) -> Box<Run> {
        let home = self.pool.own();
        let make = || Box::new(Run::new(Arc::clone(self), Arc::clone(home)));
        home.take().unwrap_or_else(make)
    }

    pub(super) fn bound(&self, state: usize) -> &Bound {
        self.handlers[state]
            .as_ref()
            .expect("every Task was bound when the machine was made")
    }
}

/// Runs that rest, in one shard per thread. A run comes back to the shard it was made for, so that a thread's shard is
/// full of its own, and nobody else locks it but those who end what waited.
#[derive(Default)]
struct Pool {
    shards: [Arc<Shard>; SHARDS],
}

const SHARDS: usize = 16;

thread_local! {
    /// Numbers the threads that are no workers.
    static OTHER_THREAD: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

/// What rests in one shard at most, and the bytes that it keeps; the rest is freed.
const RESTING: usize = 64;
const RESTING_BYTES: usize = 4 << 20;

/// One thread's runs that rest.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Shard(Mutex<Resting>);

#[derive(Default)]
struct Resting {
    #[allow(clippy::vec_box)] // A run is large and travels; only its box moves.
    runs: Vec<Box<Run>>,
    bytes: usize,
    closed: bool,
}

impl Pool {
    /// The calling thread's shard: workers have the first ones, threads that wait for executions the last ones.
    fn own(&self) -> &Arc<Shard> {
        let from_the_end = || SHARDS - 1 - OTHER_THREAD.with(|number| number % SHARDS);
        let index = cpu_pool::current_worker().map_or_else(from_the_end, |worker| worker % SHARDS);
        &self.shards[index]
    }
}

impl Shard {
    fn resting(&self) -> MutexGuard<'_, Resting> {
        // A panic while pushing or popping leaves a whole list behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Box<Run>> {
        let mut resting = self.resting();
        let run = resting.runs.pop()?;
        resting.bytes -= run.kept();
        Some(run)
    }

    /// Takes a run back.
    pub(super) fn give(&self, run: Box<Run>) {
        let mut resting = self.resting();
        let bytes = resting.bytes + run.kept();
        let has_room = resting.runs.len() < RESTING && bytes <= RESTING_BYTES;
        if !resting.closed && (has_room || resting.runs.is_empty()) {
            resting.bytes = bytes;
            resting.runs.push(run);
        }
    }

    fn close(&self) {
        let runs = {
            let mut resting = self.resting();
            resting.closed = true;
            std::mem::take(&mut resting.runs)
        };
        drop(runs);
    }
}

impl fmt::Display for UnansweredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Unanswered {
            state,
            resource,
            function_name,
            ..
        } in &self.states
        {
            write!(f, "nothing answers state \"{state}\": {resource}")?;
            match function_name {
                Some(name) => writeln!(f, " with function {name}")?,
                None => writeln!(f)?,
            }
        }
        match self.patterns.is_empty() {
            true => f.write_str("there are no bindings"),
            false => write!(f, "bindings: {}", self.patterns.join(", ")),
        }
    }
}
