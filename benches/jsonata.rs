//! JSONata expressions one by one, over `$states.input` of an event of 1 KB: what evaluating costs once it is compiled.
//!
//! | group | what | command |
//! | --- | --- | --- |
//! | `evaluate/CASE` | one evaluation, its result written into the arena | `cargo bench --no-default-features --bench jsonata -- evaluate` |
//! | `compile/CASE` | text to program | `… -- compile` |

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};

use expressd::expr::Random;
use expressd::expr::jsonata::{Budget, Evaluated, Program, Scope, Workspace};
use expressd::value::{Arena, Constants, ParseLimits};

#[path = "support/expressions.rs"]
mod expressions;
#[path = "support/states.rs"]
mod states;

use expressions::{CASES, EVENT};
use states::States;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn evaluate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("evaluate");
    let constants = Constants::empty();
    let mut arena = Arena::new(constants.clone());
    let mut workspace = Workspace::default();
    let random = Random::new(1);
    for (name, text, want) in CASES {
        let program = Program::compile(text).expect("the cases are expressions");
        group.bench_function(*name, |bencher| {
            bencher.iter_custom(|n| {
                let mut spent = Duration::ZERO;
                let mut left = n;
                while left > 0 {
                    let batch = left.min(256);
                    left -= batch;
                    arena.reset(&constants);
                    let event = arena.parse(EVENT.as_bytes(), ParseLimits::default());
                    let states = States(event.expect("the event is JSON"));
                    let scope = Scope {
                        input: None,
                        bindings: &states,
                        now_millis: 0,
                        random: &random,
                    };
                    let start = Instant::now();
                    for _ in 0..batch {
                        let mut budget = Budget::default();
                        let result =
                            program.evaluate(&scope, &mut arena, &mut workspace, &mut budget);
                        black_box(&result);
                    }
                    spent += start.elapsed();
                    let mut budget = Budget::default();
                    match program.evaluate(&scope, &mut arena, &mut workspace, &mut budget) {
                        Ok(Evaluated::Value(value)) => assert_eq!(arena.to_json(value), *want),
                        other => panic!("{text} yields {other:?}"),
                    }
                }
                spent
            });
        });
    }
    group.finish();
}

fn compile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    for (name, text, _) in CASES {
        group.bench_function(*name, |bencher| {
            bencher.iter(|| Program::compile(black_box(text)));
        });
    }
    group.finish();
}

criterion_group!(benches, evaluate, compile);
criterion_main!(benches);
