//! The order workflow over HTTP functions that fail, are busy and hang: every order has its right outcome all the same.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A test that cannot go on fails, and says what it counted.

#[path = "../common/mod.rs"]
#[allow(dead_code)]
mod common;
mod functions;
mod kafka;
mod orders;

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use functions::Functions;
use orders::{order, want};

const ORDERS: usize = 120;

#[test]
fn every_order_has_its_outcome_although_functions_fail() {
    let rates = [
        "--fail", "0.05", "--busy", "0.03", "--hang", "0.03", "--delay", "0.005",
    ];
    let Some(functions) = Functions::start(&rates) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let mut events = String::new();
    for number in 0..ORDERS {
        writeln!(events, "{}", order(number)).unwrap();
    }
    std::fs::write(path("orders.ndjson"), events).unwrap();
    let machines = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/machines");
    let config = json!({
        "admin": { "enabled": false },
        "log": { "level": "warn" },
        "pipelines": { "orders": {
            "definition": machines.join("order-retry.asl.json"),
            "tasks": [{ "http": {
                "url": format!("http://{}/{{function}}", functions.address),
                "timeouts": { "total": "400ms" },
                "concurrency": 32,
            } }],
            "source": { "file": { "path": path("orders.ndjson") } },
            "sink": { "file": { "path": path("results.ndjson"), "dead_letters": path("dead.ndjson") } },
        } },
    });
    std::fs::write(path("config.json"), config.to_string()).unwrap();

    let ran = Command::new(env!("CARGO_BIN_EXE_expressd"))
        .args(["run", &path("config.json"), "--until-idle"])
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(0), "{log}");
    let dead = std::fs::read_to_string(path("dead.ndjson")).unwrap_or_default();
    assert_eq!(dead, "");
    let results = std::fs::read_to_string(path("results.ndjson")).unwrap();
    let mut found = HashMap::new();
    for line in results.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let output = line["value"].clone();
        found.insert(output["orderId"].as_u64().unwrap() as usize, output);
    }
    assert_eq!(found.len(), ORDERS);
    let mut calls = 0;
    for number in 0..ORDERS {
        let (want, called) = want(number);
        assert_eq!(found[&number], want);
        calls += called;
    }
    // Retries came under the keys of their first attempts, and there were some of each kind.
    let stats = functions.stats();
    assert_eq!(stats["keys"], calls, "{stats}");
    for fate in ["failed", "busy", "hung"] {
        assert!(stats[fate].as_u64().unwrap() > 0, "{stats}");
    }
}
