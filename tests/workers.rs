//! The example workers answer a whole pipeline, in every language whose interpreter is here.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A test that cannot go on fails, one that is left out says so.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const ORDERS: [&str; 3] = [
    r#"{"orderId":"o-1","items":[{"sku":"A"}]}"#,
    r#"{"orderId":"o-2","items":[]}"#,
    r#"{"orderId":"o-3","items":[{"sku":"A"}],"payment":{"card":"refused"}}"#,
];

/// Runs the orders through workers of this interpreter.
fn check(interpreter: &str, worker: &str, calls: usize) {
    let version = Command::new(interpreter).arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        println!("no {interpreter} here: its example worker is not tested");
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = tempfile::tempdir().unwrap();
    let config = json!({
        "pipelines": {"orders": {
            "definition": root.join("config/machines/order.asl.json"),
            "tasks": [{"process": {
                "command": [interpreter, root.join("examples/workers").join(worker)],
                "workers": 2,
                "calls": calls,
            }}],
            "source": {"file": {"path": "-"}},
            "sink": {"file": {"path": "-"}},
        }},
        "admin": {"enabled": false},
    });
    let path = dir.path().join("config.json");
    std::fs::write(&path, config.to_string()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_expressd"))
        .args(["run", "--until-idle"])
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(ORDERS.join("\n").as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let mut seen: Vec<_> = text
        .lines()
        .map(|line| {
            let value = &serde_json::from_str::<Value>(line).unwrap()["value"];
            let error = &value["error"]["Error"];
            format!(
                "{} {error} {}",
                value["orderId"], value["payment"]["status"]
            )
        })
        .collect();
    seen.sort();
    let want = [
        r#""o-1" null "captured""#,
        r#""o-2" "InvalidOrderException" null"#,
        r#""o-3" "PaymentFailedException" null"#,
    ];
    assert_eq!(seen, want, "{text}");
}

#[test]
fn python_workers_answer() {
    check("python3", "orders.py", 1);
}

#[test]
fn javascript_workers_answer() {
    check("node", "orders.js", 100);
}
