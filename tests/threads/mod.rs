//! Workers that are always idle, for executions that spread.

use std::sync::atomic::{AtomicUsize, Ordering};

use expressd::engine::{FanOut, ForkJob, Spares};

/// Every job on a thread of its own.
#[derive(Default)]
pub(crate) struct Threads {
    pub(crate) jobs: AtomicUsize,
    spares: Spares,
}

impl FanOut for Threads {
    fn idle_workers(&self) -> usize {
        2
    }

    fn join(&self, jobs: &mut [ForkJob<'_>]) {
        self.jobs.fetch_add(jobs.len(), Ordering::Relaxed);
        std::thread::scope(|scope| {
            for job in jobs {
                scope.spawn(|| job.run(self));
            }
        });
    }

    fn spares(&self) -> Option<&Spares> {
        Some(&self.spares)
    }
}
