//! The command line: what it prints, where, and how it ends.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod exec;
mod refusals;
mod run;
mod test_files;

use std::io::Write;
use std::process::{Command, Stdio};

/// What a command left behind.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs `expressd` in the project's directory.
fn expressd(args: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_expressd"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

const ORDER: &str = "config/machines/order.asl.json";
const SCRIPT: &str = "config/scripts/order.yaml";

/// Runs one order, with every wait jumped over.
fn order(input: &str, more: &[&str]) -> Ran {
    let args = ["exec", ORDER, "--input", "-", "--script", SCRIPT, "--fast"];
    expressd(&[args.as_slice(), more].concat(), input)
}

#[track_caller]
fn has(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in\n{text}");
}

#[test]
fn validate_reports_every_file() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = dir.path().join("wrong.asl.json");
    let text =
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "C": {"Type": "Pas"}}}"#;
    std::fs::write(&wrong, text).unwrap();
    let wrong = wrong.to_str().unwrap();
    let ran = expressd(&["validate", ORDER, wrong, "config/quickstart.yaml"], "");
    assert_eq!(ran.code, 65);
    has(&ran.stdout, "order.asl.json: ok\n");
    has(&ran.stdout, "config/quickstart.yaml: ok\n");
    has(&ran.stdout, "wrong.asl.json: ");
    has(&ran.stderr, "/States/A/Next");
    has(&ran.stderr, "did you mean \"Pass\"?");
    let ran = expressd(&["validate", "no-such-file.json"], "");
    assert_eq!(ran.code, 65);
    has(&ran.stderr, "C0001");
}

#[test]
fn explain_prints_the_plan() {
    let ran = expressd(&["explain", ORDER], "");
    assert_eq!(ran.code, 0);
    has(&ran.stdout, "ValidateOrder · Task");
    has(&ran.stdout, "InvalidOrderException");
}

#[test]
fn schema_prints_the_schema_of_test_files() {
    let ran = expressd(&["schema", "test"], "");
    let schema: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(schema["type"], "array");
    let want = &schema["$defs"]["Case"]["properties"]["want"];
    assert_eq!(*want, serde_json::json!({"description": "The output."}));
}

#[test]
fn schema_prints_the_schema_of_configs() {
    let ran = expressd(&["schema"], "");
    let schema: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], serde_json::json!(["pipelines"]));
}

#[test]
fn test_state_answers_for_one_state_alone() {
    let machine = r#"{"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Parameters": {"x.$": "$.n"}, "ResultPath": "$.a", "Next": "B"},
        "B": {"Type": "Succeed"}
    }}"#;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("machine.asl.json");
    std::fs::write(&file, machine).unwrap();
    let args = ["test-state", file.to_str().unwrap(), "--input", "-"];
    let state = |name| [args.as_slice(), &["--state", name, "--inspect", "debug"]].concat();

    let ran = expressd(&state("A"), r#"{"n": 1}"#);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    has(&ran.stdout, r#""nextState": "B""#);
    has(&ran.stdout, r#""afterParameters""#);
    let ran = expressd(&state("A"), "{}");
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    has(&ran.stdout, r#""status": "FAILED""#);
    let ran = expressd(&state("C"), "{}");
    assert_eq!(ran.code, 65);
    has(&ran.stdout, "State not found in definition");
}
