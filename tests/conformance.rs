//! Runs the recorded executions of the conformance corpus, where it lies beside the checkout, against the same answers
//! that `examples/conformance.rs` gives. Without the corpus it says so in one line and passes.
//!
//! The corpus's own checker starts this program again, with `--answer`, as the runner of its batch.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../examples/conformance.rs"]
#[allow(dead_code)]
mod runner;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// What is checked: name, features asked for besides JSONPath, per cent that must pass.
const FLOORS: &[(&str, &[&str], f64)] = &[
    ("all", &[], 98.0),
    ("task", &["task"], 97.0),
    ("failed", &["status:FAILED"], 97.0),
    ("map", &["map"], 97.0),
    ("parallel", &["parallel"], 97.0),
    ("retry", &["retry"], 97.0),
    ("catch", &["catch"], 97.0),
];

/// What an Express machine refuses, what later versions bring, and what was not recorded in full.
const WITHOUT: &[&str] = &[
    "jsonata",
    "assign",
    "not-express",
    "mocks-incomplete",
    "needs-clock",
];

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--answer") {
        return match runner::main() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let Some(corpus) = corpus() else {
        println!(
            "conformance: skipped, no corpus in $EXPRESSD_CONFORMANCE or ../shared/conformance"
        );
        return ExitCode::SUCCESS;
    };
    let mut failed = false;
    for (name, features, floor) in FLOORS {
        let (passed, report) = check(&corpus, features, *floor);
        println!(
            "conformance, {name}: {}",
            report.lines().last().unwrap_or("")
        );
        if !passed {
            failed = true;
            println!("{report}");
        }
    }
    match failed {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

fn corpus() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
    let named = std::env::var_os("EXPRESSD_CONFORMANCE").map(PathBuf::from);
    [named, Some(beside)]
        .into_iter()
        .flatten()
        .find(|path| path.join("check.py").is_file())
}

fn check(corpus: &std::path::Path, features: &[&str], floor: f64) -> (bool, String) {
    let own = std::env::current_exe().unwrap();
    let mut command = Command::new("python3");
    command
        .arg(corpus.join("check.py"))
        .arg(corpus.join("stepfunctions/executions.jsonl"))
        .arg("--command")
        .arg(format!("'{}' --answer", own.display()))
        .args(["--batch", "--feature", "jsonpath"])
        .args(["--min-percent", &floor.to_string()]);
    for feature in features {
        command.args(["--feature", feature]);
    }
    for feature in WITHOUT {
        command.args(["--without", feature]);
    }
    match command.output() {
        Ok(output) => {
            let mut report = String::from_utf8_lossy(&output.stderr).into_owned();
            report.push_str(&String::from_utf8_lossy(&output.stdout));
            (output.status.success(), report)
        }
        Err(error) => (true, format!("skipped, no python3: {error}")),
    }
}
