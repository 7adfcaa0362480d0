//! Answers conformance cases: one JSON object a line on standard input, one answer a line on standard output.
//!
//! ```text
//! {"kind": "execution", "definition": {…}, "input": …, "type": "EXPRESS", "mocks": [{"state", "iteration"?, "outcome"}, …]}
//! {"status": "SUCCEEDED", "output": …, "calls": […], "entered": […]}
//! ```
//!
//! Time is virtual: it stands still while anything can run and then jumps to the next deadline. Tasks are answered from
//! `mocks` alone. What is not built answers `{"status": "UNSUPPORTED"}`.

#[path = "conformance/jsonata.rs"]
mod jsonata;
#[path = "conformance/test_state.rs"]
mod test_state;

use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use expressd::asl::{self, WorkflowType};
use expressd::engine::{
    Effect, Execution, InPlace, Limits, Now, Outcome, Progress, Start, TaskCall, TaskReply,
};
use expressd::expr::ExecutionInfo;
use expressd::expr::timestamp;
use expressd::plan::{self, Plan};
use serde_json::{Map, Value, json};

/// Advances of one execution after which it counts as hanging.
// A wait until a timestamp looks at the clock every 30 s, and some wait for years.
const MAX_ROUNDS: usize = 10_000_000;

/// Answers all cases of standard input.
pub(crate) fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = match serde_json::from_str::<Value>(&line) {
            Ok(case) => catch_unwind(AssertUnwindSafe(|| answer(&case))).unwrap_or_else(|_| {
                json!({"status": "FAILED", "error": "Expressd.InternalError", "cause": "panic"})
            }),
            Err(error) => json!({"status": "UNSUPPORTED", "why": error.to_string()}),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

/// The answer to one case.
pub(crate) fn answer(case: &Value) -> Value {
    match case["kind"].as_str() {
        Some("execution") => execution(case),
        Some("definition") => definition(case),
        Some("jsonata") => jsonata::answer(case),
        Some("test-state") => test_state::answer(case),
        _ => unsupported("this kind of case is not built"),
    }
}

fn unsupported(why: impl ToString) -> Value {
    json!({"status": "UNSUPPORTED", "why": why.to_string()})
}

fn definition(case: &Value) -> Value {
    let text = match case["definition_text"].as_str() {
        Some(text) => text.to_string(),
        None => case["definition"].to_string(),
    };
    let workflow_type = match case["type"].as_str() {
        Some("EXPRESS") => WorkflowType::Express,
        _ => WorkflowType::Standard,
    };
    let problems = asl::check(&text, workflow_type);
    let refusals = asl::refusals(&problems);
    let diagnostics: Vec<Value> = refusals
        .iter()
        .map(|refusal| {
            let mut diagnostic = json!({
                "severity": "ERROR", "code": refusal.code, "message": refusal.message,
            });
            if let Some(location) = &refusal.location {
                diagnostic["location"] = json!(location);
            }
            diagnostic
        })
        .collect();
    let mut answer = json!({"valid": refusals.is_empty(), "diagnostics": diagnostics});
    if let Some(message) = asl::refusal(&problems) {
        answer["message"] = json!(message);
    }
    answer
}

fn compile(text: &str) -> Result<Arc<Plan>, Vec<String>> {
    let (machine, _warnings) = asl::parse(text)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    plan::compile(&machine)
        .map(Arc::new)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn execution(case: &Value) -> Value {
    let plan = match compile(&case["definition"].to_string()) {
        Ok(plan) => plan,
        Err(problems) => return unsupported(problems.join("; ")),
    };
    if case.get("s3_objects").is_some() {
        return unsupported("no object store");
    }
    let start = case["clock"]
        .as_str()
        .and_then(timestamp::parse)
        .map_or(1_700_000_000_000, timestamp::Timestamp::millis);
    let mut now = Now {
        wall: start,
        monotonic: 0,
    };
    let info = info(case["type"].as_str() == Some("EXPRESS"), start);
    let mut mocks = Mocks::new(&case["mocks"]);
    let mut execution = Execution::new();
    execution.keep_history(true);
    let limits = Limits {
        // Standard machines may take a year, and most cases were recorded with one.
        execution_time: u64::MAX,
        ..Limits::default()
    };
    let input = case["input"].to_string();
    let begun = Start {
        info: &info,
        seed: 1,
        limits,
    };
    if let Err(error) = execution.start(&plan, input.as_bytes(), begun, now) {
        return unsupported(error);
    }
    let mut calls = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let progress = execution.advance(now, &InPlace);
        let effects: Vec<Effect> = execution.take_effects().collect();
        if progress == Progress::Done {
            return report(&execution, calls);
        }
        let mut answered = false;
        for effect in effects {
            let Effect::Call(call) = effect else { continue };
            let arguments = json_of(&execution, call.input);
            let state = &plan.state(call.state).name;
            calls.push(json!({"state": state, "arguments": arguments}));
            if let Some(reply) = mocks.reply(state, &call, &arguments) {
                execution.reply(call.id, reply);
                answered = true;
            }
        }
        if !answered {
            // Nothing can run: the clock jumps.
            let Some(deadline) = execution.next_deadline() else {
                return unsupported("the execution waits for ever");
            };
            if deadline == u64::MAX {
                execution.abort();
                continue;
            }
            let jump = deadline.saturating_sub(now.monotonic);
            now.wall += jump as i64;
            now.monotonic += jump;
        }
    }
    json!({"status": "FAILED", "error": "Expressd.InternalError", "cause": "hangs"})
}

fn info(express: bool, start_time: i64) -> ExecutionInfo {
    let (account, machine, name) = ("us-east-1:111111111111", "machine", "execution");
    let id = match express {
        true => format!(
            "arn:aws:states:{account}:express:{machine}:{name}:6d0d7c1e-7e1f-4c39-a7a5-f5a5e1f52b3e"
        ),
        false => format!("arn:aws:states:{account}:execution:{machine}:{name}"),
    };
    ExecutionInfo {
        id,
        name: name.to_string(),
        role_arn: "arn:aws:iam::111111111111:role/role".to_string(),
        start_time,
        redrive_count: (!express).then_some(0),
        state_machine_id: format!("arn:aws:states:{account}:stateMachine:{machine}"),
        state_machine_name: machine.to_string(),
        given: None,
    }
}

fn report(execution: &Execution, calls: Vec<Value>) -> Value {
    let mut report = match execution.outcome() {
        Some(Outcome::Succeeded(output)) => {
            json!({"status": "SUCCEEDED", "output": json_of(execution, *output)})
        }
        Some(Outcome::Failed(failure)) => {
            let mut report = json!({"status": "FAILED"});
            for (name, text) in [("error", &failure.error), ("cause", &failure.cause)] {
                if let Some(text) = text {
                    report[name] = json!(text);
                }
            }
            report
        }
        Some(Outcome::TimedOut) => json!({"status": "TIMED_OUT"}),
        Some(Outcome::Aborted) | None => json!({"status": "ABORTED"}),
    };
    let plan = execution.plan();
    let entered = execution.history().iter().filter_map(|event| {
        let state = plan.state(event.state?);
        event
            .kind
            .name()
            .ends_with("StateEntered")
            .then_some(state.name.as_str())
    });
    report["entered"] = entered.collect();
    report["history"] = execution.history_json("us-east-1").collect();
    report["calls"] = Value::Array(calls);
    report
}

fn json_of(execution: &Execution, value: expressd::value::Value) -> Value {
    let text = execution.arena().to_json(value);
    serde_json::from_str(&text).unwrap_or_else(|error| json!(format!("printed as {text}: {error}")))
}

/// Recorded answers of tasks, each used once.
struct Mocks<'a> {
    left: Vec<&'a Map<String, Value>>,
}

impl<'a> Mocks<'a> {
    fn new(mocks: &'a Value) -> Mocks<'a> {
        let all = mocks.as_array().map_or(&[][..], Vec::as_slice);
        Mocks {
            left: all.iter().filter_map(Value::as_object).collect(),
        }
    }

    /// The answer of a call; none for one that never comes.
    fn reply(&mut self, state: &str, call: &TaskCall, arguments: &Value) -> Option<TaskReply> {
        let Some(index) = self.find(state, call, arguments) else {
            return Some(TaskReply::Error {
                error: Some("Conformance.NoMock".to_string()),
                cause: Some(format!("no answer is left for {state}")),
            });
        };
        let mock = self.left.remove(index);
        let outcome = &mock["outcome"];
        let text = |name: &str| outcome[name].as_str().map(str::to_string);
        if outcome.get("timeout").is_some() || outcome.get("pending").is_some() {
            return None;
        }
        if let Some(raw) = outcome["result_raw"].as_str() {
            return Some(TaskReply::Result(raw.as_bytes().to_vec()));
        }
        if let Some(result) = outcome.get("result") {
            return Some(TaskReply::Result(result.to_string().into_bytes()));
        }
        Some(TaskReply::Error {
            error: text("error"),
            cause: match &outcome["cause"] {
                Value::Null => None,
                Value::String(cause) => Some(cause.clone()),
                parsed => Some(parsed.to_string()),
            },
        })
    }

    /// The first of the state's answers that fits the iteration; where several compete, the first whose arguments agree.
    fn find(&self, state: &str, call: &TaskCall, arguments: &Value) -> Option<usize> {
        let of_state: Vec<usize> = (0..self.left.len())
            .filter(|index| {
                self.left[*index]
                    .get("state")
                    .is_some_and(|name| name == state)
            })
            .collect();
        let innermost = call.iterations().last().map(|index| u64::from(*index));
        let iteration = |index: &usize| {
            let recorded = self.left[*index].get("iteration")?.as_array()?.last()?;
            recorded.as_u64()
        };
        let fitting: Vec<usize> = of_state
            .iter()
            .copied()
            .filter(|index| iteration(index).is_none() || iteration(index) == innermost)
            .collect();
        let agreeing = fitting
            .iter()
            .find(|index| self.left[**index].get("arguments") == Some(arguments));
        let exact = fitting.iter().find(|index| iteration(index).is_some());
        agreeing.or(exact).or(fitting.first()).copied()
    }
}
