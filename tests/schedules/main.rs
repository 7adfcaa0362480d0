//! The structure that a source's thread shares with all who finish its records, under a scheduler that tries many orders
//! of their steps: the files of `src/source`, compiled with its locks and atomics.
//!
//! `EXPRESSD_SCHEDULES=1000000 cargo test --test schedules` tries more.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    unused_imports,
    unused_qualifications
)]

mod mutants {
    pub(crate) use expressd::mutants::{Mutant, is};
}

mod runtime {
    pub(crate) use expressd::runtime::CancelToken;
}

#[allow(missing_docs, unreachable_pub)]
#[path = "../../src/source"]
mod source {
    pub mod sync {
        pub use shuttle::sync::atomic::{
            AtomicBool, AtomicIsize, AtomicU64, AtomicUsize, Ordering,
        };
        pub use shuttle::sync::{Mutex, MutexGuard};
        pub use std::sync::PoisonError;
    }

    #[path = "budget.rs"]
    pub mod budget;
    #[path = "partition.rs"]
    pub mod partition;
    #[path = "window.rs"]
    pub mod window;

    pub use budget::MemoryBudget;
    pub use partition::Partition;
    pub use window::{Completion, SlotId, Window, WindowLimits};
}

use std::sync::Arc;
use std::time::Instant;

use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

use source::{MemoryBudget, Partition, SlotId, WindowLimits};

const LIMITS: WindowLimits = WindowLimits {
    records: 8,
    bytes: 1_000,
};
const RECORDS: i64 = 6;

fn partition(budget: &Arc<MemoryBudget>) -> (Arc<Partition>, Vec<SlotId>) {
    let partition = Partition::new("t".into(), 0, 0, LIMITS, Arc::clone(budget));
    let slots = (0..RECORDS)
        .map(|offset| {
            let mut window = partition.window();
            let slot = partition.take(&mut window, offset, offset + 1, 10);
            slot.unwrap()
        })
        .collect();
    (Arc::new(partition), slots)
}

/// Two finish records while one commits and one closes the epoch.
fn commits_and_completions() {
    let budget = Arc::new(MemoryBudget::new(1 << 20));
    let (partition, slots) = partition(&budget);
    // What is done, noted before the window hears of it.
    let done = Arc::new(Mutex::new(vec![false; RECORDS as usize]));
    let finishers: Vec<_> = [slots[..3].to_vec(), slots[3..].to_vec()]
        .into_iter()
        .map(|slots| {
            let (partition, done) = (Arc::clone(&partition), Arc::clone(&done));
            thread::spawn(move || {
                for slot in slots.into_iter().rev() {
                    done.lock().unwrap()[slot.0 as usize] = true;
                    partition.done(&[slot]);
                }
            })
        })
        .collect();
    let committer = {
        let (partition, done) = (Arc::clone(&partition), Arc::clone(&done));
        thread::spawn(move || {
            let mut last = 0;
            for _ in 0..3 {
                let Some(position) = partition.window().to_commit() else {
                    continue;
                };
                assert!(position > last, "a commit went back");
                let done = done.lock().unwrap();
                assert!(
                    done[..position as usize].iter().all(|done| *done),
                    "a commit passed a record without an outcome"
                );
                drop(done);
                partition.window().committed(position);
                last = position;
            }
        })
    };
    let closer = {
        let partition = Arc::clone(&partition);
        thread::spawn(move || {
            partition.drain();
            partition.close();
            let watermark = partition.window().watermark();
            assert_eq!(
                partition.window().to_commit(),
                None,
                "a closed epoch commits"
            );
            watermark
        })
    };
    finishers.into_iter().for_each(|f| f.join().unwrap());
    committer.join().unwrap();
    let closed_at = closer.join().unwrap();
    assert_eq!(
        partition.window().watermark(),
        closed_at,
        "a late completion moved the watermark"
    );
    assert_eq!(budget.used(), 0, "memory was given back twice or never");
}

/// Two workers begin batches while the partition starts to drain.
fn batches_and_drains() {
    let budget = Arc::new(MemoryBudget::new(1 << 20));
    let (partition, _) = partition(&budget);
    let workers: Vec<_> = [SlotId(2), SlotId(5)]
        .into_iter()
        .map(|last| {
            let partition = Arc::clone(&partition);
            thread::spawn(move || partition.begin(last))
        })
        .collect();
    let drainer = {
        let partition = Arc::clone(&partition);
        thread::spawn(move || partition.drain())
    };
    let begun: Vec<_> = workers.into_iter().map(|w| w.join().unwrap()).collect();
    drainer.join().unwrap();
    // What is left out behind something that ran would be repeated; a record left out may still be begun later.
    let first = begun[0] || partition.begin(SlotId(2));
    assert!(
        !begun[1] || first,
        "the second batch ran and the first may not"
    );
    assert!(
        !partition.begin(SlotId(7)),
        "a draining partition begins something new"
    );
}

/// Two take records in and give them back; the budget holds for both.
fn charges_and_releases() {
    let budget = Arc::new(MemoryBudget::new(700));
    let takers: Vec<_> = (0..3)
        .map(|_| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                if budget.charge(100) {
                    // The last one may pass the limit by itself, and no other.
                    assert!(budget.used() <= 700 + 356, "the budget was passed by two");
                    budget.release(1, 100);
                }
            })
        })
        .collect();
    takers.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(budget.used(), 0);
}

/// Two want to try a record alone while others take records in.
fn trials_and_charges() {
    let budget = Arc::new(MemoryBudget::new(1 << 20));
    let running = Arc::new(AtomicUsize::new(0));
    let tries = |alone: bool| {
        let (budget, running) = (Arc::clone(&budget), Arc::clone(&running));
        thread::spawn(move || {
            let Some(trial) = budget.try_record(alone) else {
                return;
            };
            if trial.is_ready() {
                let others = running.fetch_add(1, Ordering::SeqCst);
                assert!(!alone || others == 0, "not alone");
                running.fetch_sub(1, Ordering::SeqCst);
            }
        })
    };
    let takes = || {
        let (budget, running) = (Arc::clone(&budget), Arc::clone(&running));
        thread::spawn(move || {
            if budget.charge(10) {
                running.fetch_add(1, Ordering::SeqCst);
                running.fetch_sub(1, Ordering::SeqCst);
                budget.release(1, 10);
            }
        })
    };
    let threads = [tries(true), tries(true), tries(false), takes(), takes()];
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert!(budget.charge(10) && budget.try_record(false).is_some());
}

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    // A filter that is meant for other tests.
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    if filter.is_some_and(|filter| !"schedules".contains(&filter)) {
        return;
    }
    let schedules = std::env::var("EXPRESSD_SCHEDULES")
        .ok()
        .and_then(|n| n.parse().ok());
    let schedules = schedules.unwrap_or(100_000_usize);
    let begun = Instant::now();
    shuttle::check_random(commits_and_completions, schedules / 2);
    // Few threads fall asleep in the middle: another kind of order.
    shuttle::check_pct(commits_and_completions, schedules / 5, 3);
    shuttle::check_random(batches_and_drains, schedules / 10);
    shuttle::check_random(charges_and_releases, schedules / 10);
    shuttle::check_random(trials_and_charges, schedules / 10);
    println!(
        "test result: ok. 4 passed; 0 failed; {schedules} schedules in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
}
