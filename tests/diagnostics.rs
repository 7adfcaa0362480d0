//! What `asl::parse` and the plan say about definitions, broken ones for the most part: one file per case, the definition first, then the pinned rendering.
//!
//! `UPDATE_EXPECT=1 cargo test --test diagnostics` writes what it says now.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// Between a definition and what is expected of it.
const DIVIDER: &str = "\n----\n";

#[test]
fn messages_are_as_pinned() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for file in cases() {
        let text = fs::read_to_string(&file).unwrap();
        let (definition, expected) = text.split_once(DIVIDER).unwrap_or((text.trim_end(), ""));
        let got = render(definition);
        if got == expected {
            continue;
        }
        if update {
            fs::write(&file, format!("{definition}{DIVIDER}{got}")).unwrap();
        } else {
            wrong.push(format!(
                "{}:\n{got}\ninstead of:\n{expected}",
                file.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn example_machines_have_no_problems() {
    let files = example_machines();
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(
            render(&text),
            "no problems\n",
            "{} is not right",
            file.display()
        );
    }
}

/// Definitions mixed at random are refused or taken, without a panic; what is taken compiles.
#[test]
fn mangled_definitions_are_refused_or_compile() {
    let machines = example_machines();
    let seeds: Vec<String> = cases()
        .iter()
        .chain(&machines)
        .map(|file| fs::read_to_string(file).unwrap())
        .map(|text| text.split(DIVIDER).next().unwrap_or_default().to_string())
        .collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound.max(1) as u64) as usize
    };
    let mut n_taken = 0;
    for _ in 0..3_000 {
        let mut text = seeds[below(seeds.len())].clone();
        let words: Vec<&str> = seeds[below(seeds.len())].split('"').collect();
        for _ in 0..=below(3) {
            // A word between quotes of one definition takes the place of one of another.
            let quotes: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
            if quotes.len() < 2 {
                break;
            }
            let at = below(quotes.len() - 1);
            let word = words[below(words.len())];
            text.replace_range(quotes[at] + 1..quotes[at + 1], word);
        }
        if let Ok((machine, _)) = expressd::asl::parse(&text) {
            let plan = expressd::plan::compile(&machine);
            assert!(plan.is_ok(), "the plan refuses what was taken:\n{text}");
            n_taken += 1;
        }
    }
    assert!(n_taken > 20, "only {n_taken} were taken");
}

fn render(definition: &str) -> String {
    let problems = match expressd::asl::parse(definition) {
        Ok((machine, mut warnings)) => {
            let plan = expressd::plan::compile(&machine).unwrap();
            warnings.extend_from_slice(plan.warnings());
            warnings
        }
        Err(problems) => problems,
    };
    if problems.is_empty() {
        return "no problems\n".to_string();
    }
    let rendered = problems
        .iter()
        .map(|problem| problem.render("machine.asl.json", definition) + "\n");
    rendered.collect()
}

fn cases() -> Vec<PathBuf> {
    let cases = files_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics"));
    assert!(!cases.is_empty());
    cases
}

/// The definitions; their tests stand beside them.
fn example_machines() -> Vec<PathBuf> {
    let mut files = files_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/machines"));
    files.retain(|file| file.extension().is_some_and(|ext| ext == "json"));
    files
}

fn files_in(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}
