//! The door to other workers.

use super::ForkJob;

/// The door to other workers for pure branches and items (rayon, behind the runtime).
pub trait FanOut: Sync {
    /// Workers with nothing to do.
    fn idle_workers(&self) -> usize;
    /// Runs all jobs, possibly at the same time, and returns when all have run.
    fn join(&self, jobs: &mut [ForkJob]);
}

/// Runs everything in place.
pub struct InPlace;

impl FanOut for InPlace {
    fn idle_workers(&self) -> usize {
        0
    }

    fn join(&self, jobs: &mut [ForkJob]) {
        for job in jobs {
            job.run(self);
        }
    }
}
