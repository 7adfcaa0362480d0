//! Configs: those we ship load, and what is wrong with others is said with its place.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::fs;
use std::path::{Path, PathBuf};

use expressd::config::{Config, Problem};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

fn no_environment(_: &str) -> Option<String> {
    None
}

#[test]
fn every_shipped_config_loads() {
    let mut seen = 0;
    for dir in [shipped(), shipped().join("examples")] {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && Config::is_config(&path) {
                seen += 1;
                if let Err(problems) = Config::load_with(&path, no_environment) {
                    panic!("{}", say(&problems));
                }
            }
        }
    }
    assert!(seen >= 6, "only {seen} configs were found");
}

#[test]
fn the_reference_config_shows_the_defaults() {
    let shown = Config::load_with(&shipped().join("expressd.yaml"), no_environment).unwrap();
    assert_eq!(shown.log, Default::default());
    assert_eq!(shown.admin, Default::default());
    assert_eq!(shown.runtime, Default::default());
    assert_eq!(shown.memory, Default::default());
    assert_eq!(shown.shutdown, Default::default());
    let limits = expressd::runtime::LimitsConfig::default().limits();
    assert_eq!(*shown.pipelines[0].machine.limits(), limits);
}

fn say(problems: &[Problem]) -> String {
    let lines = problems.iter().map(Problem::to_string);
    lines.collect::<Vec<_>>().join("\n")
}

/// The problems of a config that stands beside a definition and a script.
#[track_caller]
fn check(name: &str, config: &str, want: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    for file in ["machines/order.asl.json", "scripts/order.yaml"] {
        let name = Path::new(file).file_name().unwrap();
        fs::copy(shipped().join(file), dir.path().join(name)).unwrap();
    }
    let path = dir.path().join(name);
    fs::write(&path, config).unwrap();
    let problems = match Config::load_with(&path, no_environment) {
        Ok(_) => Vec::new(),
        Err(problems) => problems,
    };
    let found: Vec<_> = problems
        .iter()
        .map(|problem| {
            let found = problem.diagnostic();
            let place = found.position.map_or("-".to_string(), |position| {
                format!("{}:{}", position.line, position.column)
            });
            let help = found.help.as_ref();
            let help = help.map_or(String::new(), |help| format!(" | {help}"));
            format!(
                "{} {place} {}: {}{help}",
                found.code, found.pointer, found.message
            )
        })
        .collect();
    assert_eq!(found.len(), want.len(), "{}", found.join("\n"));
    for (found, want) in found.iter().zip(want) {
        assert!(
            found.starts_with(want),
            "{found}\ndoes not start with\n{want}"
        );
    }
}

const STREAM: &str = "
    source: { file: { path: '-' } }
    sink: { file: { path: '-' } }
";

#[test]
fn unknown_keys_are_reported_with_their_places() {
    check(
        "c.yaml",
        "admin:\n  lisen: 127.0.0.1:1\nmemroy: {}\nkafka: { broker: ${B:-b}, brokr: c }\npipelines:\n  a:\n    \
         tasks:\n      - http: { url: u, header: {} }\n      - { kafak: {} }\n    source:\n      kafka: { topcs: [t], \
         properties: { anything: 1 } }\n    sink: { flie: {} }\n",
        &[
            "C0003 2:3 /admin/lisen: there is no key `lisen` here | did you mean \"listen\"?",
            "C0003 3:1 /memroy: there is no key `memroy` here | did you mean \"memory\"?",
            "C0003 4:27 /kafka/brokr: there is no key `brokr` here | did you mean \"broker\"?",
            "C0003 8:25 /pipelines/a/tasks/0/http/header: there is no key `header` here | did you mean \"headers\"?",
            "C0003 9:11 /pipelines/a/tasks/1/kafak: there is no key `kafak` here | did you mean \"kafka\"?",
            "C0003 11:16 /pipelines/a/source/kafka/topcs: there is no key `topcs` here | did you mean \"topics\"?",
            "C0003 12:13 /pipelines/a/sink/flie: there is no key `flie` here | did you mean \"file\"?",
        ],
    );
    check(
        "c.toml",
        "[admin]\nlisen = \"127.0.0.1:1\"\n[pipelines]\n[reload]\neverything = true\n",
        &[
            "C0003 2:1 /admin/lisen: ",
            "C0003 5:1 /reload/everything: there is no key `everything` here | keys here: watch",
        ],
    );
    check(
        "c.json",
        "{\"pipelines\": {},\n \"log\": {\"levle\": 1}}",
        &["C0003 2:10 /log/levle: "],
    );
}

#[test]
fn a_wrong_value_is_reported_beside_unknown_keys() {
    check(
        "c.yaml",
        "memory: { in_flight: much }\nadmin: { lisen: 127.0.0.1:1 }\npipelines: {}\n",
        &["C0003 2:10 /admin/lisen: ", "C0003 1:22 : "],
    );
}

#[test]
fn everything_else_is_reported_at_once() {
    let config = format!(
        "log: {{ level: expressd=loud }}
pipelines:
  a b:
    definition: order.asl.json
    tasks:
      - script: order.yaml
    limits:
      depth: 1000
      execution_time: 10m{STREAM}
  c:
    definition: missing.json
    tasks:
      - {{ resource: x }}
      - script: nowhere.yaml{STREAM}
  d:
    definition: order.asl.json
    source: {{ kafka: {{ topics: [t], properties: {{ enable.auto.commit: true }} }} }}
    sink: {{ kafka: {{ output: t }} }}
demo:
  pipeline: c
"
    );
    check(
        "c.yaml",
        &config,
        &[
            "C0004 1:8 /log/level: log.level \"expressd=loud\" is neither",
            "C0005 26:3 /demo/pipeline: no pipeline with a Kafka source is called \"c\"",
            "C0004 3:3 /pipelines/a b: \"a b\" is not a name",
            "C0004 9:7 /pipelines/a b/limits/execution_time: 10m is more than the 5m of AWS",
            "C0004 8:7 /pipelines/a b/limits/depth: 1000 is not between 1 and 512",
            "C0005 16:9 /pipelines/c/tasks/0: a binding has exactly one of script, mock, process, kafka, http, lambda and http_invoke",
            "C0006 17:9 /pipelines/c/tasks/1/script: ",
            "C0001 14:5 /pipelines/c/definition: ",
            "C0005 24:13 /pipelines/d/sink/kafka/dead_letters: without `dead_letters`, `on_failure` must be",
            "C0005 23:51 /pipelines/d/source/kafka/properties/enable.auto.commit: cannot be set",
            "C0005 24:13 /pipelines/d/sink/kafka: topic t is an input of the same pipeline",
            "C0007 8:19 /States/ValidateOrder/Resource: nothing answers arn:aws:lambda:",
            "C0007 30:19 /States/CheckInventory/Resource: ",
            "C0007 37:19 /States/ProcessPayment/Resource: ",
            "C0007 51:19 /States/UpdateInventory/Resource: ",
            "C0007 58:19 /States/SendConfirmation/Resource: ",
            "C0007 65:19 /States/NotifyFailure/Resource: ",
            "C0007 72:19 /States/NotifyPaymentFailed/Resource: ",
        ],
    );
}

#[test]
fn a_definition_is_no_config() {
    let definition = r#"{ "StartAt": "A", "States": {} }"#;
    check("c.json", definition, &["C0009 - : this is a definition"]);
}

#[test]
fn a_missing_variable_is_reported_before_anything_else() {
    check(
        "c.yaml",
        "kafka: { broker: ${BROKERS:?where is Kafka} }\n",
        &["C0002 1:18 : environment variable BROKERS: where is Kafka"],
    );
}

#[test]
fn toml_and_json_say_the_same() {
    let toml = "[pipelines.orders]\ndefinition = \"order.asl.json\"\ntasks = [{ script = \"order.yaml\" }]\n\
        source.file.path = \"-\"\nsink.file.path = \"-\"\n";
    check("c.toml", toml, &[]);
    let json = r#"{"pipelines": {"orders": {"definition": "order.asl.json",
        "tasks": [{"script": "order.yaml"}],
        "source": {"file": {"path": "-"}}, "sink": {"file": {"path": "-"}}}}}"#;
    check("c.json", json, &[]);
}

/// Every key below `schema`, with the path that leads to it. Only as deep as the config nests.
fn keys(root: &serde_json::Value, schema: &serde_json::Value, path: &str, found: &mut Vec<String>) {
    if !schema.is_object() {
        return;
    }
    if let Some(target) = schema["$ref"].as_str() {
        let target = root.pointer(target.trim_start_matches('#')).unwrap();
        return keys(root, target, path, found);
    }
    for part in ["anyOf", "oneOf", "allOf"] {
        for inner in schema[part].as_array().into_iter().flatten() {
            keys(root, inner, path, found);
        }
    }
    for nested in ["items", "additionalProperties"] {
        keys(root, &schema[nested], path, found);
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}/{key}");
        keys(root, inner, &path, found);
        found.push(path);
    }
}

#[test]
fn the_reference_config_shows_every_key() {
    let schema = serde_json::to_value(schemars::schema_for!(expressd::config::File)).unwrap();
    let mut found = Vec::new();
    keys(&schema, &schema, "", &mut found);
    assert!(found.len() > 60, "{found:?}");
    let text = fs::read_to_string(shipped().join("expressd.yaml")).unwrap();
    let is_missing = |path: &&String| {
        let key = path.rsplit('/').next().unwrap();
        !text.contains(&format!(" {key}:")) && !text.contains(&format!("\n{key}:"))
    };
    let missing: Vec<_> = found.iter().filter(is_missing).collect();
    assert!(
        missing.is_empty(),
        "not in config/expressd.yaml: {missing:?}"
    );
}
