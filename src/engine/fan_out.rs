//! The door to other workers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::ForkJob;
use super::run::Run;
use crate::value::{Arena, Constants};

/// The door to other workers for pure branches and items (rayon, behind the runtime).
pub trait FanOut: Sync {
    /// Workers with nothing to do.
    fn idle_workers(&self) -> usize;
    /// Runs all jobs, possibly at the same time, and returns when all have run.
    fn join(&self, jobs: &mut [ForkJob<'_>]);
    /// Jobs come in a moment: an idle worker may be woken now, so that it does not have to be then.
    fn expect_jobs(&self) {}
    /// Buffers for jobs of the worker that asks; without them each job starts with new ones.
    fn spares(&self) -> Option<&Spares> {
        None
    }
}

/// The buffers of jobs that are over, for the next ones of the same worker: memory that is new, or was last written by
/// another core, costs as much as a job's work.
#[derive(Default)]
pub struct Spares(Arc<Mutex<Vec<Buffers>>>);

impl Spares {
    /// More are not kept. Each holds a few MiB at most.
    const KEPT: usize = 8;

    fn take(&self) -> Option<Buffers> {
        locked(&self.0).pop()
    }
}

/// What a job works with, and leaves to the next one.
pub(super) struct Buffers {
    pub(super) run: Run,
    owner: Weak<Mutex<Vec<Buffers>>>,
}

impl Buffers {
    /// Those of an earlier job of this worker, where there are any.
    pub(super) fn of(fan_out: &dyn FanOut) -> Buffers {
        let spares = fan_out.spares();
        spares.and_then(Spares::take).unwrap_or_else(|| Buffers {
            run: Run::new(Arena::new(Constants::empty())),
            owner: spares.map_or_else(Weak::new, |spares| Arc::downgrade(&spares.0)),
        })
    }

    /// The arena; an empty one is left.
    pub(super) fn take_arena(&mut self) -> Arena {
        std::mem::replace(&mut self.run.arena, Arena::new(Constants::empty()))
    }

    /// Back to the worker that wrote to them.
    pub(super) fn give_back(mut self) {
        if let Some(owner) = self.owner.upgrade() {
            self.run.clear();
            let mut kept = locked(&owner);
            if kept.len() < Spares::KEPT {
                kept.push(self);
            }
        }
    }
}

fn locked(runs: &Mutex<Vec<Buffers>>) -> MutexGuard<'_, Vec<Buffers>> {
    runs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs everything in place.
pub struct InPlace;

impl FanOut for InPlace {
    fn idle_workers(&self) -> usize {
        0
    }

    fn join(&self, jobs: &mut [ForkJob<'_>]) {
        for job in jobs {
            job.run(self);
        }
    }
}
