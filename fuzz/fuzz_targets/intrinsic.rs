//! Any text as an intrinsic call: see `targets.rs`. `cargo +nightly fuzz run intrinsic fuzz/corpus/intrinsic fuzz/seeds/intrinsic`
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../targets.rs"]
#[allow(dead_code)]
mod targets;

fuzz_target!(|text: &str| targets::intrinsic(text));
