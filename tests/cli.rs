//! The command line: what it prints, where, and how it ends.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use expressd::kafka::{Cluster, EMBEDDED, Feeder, KafkaConfig};

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
fn exec_prints_the_outcome_as_one_line_of_json() {
    let ran = order(r#"{"orderId": "o-1", "items": []}"#, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        ran.stdout,
        concat!(
            r#"{"status":"SUCCEEDED","output":{"orderId":"o-1","items":[],"error":{"Error":"InvalidOrderException","#,
            r#""Cause":"the order has no items"},"notification":{"sent":true,"channel":"mail"}}}"#,
            "\n"
        )
    );
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_trace_tells_the_story_on_stderr() {
    let ran = order(r#"{"channel": "fax"}"#, &["--trace"]);
    let lines: Vec<_> = ran.stderr.lines().collect();
    let want = [
        "   1  ExecutionStarted         {\"channel\":\"fax\"}",
        "   2  TaskStateEntered         ValidateOrder",
        "   3  LambdaFunctionScheduled  ValidateOrder",
        "   4  LambdaFunctionStarted    ValidateOrder",
        "   5  LambdaFunctionFailed     ValidateOrder  ServiceException: the fax gateway is busy",
        "   6  LambdaFunctionScheduled  ValidateOrder",
        "   7  LambdaFunctionStarted    ValidateOrder",
        "   8  LambdaFunctionSucceeded  ValidateOrder  {\"valid\":true,\"attempts\":2}",
    ];
    assert_eq!(lines[..want.len()], want);
    has(lines.last().unwrap(), "ExecutionSucceeded");
    assert_eq!(ran.stdout.lines().count(), 1);
}

#[test]
fn a_trace_as_json_tells_every_detail() {
    let ran = order(r#"{"channel": "fax"}"#, &["--trace=json"]);
    let second = ran.stderr.lines().nth(1).unwrap();
    let want = concat!(
        r#"{"id":2,"previousEventId":0,"type":"TaskStateEntered","name":"ValidateOrder","#,
        r#""input":{"channel":"fax"}}"#
    );
    assert_eq!(second, want);
}

#[test]
fn a_failed_execution_is_the_answer_no() {
    let ran = order("{\"orderId\": ", &[]);
    assert_eq!(ran.code, 1);
    has(
        &ran.stdout,
        r#"{"status":"FAILED","error":"Expressd.InvalidInput","cause":""#,
    );
}

#[test]
fn mocks_answer_first_and_scripts_what_they_leave_out() {
    let mock = "config/examples/MockConfigFile.json";
    let mocked = |case| order("{}", &["--mock", mock, "--test-case", case]);
    let ran = mocked("OrderFlow#Refused");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    has(&ran.stdout, r#""Cause":"refused by the issuer""#);
    has(&ran.stdout, r#""notification":{"sent":true"#);
    let ran = mocked("OrderFlow#Nothing");
    assert_eq!(ran.code, 65);
    has(
        &ran.stderr,
        "there is no \"Nothing\", only: Happy, FlakyValidation, Refused",
    );
    let ran = mocked("OrderFlow");
    assert_eq!(ran.code, 2);
    has(&ran.stderr, "is not MACHINE#CASE");
}

#[test]
fn a_task_without_an_answer_stops_everything() {
    let ran = expressd(&["exec", ORDER, "--input", "-"], "{}");
    assert_eq!(ran.code, 65);
    let first = "error[C0007] /States/ValidateOrder/Resource: nothing answers arn:aws:lambda:";
    has(&ran.stderr, first);
    has(&ran.stderr, "order.asl.json:8:19");
    has(
        &ran.stderr,
        "error[C0007] /States/NotifyPaymentFailed/Resource: ",
    );
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
fn wrong_usage_is_exit_code_2() {
    assert_eq!(expressd(&["exec", ORDER], "").code, 2);
    assert_eq!(expressd(&["launch"], "").code, 2);
    let help = expressd(&["--help"], "");
    assert_eq!(help.code, 0);
    has(
        &help.stdout,
        "expressd run config/quickstart.yaml --until-idle",
    );
    assert!(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("config/quickstart.yaml")
            .exists()
    );
}

#[test]
fn what_cannot_be_used_ends_with_the_code_that_says_whose_fault_it_is() {
    let config = "config/examples/risk.yaml";
    for (args, code, part) in [
        (
            vec!["exec", ORDER, "--input", "nowhere.json", "--script", SCRIPT],
            2,
            "nowhere.json: No such file",
        ),
        (
            vec!["exec", ORDER, "--input", "-", "--script", "nowhere.yaml"],
            65,
            "nowhere.yaml: No such file",
        ),
        (
            vec!["exec", config, "--input", "-", "--script", SCRIPT],
            2,
            "a config has its own tasks",
        ),
        (
            vec!["exec", config, "--input", "-", "--pipeline", "p"],
            2,
            "--pipeline has to be one of risk",
        ),
        (
            vec!["exec", ORDER, "--record", "t/0/1"],
            2,
            "--record goes with a config",
        ),
        (
            vec!["bench", ORDER, "--events", "nowhere", "--script", SCRIPT],
            2,
            "nowhere: No such file",
        ),
        (
            vec!["bench", ORDER, "--events", SCRIPT, "--script", "nowhere"],
            65,
            "nowhere: No such file",
        ),
        (
            vec!["test-state", "nowhere", "--state", "A"],
            2,
            "nowhere: No such file",
        ),
        (vec!["test-state", ORDER, "--variables", "{"], 65, "{: EOF"),
        (
            vec!["dead-letters", "list", config],
            2,
            "no pipeline has a dead-letter topic",
        ),
        (
            vec!["dead-letters", "list", "config/quickstart.yaml"],
            2,
            "the embedded broker keeps nothing",
        ),
        (vec!["explain", config], 65, "this is a config"),
        (vec!["run", ORDER], 65, "this is a definition"),
        (
            vec!["test", "config/machines/refund.asl.json"],
            65,
            "refund.test.yaml",
        ),
    ] {
        let ran = expressd(&args, "{}");
        assert_eq!(ran.code, code, "{args:?}\n{}", ran.stderr);
        has(&(ran.stderr + &ran.stdout), part);
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_expressd"))
        .arg("schema")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn run_until_idle_answers_every_line() {
    let input = "{\"orderId\": \"o-1\", \"customerId\": \"c-1\", \"amount\": 50, \"country\": \"DE\"}\nnope\n\
        {\"orderId\": \"o-3\", \"customerId\": \"c-13\", \"amount\": 500, \"country\": \"DE\"}\n";
    let ran = expressd(&["run", "config/examples/risk.yaml", "--until-idle"], input);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let outcomes: Vec<serde_json::Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(outcomes.len(), 3, "{}", ran.stdout);
    let of = |offset: &str| {
        let is =
            |outcome: &&serde_json::Value| outcome["headers"]["expressd.source.offset"] == *offset;
        outcomes.iter().find(is).unwrap()
    };
    assert_eq!(of("0")["value"]["decision"], "approved");
    assert_eq!(of("1")["kind"], "dead_letter");
    assert_eq!(of("1")["value"], "nope");
    assert_eq!(
        of("1")["headers"]["expressd.error"],
        "Expressd.InvalidInput"
    );
    assert_eq!(of("2")["headers"]["expressd.error"], "RiskTooHigh");
}

#[test]
fn run_refuses_an_invalid_config() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("c.yaml");
    std::fs::write(&config, "pipelines: {}\n").unwrap();
    let ran = expressd(&["run", config.to_str().unwrap()], "");
    assert_eq!(ran.code, 65);
    has(&ran.stderr, "error[C0005] /pipelines: there is no pipeline");
}

#[test]
fn bench_measures_and_says_so_in_json() {
    let args = [
        "bench",
        "config/machines/risk.asl.json",
        "--script",
        "config/scripts/risk.yaml",
        "--events",
        "benches/machines/order1k.ndjson",
        "--count",
        "300",
        "--kafka",
        "embedded",
        "--metrics",
        "--json",
    ];
    let ran = expressd(&args, "");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["in_process"]["executions"], 300);
    assert_eq!(report["kafka"]["records"], 300);
    for figure in [
        "/in_process/per_second",
        "/in_process/latency/p999",
        "/kafka/per_second",
        "/kafka/bare_per_second",
        "/kafka/of_bare",
        "/kafka/of_bare_with_headers",
        "/metrics/scraped_per_second",
        "/metrics/scrape/p99",
        "/kafka/half_load/per_second",
        "/kafka/tenth_load/per_second",
    ] {
        let found = report.pointer(figure).and_then(serde_json::Value::as_f64);
        assert!(
            found.is_some_and(|figure| figure > 0.0),
            "{figure} in {report}"
        );
    }
}

#[test]
fn exec_runs_a_record_under_its_own_name() {
    let kafka = KafkaConfig {
        broker: EMBEDDED.to_string(),
        ..KafkaConfig::default()
    };
    let cluster = Cluster::new(&kafka).unwrap();
    cluster.provide_topic("shop-orders").unwrap();
    let feeder = Feeder::new(&cluster, "shop-orders").unwrap();
    feeder.send("k", r#"{"n":1}"#).unwrap();
    feeder.flush(Duration::from_secs(20)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true,
        "Parameters": {"name.$": "$$.Execution.Name", "input.$": "$.value", "offset.$": "$.offset"}}}}"#;
    std::fs::write(dir.path().join("m.json"), definition).unwrap();
    let config = dir.path().join("c.yaml");
    let text = format!(
        "kafka: {{ broker: '{}' }}
pipelines:
  p:
    definition: m.json
    input: envelope
    source: {{ kafka: {{ topics: [shop-orders] }} }}
    sink: {{ kafka: {{ output: out, dead_letters: dead }} }}
",
        cluster.bootstrap()
    );
    std::fs::write(&config, text).unwrap();
    let run = |place: &str| expressd(&["exec", config.to_str().unwrap(), "--record", place], "");
    let ran: Vec<_> = (0..4).map(|p| run(&format!("shop-orders/{p}/0"))).collect();
    let found: Vec<_> = ran.iter().filter(|ran| ran.code == 0).collect();
    assert_eq!(found.len(), 1, "{}", ran[0].stderr);
    has(&found[0].stdout, r#""input":{"n":1},"offset":0"#);
    has(&found[0].stdout, r#""name":"shop-orders-"#);
    let missing = ran.iter().find(|ran| ran.code != 0).unwrap();
    has(&missing.stderr, "there is no record at shop-orders/");
    let wrong = run("shop-orders");
    assert_eq!(wrong.code, 2);
    has(&wrong.stderr, "not TOPIC/PARTITION/OFFSET");
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
fn the_tests_beside_the_definitions_pass() {
    let ran = expressd(&["test", "config/machines"], "");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let want = [
        "config/machines/order.test.yaml: 6 of 6 passed",
        "config/machines/risk.test.yaml: 4 of 4 passed",
        "10 passed, 0 failed",
    ];
    assert_eq!(ran.stdout.lines().collect::<Vec<_>>(), want);
}

const WRONG_TESTS: &str = r#"
- note: doubles
  expression: States.MathAdd($.n, $.n)
  runs:
    - input: { n: 2 }
      want: 4
    - note: of three is seven
      input: { n: 3 }
      want: 7
- note: asks nobody
  machine: { StartAt: T, States: { T: { Type: Task, Resource: "arn:aws:lambda:eu-west-1:1:function:f", End: true } } }
  input: { a: { b: 1 } }
  tasks: { T: [{ result: { x: [1, 2] } }, { result: 2 }] }
  want: { x: [1, 3], y: 0 }
  arguments: { T: [{ a: { b: 2 } }] }
"#;

#[test]
fn a_test_that_fails_says_where_and_what() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wrong.test.yaml");
    std::fs::write(&file, WRONG_TESTS).unwrap();
    let junit = dir.path().join("results.xml");
    let (file, junit) = (file.to_str().unwrap(), junit.to_str().unwrap());
    let ran = expressd(&["test", file, "--junit", junit], "");
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let want = r#"
  FAILED  doubles: of three is seven
    output
      want 7
      got  6


  FAILED  asks nobody
    output /x/1
      want 3
      got  2
    output /y
      want 0
      got  nothing
    arguments of T /0/a/b
      want 2
      got  1
    answers nobody asked for
      want []
      got  ["T"]

1 passed, 2 failed
"#;
    assert_eq!(ran.stdout, format!("{file}: 1 of 3 passed\n{want}"));
    let xml = std::fs::read_to_string(junit).unwrap();
    has(&xml, r#"<testsuites tests="3" failures="2" errors="0" "#);
    has(&xml, r#"name="doubles, run 1" "#);
    has(&xml, "output /x/1&#10;  want 3&#10;  got  2");
}

#[test]
fn tests_that_cannot_run_are_exit_code_65() {
    let dir = tempfile::tempdir().unwrap();
    for (text, part) in [
        ("- note: n\n  wnat: 1", "wnat"),
        ("- note: n\n  want: 1", "other.asl.json"),
        ("- note: n\n  definition: gone.json\n  want: 1", "gone.json"),
        ("- note: n\n  expression: $.a", "give one of want"),
        (
            "- note: n\n  expression: States.Nope()\n  want: 1",
            "States.Nope",
        ),
        ("- note: n\n  state: 7\n  want: 1", "a state is an object"),
        ("- note: n\n  rule: '{'\n  want: 1", "a rule: EOF"),
        (
            "- note: n\n  expression: $.a\n  now: today\n  want: 1",
            "today",
        ),
        (
            "- note: n\n  expression: $.a\n  input_json: '{'\n  want: 1",
            "input",
        ),
        (
            "- note: n\n  expression: $.a\n  rule: {}\n  want: 1",
            "only one of",
        ),
        (
            "- note: n\n  expression: $.a\n  want: 1\n  runs: [{ want: 1 }]",
            "with `runs`",
        ),
        (
            "- note: n\n  expression: $.a\n  want: 1\n  tasks: { T: [{ after: 1 }] }",
            "tasks of T",
        ),
    ] {
        let file = dir.path().join("other.test.yaml");
        std::fs::write(&file, text).unwrap();
        let ran = expressd(&["test", file.to_str().unwrap()], "");
        assert_eq!(ran.code, 65, "{text}\n{}{}", ran.stdout, ran.stderr);
        has(&ran.stdout, part);
        has(&ran.stdout, "0 passed, 0 failed, 1 could not be run");
    }
    let empty = tempfile::tempdir().unwrap();
    let ran = expressd(&["test", empty.path().to_str().unwrap()], "");
    assert_eq!(ran.code, 65);
    has(&ran.stdout, "no *.test.yaml in there");
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
