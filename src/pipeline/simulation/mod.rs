//! The pipeline in a simulated world: the code that runs in a daemon, on a broker, in a time and under faults that one
//! seed decides.
//!
//! `EXPRESSD_SEED=7 cargo test --lib simulation::one_seed -- --nocapture` prints the history of a seed;
//! `EXPRESSD_SEEDS=100000 cargo test --lib simulation::seeds` tries more of them.

mod fate;
mod member;
mod records;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::mutants::Mutant;

/// How many worlds the test command looks at.
const SEEDS: u64 = 1_000;
/// Worlds in which a mistake has to be found.
const MUTANT_SEEDS: u64 = 400;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[track_caller]
fn fail(seed: u64, violation: &str) -> ! {
    panic!(
        "{violation}\n    EXPRESSD_SEED={seed} cargo test --lib simulation::one_seed -- --nocapture"
    )
}

#[test]
fn seeds() {
    let seeds = number("EXPRESSD_SEEDS").unwrap_or(SEEDS);
    let begun = Instant::now();
    let next = AtomicU64::new(0);
    let failures = Mutex::new(BTreeMap::new());
    let sums = Mutex::new([0_usize; 10]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let verdict = fate::run(seed, None, false);
                    let faults = verdict.faults;
                    let found = [
                        verdict.records,
                        verdict.repeats,
                        faults.starts,
                        faults.stops,
                        faults.kills,
                        faults.freezes,
                        faults.outages,
                        faults.stirs,
                        faults.deaf,
                        faults.crashes,
                    ];
                    let mut sums = sums.lock().unwrap();
                    sums.iter_mut().zip(found).for_each(|(sum, n)| *sum += n);
                    if let Some(violation) = verdict.violation {
                        failures.lock().unwrap().insert(seed, violation);
                    }
                }
            });
        }
    });
    let [
        records,
        repeats,
        starts,
        stops,
        kills,
        freezes,
        outages,
        stirs,
        deaf,
        crashes,
    ] = sums.into_inner().unwrap();
    println!(
        "{seeds} worlds in {:.1} s: {records} records, {repeats} repeats; {starts} starts, {stops} stops, {kills} kills, \
         {freezes} freezes, {outages} outages, {stirs} rebalances without a reason, {deaf} clients that went deaf, \
         {crashes} members killed by a record",
        begun.elapsed().as_secs_f64()
    );
    // A run in which nothing goes wrong shows nothing.
    assert!(
        seeds < 100
            || [
                repeats, stops, kills, freezes, outages, stirs, deaf, crashes
            ]
            .iter()
            .all(|n| *n > 0)
    );
    let failures = failures.into_inner().unwrap();
    for (seed, violation) in failures.iter().take(20) {
        println!("seed {seed}: {violation}");
    }
    if let Some((seed, violation)) = failures.first_key_value() {
        println!("{} of {seeds} worlds break a rule", failures.len());
        fail(*seed, violation);
    }
}

#[test]
fn one_seed() {
    let Some(seed) = number("EXPRESSD_SEED") else {
        return;
    };
    let mutant = std::env::var("EXPRESSD_MUTANT").ok();
    let mutant = Mutant::ALL
        .into_iter()
        .find(|known| Some(format!("{known:?}")) == mutant);
    let verdict = fate::run(seed, mutant, true);
    println!("{verdict:#?}");
    if let Some(violation) = verdict.violation {
        fail(seed, &violation);
    }
}

#[test]
fn a_seed_has_one_history() {
    for seed in 0..24 {
        let (first, second) = (fate::run(seed, None, false), fate::run(seed, None, false));
        assert_eq!(
            (first.trace, first.records, first.repeats, first.faults),
            (second.trace, second.records, second.repeats, second.faults),
            "seed {seed}"
        );
    }
}

#[test]
fn every_mutant_is_found() {
    let next = Mutex::new(Mutant::ALL.into_iter());
    let missed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(mutant) = next.lock().unwrap().next() else {
                        return;
                    };
                    let found = (0..MUTANT_SEEDS).find_map(|seed| {
                        let violation = fate::run(seed, Some(mutant), false).violation?;
                        Some((seed, violation))
                    });
                    match found {
                        Some((seed, violation)) => {
                            println!("{mutant:?} is found by seed {seed}: {violation}");
                        }
                        None => missed.lock().unwrap().push(mutant),
                    }
                }
            });
        }
    });
    assert_eq!(missed.into_inner().unwrap(), []);
}
