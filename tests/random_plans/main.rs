//! Random machines over random events: in place, on several threads, and by an interpreter so plain that it must be right,
//! the same comes out, causes with their event ids included; with all optimisations of the plan and without any.
//!
//! The machines have every type of state that needs no driver: no Task and no Wait. `RANDOM_PLANS=1000000 cargo test --test
//! random_plans` tries more of them.

#![allow(clippy::unwrap_used)]

mod generate;
mod slow;
#[path = "../threads/mod.rs"]
mod threads;

use std::sync::Arc;

use expressd::cases::Script;
use expressd::cases::virtual_time::{self, End, NAME, Setting};
use expressd::engine::{Execution, FanOut, InPlace, Limit, Limits};
use expressd::plan::{self, Passes, Plan};
use serde_json::Value;

use generate::Generator;
use slow::{Cause, Slow};
use threads::Threads;

#[test]
fn small_machines_do_what_the_plain_interpreter_does() {
    const THREADS: u64 = 4;
    let n_machines = n_machines();
    let ends = std::thread::scope(|scope| {
        let check_some = |first: u64| {
            let mut ends = Ends::default();
            let mut execution = Execution::new();
            for seed in (first..n_machines).step_by(THREADS as usize) {
                let mut generator = Generator::new(seed);
                let (machine, input) = (generator.machine(), generator.input());
                ends.count(&check(&mut execution, &machine, &input, seed));
            }
            ends
        };
        let threads: Vec<_> = (0..THREADS)
            .map(|first| scope.spawn(move || check_some(first)))
            .collect();
        let ends = threads.into_iter().map(|thread| thread.join().unwrap());
        ends.fold(Ends::default(), Ends::and)
    });
    // Machines that mostly fail at once, or never, would show little.
    let Ends { succeeded, failed } = ends;
    assert!(
        succeeded > 2_000 && failed > 2_000,
        "{succeeded} succeeded, {failed} failed"
    );
}

/// As many as `RANDOM_PLANS` says, and at least so many that every kind of state is met in every place.
fn n_machines() -> u64 {
    let wanted = std::env::var("RANDOM_PLANS").ok();
    let wanted = wanted.map(|wanted| wanted.parse().expect("RANDOM_PLANS is a number"));
    wanted.unwrap_or(10_000).max(10_000)
}

#[test]
fn large_maps_do_the_same_on_several_threads() {
    let threads = Threads::default();
    let (mut ends, mut forked, mut in_place) =
        (Ends::default(), Execution::new(), Execution::new());
    for seed in 0..180 {
        let mut generator = Generator::new(seed);
        let (machine, input) = generator.large_map();
        let alone = check(&mut in_place, &machine, &input, seed);
        let together = run(&mut forked, &machine, &input, &threads, seed);
        assert_eq!(together, alone, "seed {seed}: {machine}\non {input}");
        ends.count(&alone);
    }
    let jobs = threads.jobs.into_inner();
    assert!(jobs > 100, "only {jobs} jobs were forked");
    let Ends { succeeded, failed } = ends;
    assert!(succeeded > 25 && failed > 25, "{succeeded} and {failed}");
}

#[test]
fn limits_are_met_in_the_same_place_with_the_passes_and_without() {
    let (mut execution, mut met) = (Execution::new(), 0);
    for seed in 0..1_500 {
        let mut generator = Generator::new(seed);
        let (machine, input) = (generator.machine(), generator.input());
        let limits = Limits {
            payload: 60 + seed as usize % 400,
            states: 1 + seed % 12,
            ..Limits::default()
        };
        let [with, without] = [Passes::ALL, Passes::NONE].map(|passes| {
            let plan = compile(&machine, passes, seed);
            let end = run_within(&mut execution, &plan, &input, &InPlace, seed, limits);
            (end, execution.states_entered(), *execution.counts())
        });
        assert_eq!(with, without, "seed {seed}: {machine}\non {input}");
        met += usize::from(Limit::ALL.iter().any(|limit| with.2.met(*limit) > 0));
    }
    assert!(met > 500, "only {met} met a limit");
}

/// How executions ended.
#[derive(Default)]
struct Ends {
    succeeded: usize,
    failed: usize,
}

impl Ends {
    fn count(&mut self, end: &End) {
        match end {
            End::Succeeded(_) => self.succeeded += 1,
            _ => self.failed += 1,
        }
    }

    fn and(self, other: Ends) -> Ends {
        Ends {
            succeeded: self.succeeded + other.succeeded,
            failed: self.failed + other.failed,
        }
    }
}

/// Runs a machine in place and compares with the plain interpreter.
fn check(execution: &mut Execution, machine: &Value, input: &Value, seed: u64) -> End {
    let plain = compile(machine, Passes::NONE, seed);
    let plain = run_plan(execution, &plain, input, &InPlace, seed);
    let did = (execution.states_entered(), *execution.counts());
    let end = run(execution, machine, input, &InPlace, seed);
    assert_eq!(
        (&end, (execution.states_entered(), *execution.counts())),
        (&plain, did),
        "the passes change what comes out: seed {seed}: {machine}\non {input}"
    );
    let want = Slow::run(machine, input, NAME).map(|output| output.to_string());
    let same = match (&want, &end) {
        (Ok(output), End::Succeeded(text)) => output == text,
        (Err(want), End::Failed { error, cause, .. }) => {
            want.error == *error && want.cause.fits(cause.as_deref())
        }
        _ => false,
    };
    if !same {
        let want = want.map_or_else(
            |failure| format!("{failure:?}"),
            |output| output.to_string(),
        );
        panic!("seed {seed}: {machine}\non {input}\n  want {want:?}\n  got  {end:?}");
    }
    end
}

fn run(
    execution: &mut Execution,
    machine: &Value,
    input: &Value,
    fan_out: &dyn FanOut,
    seed: u64,
) -> End {
    run_plan(
        execution,
        &compile(machine, Passes::ALL, seed),
        input,
        fan_out,
        seed,
    )
}

fn run_plan(
    execution: &mut Execution,
    plan: &Arc<Plan>,
    input: &Value,
    fan_out: &dyn FanOut,
    seed: u64,
) -> End {
    let limits = Limits {
        // The plain interpreter knows no limit of sizes.
        payload: usize::MAX / 8,
        ..Limits::default()
    };
    run_within(execution, plan, input, fan_out, seed, limits)
}

fn run_within(
    execution: &mut Execution,
    plan: &Arc<Plan>,
    input: &Value,
    fan_out: &dyn FanOut,
    seed: u64,
    limits: Limits,
) -> End {
    let setting = Setting {
        input: &input.to_string(),
        start: 0,
        seed,
        limits,
        history: false,
        fan_out,
    };
    // These machines have no tasks.
    let report = virtual_time::run(execution, plan, &setting, &mut Script::default());
    report.unwrap().end
}

fn compile(machine: &Value, passes: Passes, seed: u64) -> Arc<Plan> {
    let (machine, _) = expressd::asl::parse(&machine.to_string())
        .unwrap_or_else(|problems| panic!("seed {seed}: {machine}: {}", problems[0]));
    Arc::new(plan::compile_with(&machine, passes).unwrap())
}

#[test]
fn the_plain_interpreter_knows_the_worked_example_of_a_map() {
    let machine = serde_json::json!({"StartAt": "M", "States": {"M": {
        "Type": "Map", "ItemsPath": "$.rows", "End": true,
        "ItemSelector": {"r.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "c.$": "$.c"},
        "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}}}});
    let input = serde_json::json!({"c": "EU", "rows": [{"id": 1}]});
    let want = serde_json::json!([{"r": {"id": 1}, "i": 0, "c": "EU"}]);
    assert_eq!(Slow::run(&machine, &input, NAME).unwrap(), want);
    let failure = Slow::run(&machine, &serde_json::json!({"rows": [1]}), NAME).unwrap_err();
    let cause = "An error occurred while executing the state 'M' (entered at the event id #2). \
        The JSONPath '$.c' specified for the field 'c.$' could not be found in the input '{\"rows\":[1]}'";
    assert_eq!(failure.cause, Cause::Exact(cause.to_string()));
}
