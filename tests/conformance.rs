//! Runs the recorded executions with their histories and judged definitions of the conformance corpus, where it lies beside the checkout, against the same answers
//! that `examples/conformance.rs` gives. Without the corpus it says so in one line and passes.
//!
//! The corpus's own checker starts this program again, with `--answer`, as the runner of its batch.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../examples/conformance.rs"]
#[allow(dead_code)]
mod runner;

#[path = "conformance/history.rs"]
mod history;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A part of the corpus and how much of it must pass.
struct Floor {
    name: &'static str,
    pack: &'static str,
    /// Features that the cases have.
    with: &'static [&'static str],
    per_cent: f64,
}

const EXECUTIONS: &str = "stepfunctions/executions.jsonl";

const fn executions(name: &'static str, with: &'static [&'static str], per_cent: f64) -> Floor {
    Floor {
        name,
        pack: EXECUTIONS,
        with,
        per_cent,
    }
}

const FLOORS: &[Floor] = &[
    executions("all executions", &[], 99.0),
    executions("task", &["task"], 97.0),
    executions("failed", &["status:FAILED"], 97.0),
    executions("map", &["map"], 97.0),
    executions("parallel", &["parallel"], 97.0),
    executions("retry", &["retry"], 97.0),
    executions("catch", &["catch"], 97.0),
    executions("assign", &["assign"], 97.0),
    executions("jsonata", &["jsonata"], 97.0),
    Floor {
        name: "AWS's verdicts on definitions",
        pack: "stepfunctions/definitions.jsonl",
        with: &[],
        per_cent: 95.0,
    },
    Floor {
        name: "one state alone",
        // Of the rest, 19 hold times that were scrubbed without being wildcards, and three called a function.
        pack: "stepfunctions/test-state.jsonl",
        with: &[],
        per_cent: 82.0,
    },
    Floor {
        name: "published definitions",
        // One of them waits for a number of seconds that is a string, an artefact of filling in its placeholders.
        pack: "definitions/samples.jsonl",
        with: &[],
        per_cent: 99.0,
    },
    Floor {
        name: "AWS's editor",
        pack: "definitions/lint.jsonl",
        with: &["editor"],
        per_cent: 100.0,
    },
];

/// What an Express machine refuses, and executions that were not recorded in full.
const WITHOUT: &[&str] = &["not-express", "mocks-incomplete", "needs-clock"];

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
    for floor in FLOORS {
        let (passed, report) = check(&corpus, floor);
        println!(
            "conformance, {}: {}",
            floor.name,
            report.lines().last().unwrap_or("")
        );
        if !passed {
            failed = true;
            println!("{report}");
        }
    }
    let (passed, report) = history::check(&corpus);
    println!(
        "conformance, histories: {}",
        report.lines().last().unwrap_or("")
    );
    if !passed {
        failed = true;
        println!("{report}");
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

fn check(corpus: &Path, floor: &Floor) -> (bool, String) {
    let own = std::env::current_exe().unwrap();
    let mut command = Command::new("python3");
    command
        .arg(corpus.join("check.py"))
        .arg(corpus.join(floor.pack))
        .arg("--command")
        .arg(format!("'{}' --answer", own.display()))
        .args(["--batch", "--min-percent", &floor.per_cent.to_string()]);
    for feature in floor.with {
        command.args(["--feature", feature]);
    }
    if floor.pack == EXECUTIONS {
        for feature in WITHOUT {
            command.args(["--without", feature]);
        }
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
