//! The rayon pool: the one door between threads that wait and threads that compute.

mod together;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::engine::FanOut;
use crate::engine::ForkJob;
use crate::engine::Spares;
use crate::telemetry::Sharded;

/// Threads that compute. Inside a job nothing blocks and nothing awaits.
pub struct CpuPool {
    pool: rayon::ThreadPool,
    workers: usize,
    /// Jobs handed over and not done, those that run included.
    load: Arc<AtomicUsize>,
    /// Microseconds spent in jobs.
    busy: Arc<Sharded>,
    /// One for each worker.
    spares: Vec<Spares>,
}

/// A job that did not come back: it panicked, or the pool was shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the job was lost")]
pub struct JobLost;

impl CpuPool {
    /// A pool of `workers` threads; 0 means one for each core.
    pub fn new(workers: usize) -> std::io::Result<CpuPool> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(workers)
            .thread_name(|index| format!("cpu-{index}"))
            // The message is printed by the panic hook; who owned the job notices by its drop guard.
            .panic_handler(|_| tracing::error!("a job on the CPU pool panicked"))
            .build()
            .map_err(std::io::Error::other)?;
        Ok(CpuPool {
            workers: pool.current_num_threads(),
            spares: (0..pool.current_num_threads())
                .map(|_| Spares::default())
                .collect(),
            pool,
            load: Arc::default(),
            busy: Arc::default(),
        })
    }

    /// A pool whose only worker is the calling thread, for ever.
    #[cfg(test)]
    pub(super) fn on_this_thread() -> CpuPool {
        let builder = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .use_current_thread();
        CpuPool {
            workers: 1,
            spares: vec![Spares::default()],
            pool: builder.build().unwrap(),
            load: Arc::default(),
            busy: Arc::default(),
        }
    }

    /// Runs a job that waits, if the calling thread is a worker; says whether there was one.
    #[cfg(test)]
    pub(super) fn run_one(&self) -> bool {
        matches!(rayon::yield_local(), Some(rayon::Yield::Executed))
    }

    /// How many threads there are.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Jobs handed over and not done.
    pub fn pending(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// Time spent in jobs, over all threads.
    pub fn busy(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.busy.sum()).unwrap_or(0))
    }

    /// Runs a job that nobody waits for.
    pub fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        let load = Load::new(&self.load, 1);
        let busy = Arc::clone(&self.busy);
        self.pool.spawn(move || {
            let _load = load;
            let _busy = Busy::new(&busy);
            job();
        });
    }

    /// Runs a job and waits for it. Work nobody waits for any more is skipped: its closure is dropped.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JobLost> {
        let (answer, done) = oneshot::channel();
        self.spawn(move || {
            if !answer.is_closed() {
                let _ = answer.send(job());
            }
        });
        done.await.map_err(|_| JobLost)
    }
}

/// The index of the worker that asks, where one asks.
pub(super) fn current_worker() -> Option<usize> {
    rayon::current_thread_index()
}

impl FanOut for CpuPool {
    fn idle_workers(&self) -> usize {
        self.workers.saturating_sub(self.pending())
    }

    fn join(&self, jobs: &mut [ForkJob<'_>]) {
        let mut is_first = true;
        let job = |job| {
            // The first one is done by whoever hands them over, and counted already.
            let load = (!std::mem::take(&mut is_first)).then(|| Load::new(&self.load, 1));
            (job, load)
        };
        let mut jobs: Vec<_> = jobs.iter_mut().map(job).collect();
        together::join(&self.pool, &mut jobs, |(job, load)| {
            let load = load.take();
            let _busy = load.is_some().then(|| Busy::new(&self.busy));
            job.run(self);
        });
    }

    fn expect_jobs(&self) {
        together::expect_jobs(&self.pool);
    }

    fn spares(&self) -> Option<&Spares> {
        self.spares.get(self.pool.current_thread_index()?)
    }
}

/// A job that runs; its time is counted when it is dropped.
struct Busy<'a> {
    total: &'a Sharded,
    since: Instant,
}

impl Busy<'_> {
    fn new(total: &Sharded) -> Busy<'_> {
        Busy {
            total,
            since: Instant::now(),
        }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let micros = self.since.elapsed().as_micros();
        self.total.add(i64::try_from(micros).unwrap_or(i64::MAX));
    }
}

/// Jobs in the load of a pool, taken out again when dropped.
struct Load {
    of: Arc<AtomicUsize>,
    jobs: usize,
}

impl Load {
    fn new(of: &Arc<AtomicUsize>, jobs: usize) -> Load {
        of.fetch_add(jobs, Ordering::Relaxed);
        Load {
            of: Arc::clone(of),
            jobs,
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.of.fetch_sub(self.jobs, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_is_idle_unless_it_has_a_job() {
        let pool = Arc::new(CpuPool::new(2).unwrap());
        let inside = Arc::clone(&pool);
        let found = pool.run(move || (inside.idle_workers(), current_worker()));
        let (idle, worker) = found.await.unwrap();
        assert_eq!(idle, 1);
        assert!(worker.is_some_and(|index| index < 2));
        assert_eq!(current_worker(), None);
    }

    #[tokio::test]
    async fn a_panic_loses_the_job_and_not_the_pool() {
        let pool = CpuPool::new(1).unwrap();
        assert_eq!(
            pool.run(|| panic!("on purpose")).await,
            Err::<(), _>(JobLost)
        );
        assert_eq!(pool.run(|| 7).await, Ok(7));
    }

    #[test]
    fn jobs_of_one_execution_are_all_done_whoever_is_awake() {
        let pool = CpuPool::new(2).unwrap();
        for expected in [false, true] {
            let mut jobs = [0; 5];
            pool.pool.install(|| {
                if expected {
                    pool.expect_jobs();
                }
                together::join(&pool.pool, &mut jobs, |job| *job += 1);
            });
            assert_eq!(jobs, [1; 5]);
        }
        let mut jobs = [1, 0, 0];
        let lost = std::panic::AssertUnwindSafe(|| {
            pool.pool.install(|| {
                together::join(&pool.pool, &mut jobs, |job| assert!(*job > 0, "on purpose"));
            });
        });
        assert!(std::panic::catch_unwind(lost).is_err());
    }
}
