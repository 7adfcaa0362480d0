//! Every shipped config and test file follows the schema that `expressd schema` prints, and what does not is noticed.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::fs;
use std::path::Path;

use expressd::cases::{Case, TestFile};
use expressd::config::File;
use regex::{Captures, Regex};
use serde_json::{Value, json};

/// The keywords that our schema uses; another one would have to be added here.
const KNOWN: &[&str] = &[
    "$schema",
    "$defs",
    "$ref",
    "title",
    "description",
    "default",
    "format",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "oneOf",
    "anyOf",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "pattern",
    "examples",
    "propertyNames",
    "writeOnly",
];

/// Everything that is wrong with `value`, each with its place.
fn check(schema: &Value, root: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else {
        if schema == &json!(false) {
            problems.push(format!("{at}: not allowed"));
        }
        return;
    };
    for keyword in schema.keys() {
        assert!(
            KNOWN.contains(&keyword.as_str()),
            "{keyword} is not checked"
        );
    }
    if let Some(Value::String(reference)) = schema.get("$ref") {
        let found = root.pointer(reference.trim_start_matches('#')).unwrap();
        check(found, root, value, at, problems);
    }
    for kind in ["oneOf", "anyOf"] {
        if let Some(Value::Array(choices)) = schema.get(kind) {
            let fits = |choice: &&Value| {
                let mut found = Vec::new();
                check(choice, root, value, at, &mut found);
                found.is_empty()
            };
            let n = choices.iter().filter(fits).count();
            if n == 0 || kind == "oneOf" && n > 1 {
                problems.push(format!("{at}: {n} of {kind} fit {value}"));
            }
        }
    }
    if let Some(types) = schema.get("type") {
        let is = |kind: &Value| match kind.as_str().unwrap() {
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "object" => value.is_object(),
            "array" => value.is_array(),
            _ => value.is_null(),
        };
        let fits = types
            .as_array()
            .map_or_else(|| is(types), |types| types.iter().any(is));
        if !fits {
            problems.push(format!("{at}: {value} is not {types}"));
        }
    }
    if schema.get("const").is_some_and(|want| want != value) {
        problems.push(format!("{at}: {value} is another constant"));
    }
    let one_of = schema.get("enum").and_then(Value::as_array);
    if one_of.is_some_and(|values| !values.contains(value)) {
        problems.push(format!("{at}: {value} is none of the values"));
    }
    if let (Some(most), Some(elements)) = (schema.get("maxItems"), value.as_array())
        && elements.len() as u64 > most.as_u64().unwrap()
    {
        problems.push(format!("{at}: more than {most} elements"));
    }
    if let (Some(items), Some(elements)) = (schema.get("items"), value.as_array()) {
        for (index, element) in elements.iter().enumerate() {
            check(items, root, element, &format!("{at}/{index}"), problems);
        }
    }
    if let Some(members) = value.as_object() {
        let properties = schema.get("properties");
        for name in schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if !members.contains_key(name.as_str().unwrap()) {
                problems.push(format!("{at}: without {name}"));
            }
        }
        for (name, member) in members {
            let at = format!("{at}/{name}");
            let known = properties.and_then(|properties| properties.get(name));
            if let Some(schema) = known.or(schema.get("additionalProperties")) {
                check(schema, root, member, &at, problems);
            }
        }
    }
}

fn problems(config: &Value) -> Vec<String> {
    let schema = serde_json::to_value(schemars::schema_for!(File)).unwrap();
    let mut problems = Vec::new();
    check(&schema, &schema, config, "", &mut problems);
    problems
}

#[test]
fn every_shipped_config_follows_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let references = Regex::new(r"\$\{\w+(?::-([^}]*)|:\?[^}]*)?\}").unwrap();
    let mut seen = 0;
    for dir in ["config", "config/examples", "deploy/compose"] {
        for entry in fs::read_dir(root.join(dir)).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            // What stands in the environment is some word.
            let text = references.replace_all(&text, |found: &Captures<'_>| {
                let default = found.get(1).map_or("", |default| default.as_str());
                if default.is_empty() { "word" } else { default }.to_string()
            });
            let Ok(config) = serde_saphyr::from_str::<Value>(&text) else {
                panic!("{}", path.display());
            };
            if config.get("pipelines").is_some() {
                seen += 1;
                assert_eq!(problems(&config), [""; 0], "{}", path.display());
            }
        }
    }
    assert!(seen >= 7, "{seen}");
}

/// What is wrong with a test file.
fn problems_of_cases(cases: &Value) -> Vec<String> {
    let schema = serde_json::to_value(schemars::schema_for!(Vec<Case>)).unwrap();
    let mut problems = Vec::new();
    check(&schema, &schema, cases, "", &mut problems);
    problems
}

#[test]
fn every_test_file_follows_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = TestFile::find(&root.join("config/machines")).unwrap();
    for topic in fs::read_dir(root.join("tests/language")).unwrap() {
        let topic = topic.unwrap().path();
        for entry in fs::read_dir(topic).into_iter().flatten() {
            files.push(entry.unwrap().path());
        }
    }
    files.retain(|file| file.extension().is_some_and(|ext| ext == "yaml"));
    assert!(files.len() >= 15, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let options = serde_saphyr::options! { strict_booleans: true };
        let cases: Value = serde_saphyr::from_str_with_options(&text, options).unwrap();
        assert_eq!(problems_of_cases(&cases), [""; 0], "{}", file.display());
    }
}

#[test]
fn a_test_file_that_does_not_follow_is_noticed() {
    let good = json!([{"note": "n", "expression": "$.a", "want": null, "runs": [{"input": 1}]}]);
    assert_eq!(problems_of_cases(&good), [""; 0]);
    for (pointer, member, value) in [
        ("/0", "note", json!(1)),
        ("/0", "inptu", json!({})),
        ("/0", "limits", json!({"time": 1})),
        ("/0", "tasks", json!({"T": [{"reslt": 1}]})),
        ("/0/runs/0", "waited", json!("1s")),
        ("/0/runs/0", "waited_between", json!([1, 2, 3])),
        ("/0/runs/0", "machine", json!("{}")),
    ] {
        let mut bad = good.clone();
        bad.pointer_mut(pointer).unwrap()[member] = value;
        assert!(!problems_of_cases(&bad).is_empty(), "{bad}");
    }
}

#[test]
fn what_does_not_follow_is_noticed() {
    let good = json!({"pipelines": {"p": {
        "definition": "m.json",
        "source": {"kafka": {"topics": ["t"]}},
        "sink": {"file": {"path": "-"}},
    }}});
    assert_eq!(problems(&good), [""; 0]);
    for (pointer, member, value) in [
        ("", "pipelnes", json!({})),
        ("/pipelines/p", "on_null", json!("drop")),
        ("/pipelines/p", "source", json!({"kafka": {"topics": "t"}})),
        ("/pipelines/p", "source", json!({"kafka": {"topic": ["t"]}})),
        ("/pipelines/p", "limits", json!({"payload": true})),
    ] {
        let mut bad = good.clone();
        bad.pointer_mut(pointer).unwrap()[member] = value;
        assert!(!problems(&bad).is_empty(), "{bad}");
    }
}
