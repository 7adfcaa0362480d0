//! Definitions that change while events run.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::daemon::Daemon;
use crate::pipeline_bed::wait_for;

fn define(dir: &Path, version: &str) {
    let machine = format!(
        r#"{{"StartAt": "A", "States": {{"A": {{"Type": "Pass", "Result": "{version}", "End": true}}}}}}"#
    );
    fs::write(dir.join("machine.asl.json"), machine).unwrap();
}

/// One more event; its result and the hash of the definition that made it.
fn event(dir: &Path, seen: &mut usize) -> (String, String) {
    let mut input = OpenOptions::new()
        .append(true)
        .open(dir.join("in.jsonl"))
        .unwrap();
    writeln!(input, "{{}}").unwrap();
    let read = || fs::read_to_string(dir.join("out.jsonl")).unwrap_or_default();
    wait_for("the outcome", || read().lines().count() > *seen);
    let line: Value = serde_json::from_str(read().lines().nth(*seen).unwrap()).unwrap();
    *seen += 1;
    let text = |value: &Value| value.as_str().unwrap().to_string();
    (
        text(&line["value"]),
        text(&line["headers"]["expressd.definition"]),
    )
}

fn start(dir: &Path, watch: bool) -> Daemon {
    define(dir, "one");
    fs::write(dir.join("in.jsonl"), "").unwrap();
    let config = format!(
        "admin: {{ enabled: false }}
reload: {{ watch: {watch} }}
pipelines:
  p:
    definition: machine.asl.json
    source: {{ file: {{ path: {0}/in.jsonl }} }}
    sink: {{ file: {{ path: {0}/out.jsonl }} }}
",
        dir.display()
    );
    fs::write(dir.join("expressd.yaml"), config).unwrap();
    Daemon::start(&dir.join("expressd.yaml"), "daemon")
}

#[test]
fn a_definition_is_read_again_at_sighup_and_one_with_an_error_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let daemon = start(dir, false);
    let mut seen = 0;
    let (value, first) = event(dir, &mut seen);
    assert_eq!(value, "one");

    define(dir, "two");
    daemon.signal("HUP");
    wait_for("the reload", || {
        daemon.log().contains("definition reloaded")
    });
    let (value, second) = event(dir, &mut seen);
    assert_eq!(value, "two");
    assert_ne!(first, second);

    fs::write(dir.join("machine.asl.json"), "{\"StartAt\": \"B\"").unwrap();
    daemon.signal("HUP");
    wait_for("the error", || {
        daemon.log().contains("the last good one stays")
    });
    assert_eq!(event(dir, &mut seen), ("two".to_string(), second));

    let path = dir.join("expressd.yaml");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("instance: other\n{config}")).unwrap();
    define(dir, "two");
    daemon.signal("HUP");
    wait_for("the answer", || daemon.log().contains("restart needed"));
    assert_eq!(daemon.terminate(), Some(0));
}

#[test]
fn a_definition_that_is_watched_is_read_when_its_file_changes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let daemon = start(dir, true);
    let mut seen = 0;
    assert_eq!(event(dir, &mut seen).0, "one");
    define(dir, "another");
    wait_for("the reload", || {
        daemon.log().contains("definition reloaded")
    });
    assert_eq!(event(dir, &mut seen).0, "another");
    assert_eq!(daemon.terminate(), Some(0));
}
