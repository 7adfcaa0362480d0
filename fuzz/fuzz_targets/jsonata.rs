//! Any text as a JSONata expression: see `targets.rs`. `cargo +nightly fuzz run jsonata fuzz/corpus/jsonata fuzz/seeds/jsonata`
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../targets.rs"]
#[allow(dead_code)]
mod targets;

fuzz_target!(|text: &str| targets::jsonata(text));
