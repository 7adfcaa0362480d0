//! Any text as a definition: see `targets.rs`. `cargo +nightly fuzz run definition fuzz/corpus/definition fuzz/seeds/definition`
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../targets.rs"]
#[allow(dead_code)]
mod targets;

fuzz_target!(|text: &str| targets::definition(text));
