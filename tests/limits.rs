//! Every limit of an execution has its error, and is counted where it is met, caught or not.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use expressd::asl;
use expressd::engine::{
    Effect, Execution, InPlace, Limit, Limits, Now, Outcome, Progress, Start, TaskReply,
};
use expressd::expr::ExecutionInfo;
use expressd::plan;

/// Runs a definition whose tasks answer with `reply`, and gives how it ended: the name of its error, or its output.
fn run(definition: &str, input: &str, limits: Limits, reply: &str) -> (String, Execution) {
    let (machine, _) = asl::parse(definition).unwrap();
    let plan = Arc::new(plan::compile(&machine).unwrap());
    let mut execution = Execution::new();
    let start = Start {
        info: &ExecutionInfo::default(),
        seed: 1,
        limits,
    };
    let mut now = Now::default();
    if let Err(error) = execution.start(&plan, input.as_bytes(), start, now) {
        return (error.to_string(), execution);
    }
    while execution.advance(now, &InPlace) == Progress::Waiting {
        let effects: Vec<_> = execution.take_effects().collect();
        for effect in effects {
            if let Effect::Call(call) = effect {
                let reply = TaskReply::Result(reply.as_bytes().to_vec());
                execution.reply(call.id, reply);
            }
        }
        now.monotonic = now.monotonic.max(execution.next_deadline().unwrap_or(0));
    }
    let end = match execution.outcome() {
        Some(Outcome::Failed(failure)) => failure.error.clone().unwrap_or_default(),
        Some(Outcome::Succeeded(output)) => execution.arena().to_json(*output),
        Some(other) => format!("{other:?}"),
        None => unreachable!("it is over"),
    };
    (end, execution)
}

#[track_caller]
fn meets(limit: Limit, definition: &str, input: &str, limits: Limits, reply: &str, end: &str) {
    let (found, execution) = run(definition, input, limits, reply);
    assert!(found.starts_with(end), "{found}");
    for other in Limit::ALL {
        let met = execution.counts().met(other);
        assert_eq!(met, u64::from(other == limit), "{other:?}");
    }
}

const PASS: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#;
const LOOP: &str = r#"{"StartAt": "A", "States": {
    "A": {"Type": "Pass", "Next": "B"},
    "B": {"Type": "Choice", "Choices": [{"Variable": "$.stop", "IsPresent": true, "Next": "C"}], "Default": "A"},
    "C": {"Type": "Succeed"}}}"#;
const TASK: &str = r#"{"StartAt": "A", "States": {
    "A": {"Type": "Task", "Resource": "local:x", "Next": "B"},
    "B": {"Type": "Choice", "Choices": [{"Variable": "$.stop", "IsPresent": true, "Next": "C"}], "Default": "A"},
    "C": {"Type": "Succeed"}}}"#;

fn lowered(lower: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    lower(&mut limits);
    limits
}

#[test]
fn execution_time() {
    let wait = r#"{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 60, "End": true}}}"#;
    let limits = lowered(|limits| limits.execution_time = 1_000);
    meets(Limit::ExecutionTime, wait, "1", limits, "", "TimedOut");
}

#[test]
fn states() {
    let limits = lowered(|limits| limits.states = 100);
    let end = "Expressd.StatesLimit";
    meets(Limit::States, LOOP, "1", limits, "", end);
}

#[test]
fn task_calls() {
    let limits = lowered(|limits| limits.task_calls = 10);
    let end = "Expressd.TaskCallsLimit";
    meets(Limit::TaskCalls, TASK, "1", limits, "2", end);
}

/// Charged on what was parsed, not on the bytes of the event: 1,000 bytes are far below this limit.
#[test]
fn memory() {
    let event = format!("[{}1]", r#"{"":0},"#.repeat(140));
    let limits = lowered(|limits| limits.memory = 6_000);
    let end = "Expressd.MemoryLimit";
    meets(Limit::Memory, PASS, &event, limits, "", end);
    let text = format!("\"{}\"", "x".repeat(1_000));
    let (end, _) = run(PASS, &text, limits, "");
    assert_eq!(end, text);
}

#[test]
fn payload_of_the_event_of_an_output_and_of_a_result() {
    let limits = lowered(|limits| limits.payload = 40);
    let long = format!("\"{}\"", "x".repeat(60));
    let end = "States.DataLimitExceeded";
    meets(Limit::Payload, PASS, &long, limits, "", end);
    meets(Limit::Payload, TASK, "1", limits, &long, end);
    let grows = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}, "End": true}}}"#;
    let input = format!("\"{}\"", "x".repeat(20));
    meets(Limit::Payload, grows, &input, limits, "", end);
}

#[test]
fn a_limit_that_is_caught_is_counted() {
    let caught = r#"{"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "local:x", "End": true,
            "Catch": [{"ErrorEquals": ["States.DataLimitExceeded"], "ResultPath": null, "Next": "B"}]},
        "B": {"Type": "Succeed"}}}"#;
    let limits = lowered(|limits| limits.payload = 40);
    let long = format!("\"{}\"", "x".repeat(60));
    meets(Limit::Payload, caught, "1", limits, &long, "1");
}

#[test]
fn a_limit_inside_a_branch_is_counted_once() {
    let branch = r#"{"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}, "End": true}}}]}}}"#;
    let limits = lowered(|limits| limits.payload = 40);
    let input = format!("\"{}\"", "x".repeat(20));
    let end = "States.DataLimitExceeded";
    meets(Limit::Payload, branch, &input, limits, "", end);
}

#[test]
fn depth_of_the_event_and_of_an_output() {
    let limits = lowered(|limits| limits.depth = 4);
    let end = "nesting is too deep";
    meets(Limit::Depth, PASS, "[[[[[1]]]]]", limits, "", end);
    let deeper = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"a.$": "$"}, "End": true}}}"#;
    let end = "Expressd.DepthLimit";
    meets(Limit::Depth, deeper, "[[[[1]]]]", limits, "", end);
}

#[test]
fn an_expression_that_does_not_end() {
    let endless = r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", "End": true,
        "Output": "{% ($f := function(){ $f() }; $f()) %}"}}}"#;
    let end = "States.QueryEvaluationError";
    meets(Limit::Expression, endless, "1", Limits::default(), "", end);
    let wrong = r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", "End": true,
        "Output": "{% 1 + 'a' %}"}}}"#;
    let (found, execution) = run(wrong, "1", Limits::default(), "");
    assert_eq!(found, end);
    assert_eq!(execution.counts().met(Limit::Expression), 0);
}
