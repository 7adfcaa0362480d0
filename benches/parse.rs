//! Stage `parse`: from an event's bytes to values, and back to bytes.
//!
//! | group         | what one round does with each event                                    | command                               |
//! | ------------- | ---------------------------------------------------------------------- | ------------------------------------- |
//! | `parse`       | reads it                                                               | `cargo bench --bench parse -- parse/` |
//! | `parse_print` | reads it and prints it again                                           | `cargo bench --bench parse -- print`  |
//! | `get`         | reads it and looks up two members three levels in                      | `cargo bench --bench parse -- get`    |
//!
//! Against simd-json's tape with reused buffers, the fastest general reader that validates everything.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;
use std::hint::black_box;

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use expressd::value::{Arena, Constants, Key, ParseLimits, Value};
use simd_json::prelude::*;

const CASES: &[&str] = &["click300", "order1k", "big50k"];

fn events(case: &str) -> Vec<Vec<u8>> {
    let path = format!(
        "{}/benches/machines/{case}.ndjson",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = fs::read(path).unwrap();
    text.split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

fn group<'a>(
    criterion: &'a mut Criterion,
    name: &str,
    events: &[Vec<u8>],
) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(
        events.iter().map(|event| event.len() as u64).sum(),
    ));
    group
}

fn read<'a>(arena: &'a mut Arena, event: &[u8]) -> (&'a Arena, Value) {
    arena.reset(&Constants::empty());
    let value = arena.parse(event, ParseLimits::default()).unwrap();
    (arena, value)
}

fn tape<'a>(
    scratch: &'a mut Vec<u8>,
    buffers: &mut simd_json::Buffers,
    event: &[u8],
) -> simd_json::Tape<'a> {
    scratch.clear();
    scratch.extend_from_slice(event);
    simd_json::to_tape_with_buffers(scratch, buffers).unwrap()
}

fn parse(criterion: &mut Criterion) {
    for case in CASES {
        let events = events(case);
        let mut group = group(criterion, &format!("parse/{case}"), &events);
        let mut arena = Arena::new(Constants::empty());
        group.bench_function("arena", |bencher| {
            bencher.iter(|| {
                events
                    .iter()
                    .for_each(|event| _ = black_box(read(&mut arena, event).1))
            });
        });
        let (mut scratch, mut buffers) = (Vec::new(), simd_json::Buffers::default());
        group.bench_function("simd_json_tape", |bencher| {
            bencher.iter(|| {
                events
                    .iter()
                    .for_each(|event| drop(black_box(tape(&mut scratch, &mut buffers, event))))
            });
        });
    }
}

fn parse_print(criterion: &mut Criterion) {
    for case in CASES {
        let events = events(case);
        let mut group = group(criterion, &format!("parse_print/{case}"), &events);
        let (mut arena, mut out) = (Arena::new(Constants::empty()), Vec::new());
        group.bench_function("arena", |bencher| {
            bencher.iter(|| {
                for event in &events {
                    let (arena, value) = read(&mut arena, event);
                    out.clear();
                    arena.print(value, &mut out);
                    assert_eq!(out.len(), event.len());
                }
            });
        });
        let (mut scratch, mut buffers, mut out) =
            (Vec::new(), simd_json::Buffers::default(), Vec::new());
        group.bench_function("simd_json_tape", |bencher| {
            bencher.iter(|| {
                for event in &events {
                    out.clear();
                    tape(&mut scratch, &mut buffers, event)
                        .as_value()
                        .write(&mut out)
                        .unwrap();
                    black_box(&out);
                }
            });
        });
    }
}

fn get(criterion: &mut Criterion) {
    let events = events("order1k");
    let mut group = group(criterion, "get/order1k", &events);
    let keys = ["customer", "riskScore", "shipping", "zip"].map(Key::new);
    let mut arena = Arena::new(Constants::empty());
    group.bench_function("arena", |bencher| {
        bencher.iter(|| {
            for event in &events {
                let (arena, value) = read(&mut arena, event);
                let customer = arena.get(value, &keys[0]).unwrap();
                black_box(arena.get(customer, &keys[1]).unwrap());
                black_box(
                    arena
                        .get(value, &keys[2])
                        .map(|shipping| arena.get(shipping, &keys[3])),
                );
            }
        });
    });
    let (mut scratch, mut buffers) = (Vec::new(), simd_json::Buffers::default());
    group.bench_function("simd_json_tape", |bencher| {
        bencher.iter(|| {
            for event in &events {
                let tape = tape(&mut scratch, &mut buffers, event);
                let value = tape.as_value();
                black_box(value.get("customer").unwrap().get("riskScore").unwrap());
                black_box(value.get("shipping").map(|shipping| shipping.get("zip")));
            }
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1)).sample_size(20);
    targets = parse, parse_print, get
}
criterion_main!(benches);
