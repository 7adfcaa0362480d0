//! What expressions yield: tables in `tests/jsonata`, a row for each expression, all over one input.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::fs;
use std::path::Path;

use expressd::expr::Random;
use expressd::expr::jsonata::{Budget, Evaluated, NoBindings, Program, Scope, Workspace};
use expressd::value::{Arena, Constants, ParseLimits};
use serde_json::{Value as Json, json};

const LIMITS: ParseLimits = ParseLimits {
    depth: 128,
    reject_duplicate_keys: true,
};

/// `{"want": …}`, `{"undefined": true}`, `{"function": true}` or `{"error": code}`.
fn evaluate(expr: &str, input: &str) -> Json {
    let program = match Program::compile(expr) {
        Ok(program) => program,
        Err(error) => return json!({"error": error.code}),
    };
    let mut arena = Arena::new(Constants::empty());
    let scope = Scope {
        input: Some(arena.parse(input.as_bytes(), LIMITS).unwrap()),
        bindings: &NoBindings,
        now_millis: 1234,
        random: &Random::new(7),
    };
    let mut budget = Budget::default();
    match program.evaluate(&scope, &mut arena, &mut Workspace::default(), &mut budget) {
        Ok(Evaluated::Value(value)) => {
            json!({"want": serde_json::from_str::<Json>(&arena.to_json(value)).unwrap()})
        }
        Ok(Evaluated::Undefined) => json!({"undefined": true}),
        Ok(Evaluated::Function) => json!({"function": true}),
        Err(error) => json!({"error": error.code}),
    }
}

#[test]
fn expressions_yield_what_the_tables_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jsonata");
    let input = fs::read_to_string(folder.join("input.json")).unwrap();
    let mut n_rows = 0;
    let mut differing = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let mut row: Json = serde_json::from_str(line).unwrap();
            let expr = row.as_object_mut().unwrap().remove("expr").unwrap();
            let found = evaluate(expr.as_str().unwrap(), &input);
            n_rows += 1;
            // As texts: members have their order, numbers their spelling.
            let (found, row) = (found.to_string(), row.to_string());
            if found != row {
                differing.push(format!("{expr}\n  wanted {row}\n  found  {found}"));
            }
        }
    }
    assert!(n_rows > 300, "only {n_rows} rows were found");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
