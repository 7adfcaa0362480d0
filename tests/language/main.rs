//! What machines do, case by case: `tests/language/*/*.yaml` are data, this is their only runner.
//!
//! Time is virtual and tasks are scripted. `README.md` beside the cases says how to write one.

#![allow(clippy::unwrap_used)]

mod case;
mod support;

use std::fmt::Write;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use expressd::engine::{Execution, InPlace};
use expressd::plan::{self, Plan};
use serde_json::Value;

use case::{Case, Run};
use support::virtual_time::{self, End, Report, Setting};

/// Fewer cases than this mean that some were not found.
const AT_LEAST: usize = 630;

#[test]
fn machines_do_what_the_cases_say() {
    let (mut n_runs, mut wrong) = (0, String::new());
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        // `n` and `y` are names here, not booleans.
        let options = serde_saphyr::options! { strict_booleans: true };
        let cases: Vec<Case> = serde_saphyr::from_str_with_options(&text, options)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for case in &cases {
            let runs = case.runs();
            n_runs += runs.len();
            for (n, run) in runs.iter().enumerate() {
                let found = catch_unwind(|| differences(case, run))
                    .unwrap_or_else(|_| "  panics, see above\n".to_string());
                if !found.is_empty() {
                    let at = match runs.len() {
                        1 => String::new(),
                        _ => format!(", run {}", n + 1),
                    };
                    write!(wrong, "\n{}: {}{at}\n{found}", file.display(), case.note).unwrap();
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

/// Runs a case; a line for everything that is not as expected.
fn differences(case: &Case, run: &Run) -> String {
    let definition = case.definition();
    let plan = match compile(&definition) {
        Ok(plan) => plan,
        Err(problems) => return format!("  does not compile:\n{problems}"),
    };
    let setting = Setting {
        input: &run.input(),
        start: run.start(),
        seed: run.seed(),
        limits: run.limits(),
        history: true,
        fan_out: &InPlace,
    };
    let mut script = run.script();
    let mut execution = Execution::new();
    let report = virtual_time::run(&mut execution, &plan, &setting, &mut script);
    let mut found = Differences::default();
    found.in_end(run, &report.end);
    found.in_course(run, &report);
    // Buffers are used again, and nothing of the last execution may be left in them.
    let again = virtual_time::run(&mut execution, &plan, &setting, &mut run.script());
    found.unless_same("second run in the same buffers", &report, &again);
    // Without a history nobody sees what a state is given, and some of it is never put together.
    let unseen = Setting {
        history: false,
        ..setting
    };
    let unseen = virtual_time::run(&mut execution, &plan, &unseen, &mut run.script());
    found.unless_same("end without history", &report.end, &unseen.end);
    found.unless_same(
        "answers nobody asked for",
        &[] as &[&str],
        &script.left_over()[..],
    );
    found.0
}

fn compile(definition: &str) -> Result<Arc<Plan>, String> {
    let render = |problems: Vec<expressd::diagnostic::Diagnostic>| -> String {
        let lines = problems
            .iter()
            .map(|problem| problem.render("machine", definition));
        lines.collect::<Vec<_>>().join("\n")
    };
    let (machine, _warnings) = expressd::asl::parse(definition).map_err(render)?;
    plan::compile(&machine).map(Arc::new).map_err(render)
}

/// Readable lines about what is not as expected.
#[derive(Default)]
struct Differences(String);

impl Differences {
    fn unless_same<T: PartialEq + std::fmt::Debug + ?Sized>(
        &mut self,
        what: &str,
        want: &T,
        got: &T,
    ) {
        if want != got {
            writeln!(self.0, "  {what}:\n    want {want:?}\n    got  {got:?}").unwrap();
        }
    }

    fn in_end(&mut self, run: &Run, end: &End) {
        if let Some(want) = &run.want_json {
            self.unless_same("end", &End::Succeeded(want.clone()), end);
        } else if let Some(want) = &run.want {
            let got = match end {
                End::Succeeded(text) => serde_json::from_str::<Value>(text).ok(),
                _ => None,
            };
            if got.as_ref() != Some(want) {
                writeln!(self.0, "  want {want}\n  got  {}", shown(end)).unwrap();
            }
        } else if run.want_timeout {
            self.unless_same("end", &End::TimedOut, end);
        } else if run.want_error.is_some() || run.want_cause.is_some() {
            self.in_failure(run, end);
        } else {
            self.0.push_str("  the case expects nothing\n");
        }
    }

    fn in_failure(&mut self, run: &Run, end: &End) {
        let End::Failed {
            error,
            cause,
            state,
        } = end
        else {
            let want = run.want_error.as_ref().or(run.want_cause.as_ref()).unwrap();
            writeln!(self.0, "  want failure {want}\n  got  {}", shown(end)).unwrap();
            return;
        };
        for (what, want, got) in [
            ("error", &run.want_error, error),
            ("cause", &run.want_cause, cause),
        ] {
            if let Some(want) = want {
                let want = want.as_str().map(str::to_string);
                self.unless_same(what, &want, got);
            }
        }
        if let Some(want) = &run.failed_at {
            self.unless_same("failed_at", want, state);
        }
    }

    fn in_course(&mut self, run: &Run, report: &Report) {
        if let Some(want) = &run.entered {
            self.unless_same("entered", want, &report.entered);
        }
        if let Some(want) = &run.waited {
            self.unless_same("waited", want, &report.waited);
        }
        if let Some([low, high]) = &run.waited_between
            && !(*low..=*high).contains(&report.waited)
        {
            let got = report.waited;
            writeln!(self.0, "  waited {got}, not between {low} and {high}").unwrap();
        }
        if let Some(want) = &run.cancelled {
            self.unless_same("cancelled", want, &report.cancelled);
        }
        for (state, want) in &run.arguments {
            let calls = report.calls.iter().filter(|(name, _)| name == state);
            let got: Vec<&Value> = calls.map(|(_, arguments)| arguments).collect();
            if !got.iter().copied().eq(want) {
                let shown = |values: &[&Value]| {
                    let lines = values.iter().map(|value| format!("\n      {value}"));
                    lines.collect::<String>()
                };
                let want: Vec<&Value> = want.iter().collect();
                let (want, got) = (shown(&want), shown(&got));
                writeln!(
                    self.0,
                    "  arguments of {state}:\n    want{want}\n    got{got}"
                )
                .unwrap();
            }
        }
    }
}

fn shown(end: &End) -> String {
    match end {
        End::Succeeded(text) => text.clone(),
        other => format!("{other:?}"),
    }
}
