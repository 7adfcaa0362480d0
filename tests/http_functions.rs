//! The order workflow over HTTP functions that fail, are busy and hang: every order has its right outcome all the same.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::collections::HashMap;
use std::fmt::Write;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

const ORDERS: usize = 120;

/// The example's server. Dropping it ends it.
struct Functions {
    child: Child,
    /// `127.0.0.1:41234`
    address: String,
}

impl Functions {
    /// None where there is no Python.
    fn start(options: &[&str]) -> Option<Functions> {
        let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/functions/orders.py");
        let child = Command::new("python3")
            .arg(server)
            .args(["--port", "0"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.ok()?;
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .unwrap()
            .to_string();
        Some(Functions { child, address })
    }

    fn stats(&self) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .write_all(b"GET /stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn order(number: usize) -> Value {
    match number % 10 {
        8 => json!({ "orderId": number, "items": [] }),
        9 => json!({ "orderId": number, "items": [1], "payment": { "card": "refused" } }),
        _ => json!({ "orderId": number, "items": [1] }),
    }
}

/// What becomes of it, and how many of its functions are called.
fn want(number: usize) -> (Value, usize) {
    let mut order = order(number);
    let sent = json!({ "sent": true, "channel": "mail" });
    let error = |name: &str, message: &str| {
        let cause = format!("{{\"errorType\": \"{name}\", \"errorMessage\": \"{message}\"}}");
        json!({ "Error": name, "Cause": cause })
    };
    let mut set = |name: &str, value: Value| order[name] = value;
    let calls = match number % 10 {
        8 => {
            set(
                "error",
                error("InvalidOrderException", "the order has no items"),
            );
            set("notification", sent);
            2
        }
        9 => {
            set("validation", json!({ "valid": true, "attempts": 1 }));
            set(
                "inventory",
                json!({ "available": true, "warehouse": "north" }),
            );
            set(
                "error",
                error("PaymentFailedException", "the issuer refused the card"),
            );
            set("notification", sent);
            4
        }
        _ => {
            set("validation", json!({ "valid": true, "attempts": 1 }));
            set(
                "inventory",
                json!({ "available": true, "warehouse": "north" }),
            );
            set(
                "payment",
                json!({ "status": "captured", "provider": "example-pay" }),
            );
            set("stock", json!({ "reserved": true }));
            set("confirmation", sent);
            5
        }
    };
    (order, calls)
}

#[test]
fn every_order_has_its_outcome_although_functions_fail() {
    let rates = [
        "--fail", "0.05", "--busy", "0.03", "--hang", "0.03", "--delay", "0.005",
    ];
    let Some(functions) = Functions::start(&rates) else {
        println!("there is no python3 here: the functions cannot run");
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
