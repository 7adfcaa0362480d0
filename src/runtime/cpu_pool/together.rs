//! Jobs that several workers do for one execution, kept awake while they belong together.
//!
//! A worker that sleeps takes about 25 µs to wake, and 13 of them whoever wakes it: as much as a job is worth. So a
//! worker can be woken before there is a job, and who waits for jobs of others does so awake for a while.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rayon::{ThreadPool, Yield};

/// How long a worker that was woken waits for its first job, and for another one after each.
const FOR_JOBS: Duration = Duration::from_micros(60);

/// How long whoever handed jobs over waits awake for the last of them.
const FOR_OTHERS: Duration = Duration::from_micros(300);

/// Wakes a worker of the pool, which stays awake until jobs come or for a moment.
pub(crate) fn expect_jobs(pool: &ThreadPool) {
    let here = rayon::current_thread_index();
    pool.spawn(move || {
        // Where nobody else took this there is nobody to wake.
        if rayon::current_thread_index() != here {
            while let Some(Yield::Executed) = stay_awake(FOR_JOBS, rayon::yield_now) {}
        }
    });
}

/// Runs all jobs, the first one here, and returns when all have run.
pub(crate) fn join<J: Send>(pool: &ThreadPool, jobs: &mut [J], run: impl Fn(&mut J) + Sync) {
    let Some((first, rest)) = jobs.split_first_mut() else {
        return;
    };
    let left = AtomicUsize::new(rest.len());
    let (left, run) = (&left, &run);
    pool.in_place_scope(|scope| {
        for job in rest {
            scope.spawn(move |_| {
                run(job);
                // A job that panics is waited for by the scope alone.
                left.fetch_sub(1, Ordering::Release);
            });
        }
        run(first);
        let is_over = || left.load(Ordering::Acquire) == 0;
        let mut own = || match is_over() {
            true => None,
            false => rayon::yield_local(),
        };
        while let Some(Yield::Executed) = stay_awake(FOR_OTHERS, &mut own) {}
    });
}

/// Looks again and again until something was done, there is nothing more to wait for, or the time is over.
fn stay_awake(time: Duration, mut look: impl FnMut() -> Option<Yield>) -> Option<Yield> {
    let since = Instant::now();
    loop {
        match look() {
            Some(Yield::Idle) if since.elapsed() < time => std::hint::spin_loop(),
            looked => return looked,
        }
    }
}
