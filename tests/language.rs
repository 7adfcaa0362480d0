//! Runs the cases of `tests/language`: definitions with an input and what must come of it.
//!
//! | key | |
//! | --- | --- |
//! | `note` | the fact that the case shows |
//! | `machine` | a definition, or |
//! | `state` | one state, called `S`, that ends the machine unless it says otherwise |
//! | `input` | `{}` when absent |
//! | `tasks` | per state the replies in order: `{result: …}`, `{error: …, cause: …}` or `never` |
//! | `now` | when the execution starts, RFC 3339 |
//! | `limits` | bounds that differ from the usual ones |
//! | `want` | the output, or |
//! | `want_error`, `want_cause`, `want_state` | how it fails, `null` for none; or |
//! | `want_timeout: true` | that the machine times out |
//! | `want_calls` | inputs of all task calls in order |
//! | `want_seconds` | how much time passes |
//!
//! Time is virtual. Every case runs twice in the same execution, since executions are used again.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use expressd::asl;
use expressd::engine::{
    Effect, Execution, InPlace, Limits, Now, Outcome, Progress, Start, TaskReply,
};
use expressd::expr::{ExecutionInfo, timestamp};
use expressd::plan::{self, Plan};
use expressd::value::Arena;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    note: String,
    machine: Option<Value>,
    state: Option<Value>,
    #[serde(default = "empty")]
    input: Value,
    #[serde(default)]
    tasks: BTreeMap<String, Vec<Reply>>,
    now: Option<String>,
    #[serde(default)]
    limits: BTreeMap<String, u64>,
    #[serde(default, deserialize_with = "some")]
    want: Option<Value>,
    #[serde(default, deserialize_with = "some")]
    want_error: Option<Value>,
    #[serde(default, deserialize_with = "some")]
    want_cause: Option<Value>,
    want_state: Option<String>,
    #[serde(default)]
    want_timeout: bool,
    want_calls: Option<Vec<Value>>,
    want_seconds: Option<f64>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reply {
    Result(Value),
    Error(String),
    Failure(Failure),
    Never,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    error: Option<String>,
    cause: Option<String>,
}

fn empty() -> Value {
    json!({})
}

/// Tells `want: null` from no `want`.
fn some<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// What came of a case.
#[derive(Debug, PartialEq)]
struct Report {
    outcome: Result<Value, Box<Failed>>,
    calls: Vec<Value>,
    seconds: f64,
}

/// Error, cause, and the failing state.
type Failed = (Value, Value, String);

#[test]
fn the_language_gives_the_answers_that_the_cases_want() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let (mut n_cases, mut problems) = (0, Vec::new());
    for file in files {
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        let text = std::fs::read_to_string(&file).unwrap();
        let cases: Vec<Case> =
            serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for case in cases {
            n_cases += 1;
            if let Err(problem) = check(&case) {
                problems.push(format!("{name}: {}\n    {problem}", case.note));
            }
        }
    }
    assert!(n_cases >= 150, "only {n_cases} cases were found");
    assert!(
        problems.is_empty(),
        "{} of {n_cases} cases fail:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, files),
            false => files.push(path),
        }
    }
}

fn check(case: &Case) -> Result<(), String> {
    let plan = Arc::new(compile(&definition(case)?)?);
    let mut execution = Execution::new();
    let report = run(case, &plan, &mut execution)?;
    let again = run(case, &plan, &mut execution)?;
    if report != again {
        return Err(format!(
            "the second run differs: {report:?}, then {again:?}"
        ));
    }
    let same = |name: &str, got: &Value, want: &Value| match equal(got, want) {
        true => Ok(()),
        false => Err(format!("{name}: got {got}, want {want}")),
    };
    match (report.outcome.as_ref().map_err(Box::as_ref), &case.want) {
        (Ok(output), Some(want)) => same("output", output, want)?,
        (Ok(output), None) => return Err(format!("succeeds with {output}")),
        (Err((error, cause, _)), Some(_)) => return Err(format!("fails with {error}: {cause}")),
        (Err((error, cause, state)), None) => {
            match case.want_timeout {
                true => same("outcome", error, &json!("TimedOut"))?,
                false => {
                    let want = case.want_error.as_ref().ok_or("the case wants nothing")?;
                    same("error", error, want)?;
                }
            }
            if let Some(want) = &case.want_cause {
                same("cause", cause, want)?;
            }
            if let Some(want) = &case.want_state {
                same("state", &json!(state), &json!(want))?;
            }
        }
    }
    if let Some(want) = &case.want_calls {
        same("calls", &json!(report.calls), &json!(want))?;
    }
    match case.want_seconds {
        Some(want) if want != report.seconds => {
            Err(format!("takes {} s, want {want} s", report.seconds))
        }
        _ => Ok(()),
    }
}

fn definition(case: &Case) -> Result<String, String> {
    match (&case.machine, &case.state) {
        (Some(Value::String(text)), None) => Ok(text.clone()),
        (Some(machine), None) => Ok(machine.to_string()),
        (None, Some(state)) => {
            let mut state = state.clone();
            let kind = state["Type"].as_str().unwrap_or_default();
            let ends_itself = matches!(kind, "Succeed" | "Fail" | "Choice");
            if !ends_itself && state.get("Next").is_none() {
                state["End"] = json!(true);
            }
            Ok(json!({"StartAt": "S", "States": {"S": state}}).to_string())
        }
        _ => Err("one of machine and state".to_string()),
    }
}

fn compile(text: &str) -> Result<Plan, String> {
    let show = |problems: Vec<expressd::diagnostic::Diagnostic>| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.join("; ")
    };
    let (machine, _warnings) = asl::parse(text).map_err(show)?;
    plan::compile(&machine).map_err(show)
}

fn run(case: &Case, plan: &Arc<Plan>, execution: &mut Execution) -> Result<Report, String> {
    let started = case.now.as_deref().unwrap_or("2026-01-31T12:00:00Z");
    let wall = timestamp::parse(started)
        .ok_or("now is no timestamp")?
        .millis();
    let mut now = Now { wall, monotonic: 5 };
    let info = ExecutionInfo {
        id: "arn:aws:states:eu-west-1:111122223333:express:shop:one:6d0d".to_string(),
        name: "one".to_string(),
        role_arn: "arn:aws:iam::111122223333:role/shop".to_string(),
        start_time: wall,
        redrive_count: Some(0),
        state_machine_id: "arn:aws:states:eu-west-1:111122223333:stateMachine:shop".to_string(),
        state_machine_name: "shop".to_string(),
    };
    let start = Start {
        info: &info,
        seed: 7,
        limits: limits(&case.limits)?,
    };
    let input = case.input.to_string();
    execution
        .start(plan, input.as_bytes(), start, now)
        .map_err(|error| error.to_string())?;
    let mut replies = case.tasks.clone();
    let mut calls = Vec::new();
    for _round in 0..100_000 {
        let progress = execution.advance(now, &InPlace);
        let effects: Vec<Effect> = execution.take_effects().collect();
        if progress == Progress::Done {
            return Ok(Report {
                outcome: outcome(execution),
                calls,
                seconds: (now.monotonic - 5) as f64 / 1000.0,
            });
        }
        let mut answered = false;
        for effect in effects {
            let Effect::Call(call) = effect else { continue };
            calls.push(json_of(execution.arena(), call.input));
            let name = &plan.state(call.state).name;
            let left = replies.get_mut(name).filter(|left| !left.is_empty());
            let reply = match left.map(|left| left.remove(0)) {
                None => return Err(format!("no reply is left for {name}")),
                Some(Reply::Never) => continue,
                Some(Reply::Result(result)) => TaskReply::Result(result.to_string().into_bytes()),
                Some(Reply::Error(error)) => TaskReply::Error {
                    error: Some(error),
                    cause: Some("because".to_string()),
                },
                Some(Reply::Failure(failure)) => TaskReply::Error {
                    error: failure.error,
                    cause: failure.cause,
                },
            };
            execution.reply(call.id, reply);
            answered = true;
        }
        if !answered {
            let deadline = execution.next_deadline().ok_or("waits for ever")?;
            now.wall += (deadline - now.monotonic) as i64;
            now.monotonic = deadline;
        }
    }
    Err("hangs".to_string())
}

fn limits(given: &BTreeMap<String, u64>) -> Result<Limits, String> {
    let mut limits = Limits::default();
    for (name, &limit) in given {
        match name.as_str() {
            "execution_time" => limits.execution_time = limit,
            "payload" => limits.payload = limit as usize,
            "depth" => limits.depth = limit as usize,
            "states" => limits.states = limit,
            "memory" => limits.memory = limit as usize,
            "task_calls" => limits.task_calls = limit,
            "concurrency" => limits.concurrency = limit as usize,
            other => return Err(format!("no limit is called {other}")),
        }
    }
    Ok(limits)
}

fn outcome(execution: &Execution) -> Result<Value, Box<Failed>> {
    match execution.outcome().unwrap() {
        Outcome::Succeeded(output) => Ok(json_of(execution.arena(), *output)),
        Outcome::Failed(failure) => Err(Box::new((
            json!(failure.error),
            json!(failure.cause),
            failure.state.clone(),
        ))),
        other => Err(Box::new((
            json!(format!("{other:?}")),
            Value::Null,
            String::new(),
        ))),
    }
}

fn json_of(arena: &Arena, value: expressd::value::Value) -> Value {
    serde_json::from_str(&arena.to_json(value)).unwrap()
}

/// Numbers by value: cases are written in YAML, which knows no spelling of them.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        (a, b) => a == b,
    }
}
