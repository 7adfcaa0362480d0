//! The tokenizer agrees with serde_json and simd-json about which texts are JSON and what they say.

use std::fs;

use expressd::value::{Arena, Constants};

use crate::judge;
use crate::random::{Random, document, mutate};

const N_DOCUMENTS: usize = 100_000;

#[test]
fn a_hundred_thousand_damaged_documents_are_judged_alike() {
    let halves = std::thread::scope(|scope| {
        [1, 2]
            .map(|seed| scope.spawn(move || damaged(seed, N_DOCUMENTS / 2)))
            .map(|half| half.join().unwrap())
    });
    let share = halves.iter().sum::<usize>() as f64 / N_DOCUMENTS as f64;
    assert!(
        (0.3..0.8).contains(&share),
        "the damage is neither too light nor too heavy: {share} are valid"
    );
}

/// Gives how many of the documents are JSON.
fn damaged(seed: u64, n_documents: usize) -> usize {
    let mut arena = Arena::new(Constants::empty());
    let mut random = Random::new(seed);
    let is_valid = |turn| {
        let mut text = String::new();
        document(&mut random, 3, &mut text);
        let mut text = text.into_bytes();
        if turn % 4 > 0 {
            mutate(&mut random, &mut text);
        }
        judge::check(&mut arena, &text)
    };
    (0..n_documents)
        .map(is_valid)
        .filter(|&valid| valid)
        .count()
}

#[test]
fn the_seeds_of_the_fuzzer_are_judged_alike() {
    let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/tokenizer");
    let mut arena = Arena::new(Constants::empty());
    let mut n_files = 0;
    for file in fs::read_dir(seeds).unwrap() {
        judge::check(&mut arena, &fs::read(file.unwrap().path()).unwrap());
        n_files += 1;
    }
    assert!(n_files > 20, "the seeds are there");
}
