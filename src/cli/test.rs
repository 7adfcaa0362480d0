//! `expressd test`: test files of definitions, in virtual time and with scripted tasks.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::Exit;
use super::{junit, say};
use crate::cases::Case;
use crate::cases::Difference;
use crate::cases::Run;
use crate::cases::TestFile;
use crate::engine::Execution;
use crate::plan::Plan;

/// Run the tests of definitions: input, scripted tasks, expected outcome
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  expressd test config/machines                         every *.test.yaml in there
  expressd test order.test.yaml --junit results.xml     order.asl.json beside it, results for a build server

Time is virtual: nothing waits. docs/tests.md explains the format, `expressd schema test` prints its JSON Schema.
Exit codes: 0 all passed; 1 something failed; 65 a test file or a definition is invalid")]
pub(super) struct Args {
    /// Test files, or directories with *.test.yaml files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write the results as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// One execution of a test file and what came of it.
pub(super) struct Tested {
    pub(super) file: String,
    pub(super) note: String,
    pub(super) verdict: Verdict,
    pub(super) took: Duration,
}

/// What came of it.
pub(super) enum Verdict {
    Passed,
    Failed(Vec<Difference>),
    /// It cannot be run.
    Broken(String),
}

impl Verdict {
    /// What is wrong, in lines.
    pub(super) fn text(&self) -> String {
        match self {
            Verdict::Passed => String::new(),
            Verdict::Failed(differences) => {
                let lines = differences.iter().map(Difference::to_string);
                lines.collect::<Vec<_>>().join("\n")
            }
            Verdict::Broken(problem) => problem.clone(),
        }
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut tested = Vec::new();
    for path in &args.paths {
        match TestFile::find(path) {
            Ok(files) => {
                for file in files {
                    let of_file = test_file(&file);
                    print(&file, &of_file)?;
                    tested.extend(of_file);
                }
            }
            Err(error) => {
                let of_path = [broken(path, path.display().to_string(), error.to_string())];
                print(path, &of_path)?;
                tested.extend(of_path);
            }
        }
    }
    if let Some(file) = &args.junit {
        junit::write(file, &tested).with_context(|| file.display().to_string())?;
    }
    let count = |is: fn(&Verdict) -> bool| tested.iter().filter(|t| is(&t.verdict)).count();
    let n_failed = count(|verdict| matches!(verdict, Verdict::Failed(_)));
    let n_broken = count(|verdict| matches!(verdict, Verdict::Broken(_)));
    let n_passed = tested.len() - n_failed - n_broken;
    say(summary(n_passed, n_failed, n_broken))?;
    Ok(match (n_failed, n_broken) {
        (0, 0) => Exit::Done,
        (_, 0) => Exit::No,
        _ => Exit::Invalid,
    })
}

/// Every execution of a file, in its order.
fn test_file(path: &Path) -> Vec<Tested> {
    let file = match TestFile::load(path) {
        Ok(file) => file,
        Err(error) => {
            let name = path.display().to_string();
            return vec![broken(path, name, error.to_string())];
        }
    };
    let mut execution = Execution::new();
    let cases = file.cases.iter();
    cases
        .flat_map(|case| test_case(path, case, &mut execution))
        .collect()
}

fn test_case(path: &Path, case: &Case, execution: &mut Execution) -> Vec<Tested> {
    let problem = |problem| vec![broken(path, case.note().to_string(), problem)];
    let runs = match case.runs() {
        Ok(runs) => runs,
        Err(error) => return problem(error),
    };
    let plan = match case.plan(path) {
        Ok(plan) => plan,
        Err(problems) => return problem(problems),
    };
    let test = |(note, run): (String, &Run)| {
        let begin = Instant::now();
        Tested {
            file: path.display().to_string(),
            note,
            verdict: verdict(run, &plan, execution),
            took: begin.elapsed(),
        }
    };
    runs.into_iter().map(test).collect()
}

fn verdict(run: &Run, plan: &Arc<Plan>, execution: &mut Execution) -> Verdict {
    match run.execute(execution, plan, true) {
        Err(error) => Verdict::Broken(error.to_string()),
        Ok(report) => match run.judge(&report) {
            differences if differences.is_empty() => Verdict::Passed,
            differences => Verdict::Failed(differences),
        },
    }
}

fn broken(path: &Path, note: String, problem: String) -> Tested {
    Tested {
        file: path.display().to_string(),
        note,
        verdict: Verdict::Broken(problem),
        took: Duration::ZERO,
    }
}

/// A line for a file, and lines for what did not pass.
fn print(path: &Path, tested: &[Tested]) -> io::Result<()> {
    let passed = |test: &&Tested| matches!(test.verdict, Verdict::Passed);
    let n_passed = tested.iter().filter(passed).count();
    let (file, n) = (path.display(), tested.len());
    say(format_args!("{file}: {n_passed} of {n} passed"))?;
    for test in tested {
        let word = match test.verdict {
            Verdict::Passed => continue,
            Verdict::Failed(_) => "FAILED",
            Verdict::Broken(_) => "ERROR",
        };
        say(format_args!("\n  {word}  {}", test.note))?;
        for line in test.verdict.text().lines() {
            say(format_args!("    {line}"))?;
        }
        say("")?;
    }
    Ok(())
}

fn summary(n_passed: usize, n_failed: usize, n_broken: usize) -> String {
    let mut line = format!("{n_passed} passed, {n_failed} failed");
    if n_broken > 0 {
        line += &format!(", {n_broken} could not be run");
    }
    line
}
