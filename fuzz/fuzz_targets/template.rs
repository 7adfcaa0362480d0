//! Any text as a template: see `targets.rs`. `cargo +nightly fuzz run template fuzz/corpus/template fuzz/seeds/template`
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../targets.rs"]
#[allow(dead_code)]
mod targets;

fuzz_target!(|text: &str| targets::template(text));
