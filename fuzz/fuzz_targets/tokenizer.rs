//! Any bytes: the tokenizer must agree with serde_json and simd-json, and print what it read.
//!
//! `cargo +nightly fuzz run tokenizer fuzz/corpus/tokenizer fuzz/seeds/tokenizer`. A finding goes into the seeds, under a
//! name that says what it is; the tests replay them.
#![no_main]

use expressd::value::{Arena, Constants};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/value_properties/judge.rs"]
mod judge;

fuzz_target!(|text: &[u8]| {
    // serde_json stops at 128 levels; depth has tests of its own.
    if text.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() < 128 {
        judge::check(&mut Arena::new(Constants::empty()), text);
    }
});
