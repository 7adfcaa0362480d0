use crate::value::Arena;
use crate::value::Constants;
use crate::value::ParseLimits;

use super::*;

const SCRIPT: &str = r#"
tasks:
  Validate*:
    - when: { $.kind: invalid }
      error: InvalidOrderException
      cause: no lines
    - when: { $.kind: flaky, "$.lines[0].sku": a }
      sequence:
        - { error: ServiceException }
        - { result: 7 }
    - result: { valid: true }
      delay: 5ms
  "arn:aws:states:::lambda:invoke":
    - when: { $.bare: true }
      result: null
      envelope: false
    - echo: true
  Picky:
    - when: { $.kind: good }
      result: 1
  Slow:
    - never: true
"#;

fn answer(state: &str, resource: &str, input: &str, invocation: u32) -> Option<String> {
    let limits = ParseLimits {
        depth: 10,
        reject_duplicate_keys: false,
    };
    let script = Script::from_yaml(SCRIPT).unwrap();
    let site = Site {
        state,
        resource,
        function_name: None,
    };
    let mut arena = Arena::new(Constants::empty());
    let input = arena.parse(input.as_bytes(), limits).unwrap();
    let call = Call {
        invocation,
        ..Call::example(&arena, input, state)
    };
    let print = |reply: TaskReply| match reply {
        TaskReply::Result(text) => String::from_utf8(text).unwrap(),
        TaskReply::Known(document) => document.to_json(),
        TaskReply::Error { error, cause } => format!("{error:?} {cause:?}"),
    };
    Some(match script.bind(&site)?.call(call) {
        Answer::Now(reply) => print(reply),
        Answer::After(delay, reply) => format!("{delay:?}: {}", print(reply)),
        Answer::Never => "never".to_string(),
        Answer::Later(_) | Answer::Queued(_) => "later".to_string(),
    })
}

#[track_caller]
fn check(state: &str, resource: &str, input: &str, invocation: u32, want: &str) {
    let found = answer(state, resource, input, invocation);
    assert_eq!(found.as_deref(), Some(want));
}

#[test]
fn the_first_rule_that_applies_answers() {
    let arn = "arn:aws:lambda:us-east-1:111122223333:function:ValidateOrder";
    check(
        "A",
        arn,
        r#"{"kind": "invalid"}"#,
        0,
        "Some(\"InvalidOrderException\") Some(\"no lines\")",
    );
    check("ValidateOrder", "x", "{}", 9, "5ms: {\"valid\":true}");
}

#[test]
fn a_sequence_counts_calls_and_its_last_answer_stays() {
    let input = r#"{"kind": "flaky", "lines": [{"sku": "a"}]}"#;
    check("Validate", "x", input, 0, "Some(\"ServiceException\") None");
    check("Validate", "x", input, 1, "7");
    check("Validate", "x", input, 2, "7");
}

#[test]
fn lambda_invoke_gets_its_envelope() {
    let invoke = "arn:aws:states:::lambda:invoke";
    let wrapped = r#"{"ExecutedVersion":"$LATEST","Payload":{"a":1.0},"StatusCode":200}"#;
    check("A", invoke, r#"{"a": 1.0}"#, 0, wrapped);
    check("A", invoke, r#"{"bare": true}"#, 0, "null");
}

#[test]
fn what_no_rule_covers_is_an_error() {
    let cause = r#"Some("States.Runtime") Some("the script has no answer for state \"Picky\" with this input")"#;
    check("Picky", "x", "{}", 0, cause);
    check("Slow", "x", "{}", 0, "never");
    assert_eq!(answer("Other", "x", "{}", 0), None);
}

#[track_caller]
fn refused(script: &str, want: &[&str]) {
    let ScriptError(problems) = Script::from_yaml(script).unwrap_err();
    assert_eq!(problems.len(), want.len(), "{problems:?}");
    for (problem, want) in problems.iter().zip(want) {
        assert!(problem.contains(want), "{problem}");
    }
}

#[test]
fn all_problems_of_a_script_are_reported() {
    refused(
        "tasks:\n  A:\n    - { result: 1, error: E }\n    - { cause: c, result: 1 }\n    - { when: { x: 1 }, never: true }\n    - { sequence: [] }\n    - { sequence: [{ echo: true }], delay: 1s }\n",
        &[
            "/tasks/A/0: an answer has exactly one of",
            "/tasks/A/1: a cause needs an error",
            "/tasks/A/2: \"x\" is not a path",
            "/tasks/A/3: a sequence has at least one answer",
            "/tasks/A/4: a rule has either a sequence or one answer",
        ],
    );
    refused("tasks:\n  A:\n    - resul: 1\n", &["unknown field `resul`"]);
    refused("tasks: { A: [], A: [] }", &["A"]);
}

#[test]
fn json_keeps_the_digits_of_numbers() {
    let script =
        Script::from_json(r#"{"tasks": {"A": [{"result": [1.50, 123456789012345678901]}]}}"#)
            .unwrap();
    let rule = Rule::new(script.tasks[0].1[0].clone(), false).unwrap();
    let want = Reply::Result(Document::parse(b"[1.50,123456789012345678901]").unwrap());
    assert_eq!(rule.sequence, [Prepared::now(want)]);
}
