//! What machines do, case by case: `tests/language/*/*.yaml` are data, this is their only runner.
//!
//! Time is virtual and tasks are scripted. `docs/tests.md` says how to write a case.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use expressd::cases::virtual_time::RunError;
use expressd::cases::{Run, TestFile};
use expressd::engine::Execution;
use expressd::plan::Plan;

/// Fewer cases than this mean that some were not found.
const AT_LEAST: usize = 820;

#[test]
fn machines_do_what_the_cases_say() {
    let (mut n_runs, mut wrong) = (0, String::new());
    for path in files() {
        let file = TestFile::load(&path).unwrap_or_else(|error| panic!("{error}"));
        for case in &file.cases {
            let plan = match case.plan(&path) {
                Ok(plan) => plan,
                Err(problems) => {
                    let (path, note) = (path.display(), case.note());
                    writeln!(wrong, "\n{path}: {note}\ndoes not compile:\n{problems}").unwrap();
                    continue;
                }
            };
            for (note, run) in case.runs().unwrap() {
                n_runs += 1;
                let found = catch_unwind(|| differences(&plan, run));
                let found = match found {
                    Ok(Ok(found)) => found,
                    Ok(Err(error)) => format!("{error}\n"),
                    Err(_) => "panics, see above\n".to_string(),
                };
                if !found.is_empty() {
                    write!(wrong, "\n{}: {note}\n{found}", path.display()).unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(n_runs >= AT_LEAST, "only {n_runs} runs were found");
}

/// The YAML files of all topics, in order.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language");
    let entries = |dir: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(dir).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let topics = entries(&root).into_iter().filter(|path| path.is_dir());
    let mut files: Vec<PathBuf> = topics.flat_map(|topic| entries(&topic)).collect();
    files.retain(|file| file.extension().is_some_and(|ext| ext == "yaml"));
    files.sort();
    files
}

/// Executes a run three times; a line for everything that is not as expected.
fn differences(plan: &Arc<Plan>, run: &Run) -> Result<String, RunError> {
    let mut execution = Execution::new();
    let report = run.execute(&mut execution, plan, true)?;
    let mut found = String::new();
    for difference in run.judge(&report) {
        writeln!(found, "{difference}").unwrap();
    }
    // Buffers are used again, and nothing of the last execution may be left in them.
    let again = run.execute(&mut execution, plan, true)?;
    if report != again {
        writeln!(found, "second run in the same buffers: {again:?}").unwrap();
    }
    // Without a history nobody sees what a state is given, and some of it is never put together.
    let unseen = run.execute(&mut execution, plan, false)?;
    if report.end != unseen.end {
        writeln!(found, "without history: {:?}", unseen.end).unwrap();
    }
    Ok(found)
}
