//! The contract between an execution and its driver: effects, replies, deadlines, aborts, history.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use expressd::asl;
use expressd::engine::{
    CallId, Effect, Execution, InPlace, Limits, Now, Outcome, Progress, Start, TaskCall, TaskReply,
};
use expressd::expr::ExecutionInfo;
use expressd::plan;
use expressd::value::Document;

/// An execution with its clocks.
struct Driver {
    execution: Execution,
    now: Now,
}

impl Driver {
    fn start(definition: &str, input: &str) -> Driver {
        let (machine, _) = asl::parse(definition).unwrap();
        let plan = Arc::new(plan::compile(&machine).unwrap());
        let now = Now {
            wall: 1_000_000,
            monotonic: 50,
        };
        let mut execution = Execution::new();
        execution.keep_history(true);
        let start = Start {
            info: &ExecutionInfo::default(),
            seed: 1,
            limits: Limits::default(),
        };
        execution
            .start(&plan, input.as_bytes(), start, now)
            .unwrap();
        Driver { execution, now }
    }

    fn advance(&mut self) -> Progress {
        self.execution.advance(self.now, &InPlace)
    }

    /// Lets time pass on both clocks.
    fn pass(&mut self, milliseconds: u64) -> Progress {
        self.now.monotonic += milliseconds;
        self.now.wall += milliseconds as i64;
        self.advance()
    }

    fn effects(&mut self) -> Vec<Effect> {
        self.execution.take_effects().collect()
    }

    fn calls(&mut self) -> Vec<TaskCall> {
        let calls = self.effects().into_iter().map(|effect| match effect {
            Effect::Call(call) => call,
            Effect::Cancel(id) => panic!("{id:?} is cancelled"),
        });
        calls.collect()
    }

    fn reply(&mut self, call: CallId, result: &str) {
        let reply = TaskReply::Result(result.as_bytes().to_vec());
        self.execution.reply(call, reply);
    }

    fn reply_known(&mut self, call: CallId, result: &str) {
        let known = Document::parse(result.as_bytes()).unwrap();
        self.execution.reply(call, TaskReply::Known(known));
    }

    fn fail(&mut self, call: CallId, error: &str) {
        self.execution.reply(
            call,
            TaskReply::Error {
                error: Some(error.to_string()),
                cause: None,
            },
        );
    }

    fn output(&self) -> String {
        match self.execution.outcome() {
            Some(Outcome::Succeeded(output)) => self.execution.arena().to_json(*output),
            other => panic!("{other:?}"),
        }
    }

    fn events(&self) -> Vec<(u64, u64, String)> {
        let events = self.execution.history().iter();
        events
            .map(|event| (event.id, event.previous_id, event.kind.name()))
            .collect()
    }
}

const TASK: &str = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "local:x", "TimeoutSeconds": 10,
    "HeartbeatSeconds": 4, "Retry": [{"ErrorEquals": ["Again"], "IntervalSeconds": 3}], "End": true}}}"#;

const TWO_TASKS: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
    {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "local:a", "End": true}}},
    {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "local:b", "End": true}}}]}}}"#;

#[test]
fn a_result_known_beforehand_is_the_same_as_its_text() {
    let deep = format!("{}1{}", "[".repeat(400), "]".repeat(400));
    let long = format!("[\"{}\"]", "x".repeat(300_000));
    let longer = format!("[\"{}\"]", "x".repeat(1_200_000));
    for result in ["null", r#"{"a": [1.50, "\u0041"]}"#, &deep, &long, &longer] {
        let end = |known: bool| {
            let mut driver = Driver::start(TASK, "{}");
            driver.advance();
            let call = driver.calls()[0].id;
            match known {
                true => driver.reply_known(call, result),
                false => driver.reply(call, result),
            }
            driver.advance();
            match driver.execution.outcome() {
                Some(Outcome::Succeeded(_)) => driver.output(),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(end(true), end(false));
    }
}

#[test]
fn a_call_is_given_once_and_answered_once() {
    let mut driver = Driver::start(TASK, r#"{"a":1}"#);
    assert_eq!(driver.advance(), Progress::Waiting);
    let calls = driver.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].timeout, Some(10_000));
    assert_eq!((calls[0].attempt, calls[0].visit), (0, 0));
    assert!(driver.effects().is_empty());
    driver.reply(calls[0].id, r#"{ "b": 2 }"#);
    driver.reply(calls[0].id, "3");
    assert_eq!(driver.execution.next_deadline(), Some(50));
    assert_eq!(driver.advance(), Progress::Done);
    assert_eq!(driver.output(), r#"{"b":2}"#);
    assert_eq!(driver.execution.next_deadline(), None);
}

#[test]
fn a_retry_is_a_new_call_of_the_same_visit() {
    let mut driver = Driver::start(TASK, "{}");
    driver.advance();
    let first = driver.calls().remove(0);
    driver.fail(first.id, "Again");
    assert_eq!(driver.advance(), Progress::Waiting);
    assert_eq!(driver.execution.next_deadline(), Some(3050));
    assert_eq!(driver.pass(2999), Progress::Waiting);
    assert!(driver.effects().is_empty());
    driver.pass(1);
    let second = driver.calls().remove(0);
    assert_ne!(second.id, first.id);
    assert_eq!((second.attempt, second.visit), (1, 0));
}

#[test]
fn heartbeats_keep_a_call_alive_until_its_timeout() {
    let mut driver = Driver::start(TASK, "{}");
    driver.advance();
    let call = driver.calls().remove(0).id;
    for _ in 0..3 {
        driver.now.monotonic += 3000;
        driver.execution.heartbeat(call, driver.now);
        assert_eq!(driver.advance(), Progress::Waiting);
    }
    assert_eq!(driver.execution.next_deadline(), Some(10_050));
    driver.pass(1000);
    assert_eq!(driver.effects(), [Effect::Cancel(call)]);
    let Some(Outcome::Failed(failure)) = driver.execution.outcome() else {
        panic!("the timeout ends it");
    };
    assert_eq!(failure.error.as_deref(), Some("States.Timeout"));
    assert_eq!(failure.cause, None);
}

#[test]
fn a_missed_heartbeat_ends_a_call() {
    let mut driver = Driver::start(TASK, "{}");
    driver.advance();
    let call = driver.calls().remove(0).id;
    assert_eq!(driver.execution.next_deadline(), Some(4050));
    driver.pass(4000);
    assert_eq!(driver.effects(), [Effect::Cancel(call)]);
}

#[test]
fn a_failing_branch_cancels_the_calls_of_the_others() {
    let mut driver = Driver::start(TWO_TASKS, "{}");
    driver.advance();
    let calls = driver.calls();
    assert_eq!(calls[0].scope(), "P[0]");
    assert_eq!(calls[1].scope(), "P[1]");
    driver.fail(calls[1].id, "Broken");
    assert_eq!(driver.advance(), Progress::Done);
    assert_eq!(driver.effects(), [Effect::Cancel(calls[0].id)]);
    let Some(Outcome::Failed(failure)) = driver.execution.outcome() else {
        panic!("nobody catches it");
    };
    assert_eq!(failure.state, "P[1]/B");
    // Too late, and without effect.
    driver.reply(calls[0].id, "1");
    assert_eq!(driver.advance(), Progress::Done);
}

#[test]
fn a_call_that_nobody_has_seen_is_withdrawn() {
    let mut driver = Driver::start(
        r#"{"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "local:a", "End": true}}},
            {"StartAt": "B", "States": {"B": {"Type": "Fail", "Error": "Broken"}}}]}}}"#,
        "{}",
    );
    assert_eq!(driver.advance(), Progress::Done);
    assert!(driver.effects().is_empty());
}

#[test]
fn iterations_say_where_they_are() {
    let mut driver = Driver::start(
        r#"{"StartAt": "Rows", "States": {"Rows": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "Cells", "States": {
            "Cells": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "T", "States": {
                "T": {"Type": "Task", "Resource": "local:x", "End": true}}}}}}}}}"#,
        "[[1],[2,3]]",
    );
    driver.advance();
    let places: Vec<(String, Vec<u32>)> = driver
        .calls()
        .into_iter()
        .map(|call| (call.scope().to_string(), call.iterations().to_vec()))
        .collect();
    let want = [
        ("Rows[0]/Cells[0]", vec![0, 0]),
        ("Rows[1]/Cells[0]", vec![1, 0]),
        ("Rows[1]/Cells[1]", vec![1, 1]),
    ];
    assert_eq!(
        places,
        want.map(|(scope, indexes)| (scope.to_string(), indexes))
    );
}

#[test]
fn concurrency_bounds_the_calls_under_way() {
    let definition = r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "MaxConcurrency": 3, "End": true, "ItemProcessor": {
        "StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "local:x", "End": true}}}}}}"#;
    let mut driver = Driver::start(definition, "[0,1,2,3,4,5,6]");
    driver.advance();
    let mut open = driver.calls();
    let mut started = open.len();
    while let Some(call) = open.pop() {
        assert!(open.len() < 3);
        driver.reply(call.id, &call.iterations()[0].to_string());
        driver.advance();
        let new = driver.calls();
        started += new.len();
        open.extend(new);
    }
    assert_eq!(started, 7);
    assert_eq!(driver.output(), "[0,1,2,3,4,5,6]");
}

#[test]
fn visits_of_a_state_are_counted() {
    let mut driver = Driver::start(
        r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "local:x", "Next": "C"},
            "C": {"Type": "Choice", "Default": "T", "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "D"}]},
            "D": {"Type": "Succeed"}}}"#,
        "{}",
    );
    for visit in 0..3 {
        driver.advance();
        let call = driver.calls().remove(0);
        assert_eq!(call.visit, visit);
        driver.reply(call.id, &visit.to_string());
    }
    assert_eq!(driver.advance(), Progress::Done);
}

#[test]
fn a_wait_for_a_timestamp_follows_the_wall_clock() {
    let definition = r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "TimestampPath": "$.t", "End": true}}}"#;
    // 1970-01-01T00:16:40Z is 1,000,000 ms; two minutes later.
    let mut driver = Driver::start(definition, r#"{"t":"1970-01-01T00:18:40Z"}"#);
    driver.advance();
    let first_look = driver.execution.next_deadline().unwrap();
    assert!(first_look <= 30_050, "someone may set the clock");
    // The wall clock is put forward by an hour.
    driver.now.wall += 3_600_000;
    driver.now.monotonic = first_look;
    assert_eq!(driver.advance(), Progress::Done);

    let mut driver = Driver::start(definition, r#"{"t":"1970-01-01T00:18:40Z"}"#);
    driver.advance();
    // And back by an hour: the moment is further away.
    driver.now.wall -= 3_600_000;
    for _ in 0..5 {
        driver.now.monotonic = driver.execution.next_deadline().unwrap();
        assert_eq!(driver.advance(), Progress::Waiting);
    }
}

#[test]
fn an_abort_ends_it_and_cancels_its_calls() {
    let mut driver = Driver::start(TWO_TASKS, "{}");
    driver.advance();
    let calls = driver.calls();
    driver.execution.abort();
    assert_eq!(driver.execution.outcome(), Some(&Outcome::Aborted));
    assert_eq!(driver.effects().len(), calls.len());
    assert_eq!(driver.advance(), Progress::Done);
}

#[test]
fn an_execution_starts_again_after_any_end() {
    let mut driver = Driver::start(TWO_TASKS, "{}");
    driver.advance();
    let plan = driver.execution.plan().clone();
    let info = ExecutionInfo::default();
    let start = || Start {
        info: &info,
        seed: 1,
        limits: Limits::default(),
    };
    // Once in the middle, once with what is no JSON, once to the end.
    let broken = driver.execution.start(&plan, b"{", start(), driver.now);
    assert_eq!(broken.unwrap_err().offset, 1);
    driver
        .execution
        .start(&plan, b"7", start(), driver.now)
        .unwrap();
    driver.advance();
    for call in driver.calls() {
        driver.reply(call.id, "1");
    }
    assert_eq!(driver.advance(), Progress::Done);
    assert_eq!(driver.output(), "[1,1]");
}

#[test]
fn a_reply_that_is_no_json_fails_the_task() {
    let mut driver = Driver::start(TWO_TASKS, "{}");
    driver.advance();
    let calls = driver.calls();
    driver.reply(calls[0].id, "{oops");
    assert_eq!(driver.advance(), Progress::Done);
    let Some(Outcome::Failed(failure)) = driver.execution.outcome() else {
        panic!("nobody catches it");
    };
    assert_eq!(failure.error.as_deref(), Some("Lambda.Unknown"));
}

#[test]
fn history_links_its_events_as_the_service_does() {
    let mut driver = Driver::start(
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "T"},
            "T": {"Type": "Task", "Resource": "local:x", "Catch": [{"ErrorEquals": ["E"], "Next": "M"}], "End": true},
            "M": {"Type": "Map", "ItemsPath": "$$.Execution.Input", "MaxConcurrency": 1, "End": true, "ItemProcessor": {
                "StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}}}}"#,
        "[1,2]",
    );
    driver.advance();
    let call = driver.calls().remove(0);
    driver.fail(call.id, "E");
    assert_eq!(driver.advance(), Progress::Done);
    let want = [
        (1, 0, "ExecutionStarted"),
        (2, 0, "PassStateEntered"),
        (3, 2, "PassStateExited"),
        (4, 3, "TaskStateEntered"),
        (5, 4, "TaskScheduled"),
        (6, 5, "TaskStarted"),
        (7, 6, "TaskFailed"),
        (8, 7, "TaskStateExited"),
        (9, 8, "MapStateEntered"),
        (10, 9, "MapStateStarted"),
        (11, 10, "MapIterationStarted"),
        (12, 11, "PassStateEntered"),
        (13, 12, "PassStateExited"),
        (14, 13, "MapIterationSucceeded"),
        (15, 13, "MapIterationStarted"),
        (16, 15, "PassStateEntered"),
        (17, 16, "PassStateExited"),
        (18, 17, "MapIterationSucceeded"),
        (19, 18, "MapStateSucceeded"),
        (20, 18, "MapStateExited"),
        (21, 20, "ExecutionSucceeded"),
    ];
    assert_eq!(
        driver.events(),
        want.map(|(id, previous, kind)| (id, previous, kind.to_string()))
    );
}
