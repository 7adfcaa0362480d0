//! JSONata against the crate `jsonata-core`, interleaved round by round; and what compiling a definition costs.
//!
//! | part | what |
//! | --- | --- |
//! | `evaluate` | text of an event in → text of the result out, both converted and compiled once; medians of microseconds of CPU |
//! | `compile` | a definition of 100 JSONata states: read, checked, compiled; median of milliseconds |
//!
//! `cargo bench --no-default-features --bench oracle`; names behind `--` choose among the expressions.
//!
//! The other one reads its names from the event itself, which is its shortest way; ours from `$states.input`.

#![allow(clippy::print_stdout)] // Printing is what it is for.

use std::fmt::Write;
use std::hint::black_box;

use expressd::expr::Random;
use expressd::expr::jsonata::{Budget, Evaluated, Program, Scope, Workspace};
use expressd::value::{Arena, Constants, ParseLimits};
use jsonata_core::Expression;
use jsonata_core::value::JValue;

#[path = "compare/clock.rs"]
#[allow(dead_code)]
mod clock;
#[path = "support/expressions.rs"]
mod expressions;
#[path = "support/states.rs"]
mod states;

use clock::thread_cpu;
use expressions::{CASES, EVENT};
use states::States;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rounds, and evaluations within one.
const ROUNDS: usize = 41;
const EVALUATIONS: usize = 2_000;

fn main() {
    println!("expression      ours µs   jsonata-core µs   times as fast");
    let mut slowest = f64::INFINITY;
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let chosen: Vec<&String> = chosen
        .iter()
        .filter(|name| !name.starts_with('-'))
        .collect();
    for (name, text, want) in CASES {
        if !chosen.is_empty() && !chosen.contains(&&name.to_string()) {
            continue;
        }
        let (ours, theirs) = measure(text, want);
        let ratio = theirs / ours;
        slowest = slowest.min(ratio);
        println!("{name:14} {ours:8.2} {theirs:17.2} {ratio:15.1}");
    }
    println!("slowest: {slowest:.1} times as fast");
    println!("compile 100 states: {:.2} ms", compile());
}

/// Median microseconds of one evaluation.
fn measure(text: &str, want: &str) -> (f64, f64) {
    let program = Program::compile(text).expect("the cases are expressions");
    let theirs = text.replace("$states.input.", "");
    let theirs = Expression::compile(&theirs).expect("and are so without $states.input");
    let constants = Constants::empty();
    let mut arena = Arena::new(constants.clone());
    let (mut workspace, random) = (Workspace::default(), Random::new(1));
    let mut out = Vec::new();
    let mut by_us = |out: &mut Vec<u8>| {
        arena.reset(&constants);
        let event = arena.parse(EVENT.as_bytes(), ParseLimits::default());
        let states = States(event.expect("the event is JSON"));
        let scope = Scope {
            input: None,
            bindings: &states,
            now_millis: 0,
            random: &random,
        };
        let mut budget = Budget::default();
        match program.evaluate(&scope, &mut arena, &mut workspace, &mut budget) {
            Ok(Evaluated::Value(value)) => arena.print(value, out),
            other => panic!("{text} yields {other:?}"),
        }
    };
    let by_them = || {
        let event = JValue::from_json_str(EVENT).expect("the event is JSON");
        let result = theirs.evaluate(&event).expect("the cases have results");
        result.to_json_string().expect("the result is JSON")
    };
    by_us(&mut out);
    assert_eq!(out, want.as_bytes());
    let same = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    assert_eq!(same(&by_them()), same(want));

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(time(|| {
            out.clear();
            by_us(&mut out);
            black_box(&out);
        }));
        theirs.push(time(|| {
            black_box(by_them());
        }));
    }
    (median(ours), median(theirs))
}

/// Microseconds of one call, on average over many.
fn time(mut call: impl FnMut()) -> f64 {
    let start = thread_cpu();
    for _ in 0..EVALUATIONS {
        call();
    }
    (thread_cpu() - start).as_secs_f64() * 1e6 / EVALUATIONS as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Median milliseconds of making a plan of a definition with 100 states.
fn compile() -> f64 {
    let mut states = String::new();
    for index in 0..100 {
        let (_, expression, _) = CASES[index % CASES.len()];
        let next = match index {
            99 => "\"End\": true".to_string(),
            _ => format!("\"Next\": \"S{}\"", index + 1),
        };
        let query = serde_json::Value::from(format!("{{% {expression} %}}"));
        write!(
            states,
            r#"{}"S{index}": {{"Type": "Pass", "Assign": {{"v{index}": {query}}}, "Output": {{"in": "{{% $states.input %}}", "x": {query}}}, {next}}}"#,
            if index == 0 { "" } else { "," }
        )
        .expect("a String takes everything");
    }
    let definition =
        format!(r#"{{"QueryLanguage": "JSONata", "StartAt": "S0", "States": {{{states}}}}}"#);
    let times = (0..ROUNDS).map(|_| {
        let start = thread_cpu();
        let (machine, _) = expressd::asl::parse(&definition).expect("the definition is valid");
        black_box(expressd::plan::compile(&machine).expect("it compiles"));
        (thread_cpu() - start).as_secs_f64() * 1e3
    });
    median(times.collect())
}
