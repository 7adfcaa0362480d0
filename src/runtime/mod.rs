//! Drives executions: the rayon door, timers, task calls, the clock. Knows neither sources nor sinks.
//!
//! An event runs on the worker that has its bytes, as far as it goes without waiting ([`Runtime::start`]). What has to
//! wait goes on in tokio ([`Runtime::drive`]) and comes back to the pool for every stretch of computing that is not
//! known to be shorter than the way there.

mod calls;
mod cancel;
mod clock;
mod cpu_pool;
mod driver;
mod identity;
mod limits;
mod machine;
mod pause;
mod run;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use self::driver::Tools;
use self::run::Run;
use crate::engine::Execution;
use crate::engine::FanOut;
use crate::engine::Outcome;
use crate::engine::Progress;
use crate::telemetry::RuntimeLoad;

pub use cancel::CancelToken;
pub use clock::{Clock, Moment};
pub use cpu_pool::{CpuPool, JobLost};
pub use identity::{IdentityConfig, StartTime};
pub use limits::LimitsConfig;
pub use machine::{Machine, Unanswered, UnansweredError};
pub use pause::pause;
#[cfg(test)]
pub(crate) use pause::simulated;
pub use waiting::Waiting;

/// The `runtime` section of a config.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct RuntimeConfig {
    /// Threads that compute; 0 means one for each core.
    pub workers: usize,
    /// Task calls under way at the same time, over all pipelines.
    pub concurrency: usize,
}

impl Default for RuntimeConfig {
    fn default() -> RuntimeConfig {
        RuntimeConfig {
            workers: 0,
            concurrency: 4_096,
        }
    }
}

/// The event that starts an execution.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// JSON text.
    pub payload: &'a [u8],
    /// `{topic}-{partition}-{offset}`
    pub name: &'a str,
    /// The record's timestamp, milliseconds since the epoch.
    pub timestamp: Option<i64>,
}

/// What became of an event.
pub enum Started {
    /// It ran to its end at once.
    Done(Ended),
    /// It waits; give it to [`Runtime::drive`].
    Waiting(Box<Waiting>),
}

/// An execution that is over; its arena still holds the output, and goes back to the pool when this is dropped.
pub struct Ended {
    /// Always there until it is dropped.
    run: Option<Box<Run>>,
}

/// The pool, the timers, the clock. Cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    tools: Arc<Tools>,
    tokio: Handle,
    concurrency: usize,
}

impl Runtime {
    /// Starts the CPU pool. `tokio` is where executions wait.
    pub fn new(config: &RuntimeConfig, clock: Clock, tokio: Handle) -> std::io::Result<Runtime> {
        Ok(Runtime {
            tools: Arc::new(Tools {
                pool: Arc::new(CpuPool::new(config.workers)?),
                clock,
                concurrency: Arc::new(Semaphore::new(config.concurrency)),
            }),
            tokio,
            concurrency: config.concurrency,
        })
    }

    /// Runs an event as far as it goes, on the calling worker. Input that is not JSON ends as failed with
    /// `Expressd.InvalidInput`, a panic as failed with `Expressd.InternalError`.
    pub fn start(&self, machine: &Machine, event: Event<'_>) -> Started {
        self.start_with(machine, event, false)
    }

    /// The same, and keeps the history of the execution.
    pub fn start_traced(&self, machine: &Machine, event: Event<'_>) -> Started {
        self.start_with(machine, event, true)
    }

    fn start_with(&self, machine: &Machine, event: Event<'_>, history: bool) -> Started {
        let mut run = machine.take();
        match run.start(event, history, &self.tools.clock, &*self.tools.pool) {
            Progress::Done => Started::Done(Ended::new(run)),
            Progress::Waiting => Started::Waiting(run.suspend()),
        }
    }

    /// Goes on with a waiting execution in tokio. `finish` is called exactly once, on a worker of the CPU pool; also when
    /// `cancel` fires or the runtime goes down (`Outcome::Aborted`).
    pub fn drive(
        &self,
        waiting: Box<Waiting>,
        cancel: &CancelToken,
        finish: impl FnOnce(Ended) + Send + 'static,
    ) {
        let driving = driver::drive(waiting, Arc::clone(&self.tools), cancel.clone(), finish);
        // The owner that joins it is `finish`: it is called whatever happens to the task.
        self.tokio.spawn(driving);
    }

    /// Runs a job (one batch) on the CPU pool. A panic in it is caught and counted by the caller's own guard.
    pub fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        self.tools.pool.spawn(job);
    }

    /// Runs a job behind those that wait already, also where a worker asks: what a worker spawns comes first otherwise.
    pub fn spawn_last(&self, job: impl FnOnce() + Send + 'static) {
        let pool = Arc::clone(&self.tools.pool);
        self.tokio.spawn(async move { pool.spawn(job) });
    }

    /// A runtime whose jobs run on the calling thread, when it says so.
    #[cfg(test)]
    pub(crate) fn simulated(clock: Clock, tokio: Handle) -> Runtime {
        let concurrency = RuntimeConfig::default().concurrency;
        Runtime {
            tools: Arc::new(Tools {
                pool: Arc::new(CpuPool::on_this_thread()),
                clock,
                concurrency: Arc::new(Semaphore::new(concurrency)),
            }),
            tokio,
            concurrency,
        }
    }

    /// Runs a job that waits, on the calling thread; says whether there was one.
    #[cfg(test)]
    pub(crate) fn run_one(&self) -> bool {
        self.tools.pool.run_one()
    }

    /// The clocks of this runtime.
    pub fn clock(&self) -> &Clock {
        &self.tools.clock
    }

    /// Threads that compute.
    pub fn workers(&self) -> usize {
        self.tools.pool.workers()
    }

    /// How busy the pool and tokio are.
    pub fn load(&self) -> RuntimeLoad {
        let (pool, tokio) = (&self.tools.pool, self.tokio.metrics());
        let open = self.concurrency - self.tools.concurrency.available_permits();
        let busy = (0..tokio.num_workers()).map(|worker| tokio.worker_total_busy_duration(worker));
        RuntimeLoad {
            workers: pool.workers(),
            pending_jobs: pool.pending(),
            busy: pool.busy(),
            concurrency_used: open as f64 / self.concurrency as f64,
            tokio_tasks: tokio.num_alive_tasks(),
            tokio_queued: tokio.global_queue_depth(),
            tokio_busy: busy.sum(),
        }
    }

    /// Workers for pure branches and items.
    pub fn fan_out(&self) -> &dyn FanOut {
        &*self.tools.pool
    }
}

impl Ended {
    fn new(run: Box<Run>) -> Ended {
        Ended { run: Some(run) }
    }

    fn run(&self) -> &Run {
        self.run.as_ref().expect("the run leaves only on drop")
    }

    /// How it ended.
    pub fn outcome(&self) -> &Outcome {
        self.run().outcome()
    }

    /// The execution, with the output in its arena.
    pub fn execution(&self) -> &Execution {
        &self.run().execution
    }

    /// `{pipeline}/{topic}-{partition}-{offset}`
    pub fn execution_id(&self) -> &str {
        &self.run().id
    }

    /// Wall clock, milliseconds since the epoch.
    pub fn started(&self) -> i64 {
        self.run().started.wall_millis()
    }

    /// Wall clock, milliseconds since the epoch.
    pub fn ended(&self) -> i64 {
        self.run().ended.wall_millis()
    }

    /// How long it took, by the monotonic clock.
    pub fn took(&self) -> Duration {
        let run = self.run();
        run.ended.since(run.started)
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            run.rest();
        }
    }
}

#[cfg(test)]
mod tests;
