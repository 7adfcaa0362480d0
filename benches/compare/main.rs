//! Ours against the same answers written by hand, interleaved round by round, so that a slow minute of the machine
//! falls on all of them alike. Medians of the rounds; CPU time, not wall clock, unless it says so.
//!
//! | part | what |
//! | --- | --- |
//! | `thread` | one thread, text in → text out: microseconds per event, and the rate against the simd-json tree |
//! | `threads` | batches on a rayon pool of two threads against one of one |
//! | `fan_out` | one execution with a large Map, or four of them in a Parallel, on one thread and on two |
//!
//! `cargo bench --no-default-features --bench compare -- [PART] [--only WORD] [--variant WORD] [--rounds N] [--json]`

#![allow(clippy::print_stdout, clippy::print_stderr)] // Printing is what it is for.

#[path = "../baseline/mod.rs"]
mod baseline;
mod clock;
mod fan_out;
mod one_thread;
mod options;
#[path = "../support/mod.rs"]
mod support;
/// As the daemon's pool has them done.
#[path = "../../src/runtime/cpu_pool/together.rs"]
mod together;
mod two_threads;

use options::Options;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("compare: {problem}");
            std::process::exit(2);
        }
    };
    if options.runs("thread") {
        one_thread::run(&options);
    }
    if options.runs("threads") {
        two_threads::run(&options);
    }
    if options.runs("fan_out") {
        fan_out::run(&options);
    }
}
