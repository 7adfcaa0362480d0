//! `expressd run` and `expressd bench`.

use std::process::{Command, Stdio};

use super::{expressd, has};

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
