//! Batches of events on a rayon pool of two threads against one of one: what the second core is worth to a stream.

use std::sync::Mutex;
use std::time::Instant;

use rayon::prelude::*;

use expressd::engine::InPlace;

use crate::clock::process_cpu;
use crate::options::{Options, median};
use crate::support::machine::{Machine, compile};
use crate::support::{WORKLOADS, Workload};

/// Events of one job, as the pipeline hands them over.
const BATCH: usize = 64;
const ROUND_BYTES: usize = 40_000_000;

/// Measures and prints.
pub(crate) fn run(options: &Options) {
    if !options.json {
        println!(
            "\ntwo threads against one, batches of {BATCH} events: rate per CPU second × 2, rate by the wall clock"
        );
    }
    for workload in WORKLOADS
        .iter()
        .filter(|workload| options.takes(workload.name))
    {
        let (mut one, mut two) = (Pool::new(workload, 1), Pool::new(workload, 2));
        let (mut cpu, mut wall) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            let (one, two) = (one.round(), two.round());
            cpu.push(2.0 * one.cpu / two.cpu);
            wall.push(one.wall / two.wall);
        }
        let (cpu, wall) = (median(&mut cpu), median(&mut wall));
        if options.json {
            let name = workload.name;
            println!(r#"{{"part":"threads","case":"{name}","cpu":{cpu:.3},"wall":{wall:.3}}}"#);
        } else {
            println!(
                "  {:22} × {cpu:.2} per CPU second   × {wall:.2} wall",
                workload.name
            );
        }
    }
}

/// A pool and one machine for each of its threads.
struct Pool {
    threads: rayon::ThreadPool,
    machines: Vec<Mutex<Box<Own>>>,
    batches: Vec<Vec<&'static [u8]>>,
}

/// What one thread writes to all the time, on no cache line that another one uses.
#[repr(align(128))]
struct Own {
    machine: Machine,
    out: Vec<u8>,
}

/// Seconds of one round.
struct Spent {
    cpu: f64,
    wall: f64,
}

impl Pool {
    fn new(workload: &Workload, threads: usize) -> Pool {
        let plan = compile(workload.definition);
        let machine = || {
            Mutex::new(Box::new(Own {
                machine: Machine::new(plan.clone()),
                out: Vec::new(),
            }))
        };
        let events = workload.events();
        let wanted = ROUND_BYTES / workload.bytes();
        let stream: Vec<&[u8]> = events.iter().copied().cycle().take(wanted).collect();
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        Pool {
            threads: builder.build().expect("threads can be started"),
            machines: (0..threads).map(|_| machine()).collect(),
            batches: stream.chunks(BATCH).map(<[_]>::to_vec).collect(),
        }
    }

    fn round(&mut self) -> Spent {
        let (cpu, wall) = (process_cpu(), Instant::now());
        self.threads.install(|| {
            self.batches.par_iter().for_each(|batch| {
                let worker = rayon::current_thread_index().expect("this is a thread of the pool");
                let mut machine = self.machines[worker].lock().expect("no worker panicked");
                let Own { machine, out } = &mut **machine;
                for event in batch {
                    out.clear();
                    machine.run(event, &InPlace, out);
                }
            });
        });
        Spent {
            cpu: (process_cpu() - cpu).as_secs_f64(),
            wall: wall.elapsed().as_secs_f64(),
        }
    }
}
