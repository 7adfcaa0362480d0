//! Definitions, paths, JSONata, intrinsic calls and templates, mangled at random: nothing of them may panic or hang.
//!
//! The same functions are targets of cargo-fuzz (`fuzz/`); this needs a stable compiler only. Findings lie in
//! `fuzz/seeds/TARGET` under names that say what they are, and are replayed first. For a long search:
//!
//! `MANGLED_SECONDS=600 cargo test --release --no-default-features --test mangled -- --nocapture`

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod mangler;
#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mangler::Mangler;

/// Texts of each target that the test command tries.
const N_TEXTS: u64 = 1_000;

#[test]
fn definitions() {
    search("definition", targets::definition, &definition_seeds());
}

#[test]
fn paths() {
    search("path", targets::path, &values_of("expression", '$'));
}

#[test]
fn intrinsic_calls() {
    search(
        "intrinsic",
        targets::intrinsic,
        &values_of("expression", 'S'),
    );
}

#[test]
fn templates() {
    search("template", targets::template, &template_seeds());
}

#[test]
fn jsonata_expressions() {
    search("jsonata", targets::jsonata, &jsonata_seeds());
}

/// Replays the findings, then tries what becomes of the seeds: so many texts, or for so long.
fn search(name: &str, target: fn(&str), seeds: &[String]) {
    assert!(seeds.len() > 5, "only {} seeds for {name}", seeds.len());
    for file in files(&root().join("fuzz/seeds").join(name), "") {
        run(name, target, &fs::read_to_string(file).unwrap());
    }
    let seconds = std::env::var("MANGLED_SECONDS").ok();
    let seconds = seconds.map(|seconds| seconds.parse().expect("MANGLED_SECONDS is a number"));
    let seconds = seconds.map(Duration::from_secs);
    let begin = Instant::now();
    let seed = match seconds {
        None => 1,
        Some(_) => u64::from(std::process::id()),
    };
    let mut mangler = Mangler::new(seed, seeds);
    let (mut n_texts, mut slowest) = (0_u64, (Duration::ZERO, String::new()));
    while seconds.map_or(n_texts < N_TEXTS, |seconds| begin.elapsed() < seconds) {
        let text = mangler.text();
        n_texts += 1;
        if seconds.is_none() {
            run(name, target, &text);
            continue;
        }
        // Should the process die, this is what killed it.
        let last = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mangled.{name}"));
        fs::write(last, &text).unwrap();
        let before = Instant::now();
        run(name, target, &text);
        if before.elapsed() > slowest.0 {
            slowest = (before.elapsed(), text);
        }
    }
    if seconds.is_some() {
        let (time, text) = slowest;
        let text: String = text.chars().take(400).collect();
        println!("{name}: {n_texts} texts, the slowest took {time:?}: {text:?}");
    }
}

fn run(name: &str, target: fn(&str), text: &str) {
    let outcome = catch_unwind(AssertUnwindSafe(|| target(text)));
    assert!(outcome.is_ok(), "{name} panics over {text:?}");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a directory whose names end so, in order.
fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(path) = open.pop() {
        match fs::read_dir(&path) {
            Ok(entries) => open.extend(entries.map(|entry| entry.unwrap().path())),
            Err(_) if path.to_string_lossy().ends_with(ending) && path.is_file() => {
                found.push(path);
            }
            Err(_) => {}
        }
    }
    found.sort();
    found
}

fn texts(dir: &str, ending: &str) -> Vec<String> {
    let files = files(&root().join(dir), ending).into_iter();
    files
        .map(|file| fs::read_to_string(file).unwrap())
        .collect()
}

/// The definitions of the diagnostics' tests and of the examples.
fn definition_seeds() -> Vec<String> {
    let pinned = texts("tests/diagnostics", ".txt").into_iter();
    let pinned = pinned.map(|text| {
        text.split("\n----\n")
            .next()
            .unwrap_or_default()
            .to_string()
    });
    let examples = texts("config/machines", ".asl.json");
    let plans = texts("tests/plans", ".asl.json");
    pinned.chain(examples).chain(plans).collect()
}

/// The values of a key in the cases of the language that begin so.
fn values_of(key: &str, begin: char) -> Vec<String> {
    let key = format!("{key}: ");
    let cases = texts("tests/language", ".yaml");
    let lines = cases.iter().flat_map(|text| text.lines());
    let values = lines.filter_map(|line| line.trim().strip_prefix(&key));
    let values = values.map(|value| match serde_json::from_str::<String>(value) {
        Ok(text) => text,
        Err(_) => value.trim_matches('\'').replace("''", "'"),
    });
    values.filter(|value| value.starts_with(begin)).collect()
}

fn template_seeds() -> Vec<String> {
    let calls = values_of("expression", 'S');
    let paths = values_of("expression", '$');
    let pairs = calls.iter().zip(&paths).enumerate();
    let templates = pairs.map(|(index, (call, path))| {
        let (call, path) = (serde_json::json!(call), serde_json::json!(path));
        format!(r#"{{"k{index}":[{{"a.$":{call},"b":"$.a"}},1.50],"p.$":{path},"n":null}}"#)
    });
    templates.collect()
}

fn jsonata_seeds() -> Vec<String> {
    let tables = texts("tests/jsonata", ".jsonl");
    let rows = tables.iter().flat_map(|text| text.lines());
    let rows = rows.map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap());
    rows.map(|row| row["expr"].as_str().unwrap().to_string())
        .collect()
}
