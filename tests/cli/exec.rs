//! `expressd exec`: one execution in the foreground.

use std::time::Duration;

use expressd::kafka::{Cluster, EMBEDDED, Feeder, KafkaConfig};

use super::{ORDER, expressd, has, order};

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
