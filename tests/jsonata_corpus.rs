//! The recorded cases of the official JSONata test suite, where they are at hand: `EXPRESSD_CONFORMANCE` names their
//! folder, else it is looked for beside the repository.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::fs;
use std::path::PathBuf;

use expressd::expr::Random;
use expressd::expr::jsonata::{Bindings, Budget, Evaluated, Program, Scope, Workspace};
use expressd::value::{Arena, Constants, ParseLimits, Value};
use serde_json::Value as Json;

const LIMITS: ParseLimits = ParseLimits {
    depth: 128,
    reject_duplicate_keys: false,
};

/// At least this share of the cases has to pass.
const WANTED_PERCENT: f64 = 99.5;

struct Variables(Vec<(String, Value)>);

impl Bindings for Variables {
    fn variable(&self, _arena: &mut Arena, name: &str, _place: usize) -> Option<Value> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value)
    }
}

fn parse(arena: &mut Arena, json: &Json) -> Value {
    arena.parse(json.to_string().as_bytes(), LIMITS).unwrap()
}

/// The answer to a case: `{"result": …}`, `{"undefined": true}` or `{"error": {"code": …}}`.
fn answer(case: &Json, data: Option<&Json>) -> Json {
    let refused = |code: &str| serde_json::json!({ "error": { "code": code } });
    let program = match Program::compile(case["expr"].as_str().unwrap()) {
        Ok(program) => program,
        Err(error) => return refused(error.code),
    };
    let mut arena = Arena::new(Constants::empty());
    let input = data.map(|data| parse(&mut arena, data));
    let bindings = case["bindings"].as_object().into_iter().flatten();
    let variables = Variables(
        bindings
            .map(|(name, value)| (name.clone(), parse(&mut arena, value)))
            .collect(),
    );
    let random = Random::new(1);
    let scope = Scope {
        input,
        bindings: &variables,
        now_millis: 1_700_000_000_000,
        random: &random,
    };
    let mut budget = Budget {
        depth: case["depth"].as_u64().unwrap_or(500) as usize,
        ..Budget::default()
    };
    match program.evaluate(&scope, &mut arena, &mut Workspace::default(), &mut budget) {
        Ok(Evaluated::Value(value)) => {
            serde_json::json!({ "result": serde_json::from_str::<Json>(&arena.to_json(value)).unwrap() })
        }
        Ok(Evaluated::Undefined) => serde_json::json!({ "undefined": true }),
        Ok(Evaluated::Function) => serde_json::json!({ "function": true }),
        Err(error) => refused(error.code),
    }
}

fn agree(found: &Json, wanted: &Json, unordered: bool) -> bool {
    match (found, wanted) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) if unordered => {
            a.len() == b.len() && a.iter().all(|a| b.iter().any(|b| agree(a, b, false)))
        }
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b, false))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| agree(a, b, false)))
        }
        _ => found == wanted,
    }
}

fn passes(case: &Json, found: &Json) -> bool {
    let wanted = &case["expect"];
    match wanted.get("error") {
        Some(error) => match error.get("code") {
            Some(code) => found["error"]["code"] == *code,
            None => found.get("error").is_some(),
        },
        None if wanted.get("undefined").is_some() => found.get("undefined").is_some(),
        None => {
            let unordered = case["unordered"].as_bool().unwrap_or(false);
            found
                .get("result")
                .is_some_and(|found| agree(found, &wanted["result"], unordered))
        }
    }
}

#[test]
fn the_official_cases_pass() {
    let folder = std::env::var_os("EXPRESSD_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance"),
        PathBuf::from,
    );
    let folder = folder.join("jsonata");
    let Ok(cases) = fs::read_to_string(folder.join("cases.jsonl")) else {
        eprintln!("skipped: no JSONata cases in {}", folder.display());
        return;
    };
    let datasets: Json =
        serde_json::from_str(&fs::read_to_string(folder.join("datasets.json")).unwrap()).unwrap();
    let (mut n_cases, mut n_passed) = (0, 0);
    for line in cases.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let data = match case.get("dataset").and_then(Json::as_str) {
            Some(dataset) => datasets.get(dataset),
            None => case.get("data"),
        };
        // AWS has no $eval, so these cannot pass.
        let uses_eval = case["features"]
            .as_array()
            .unwrap()
            .iter()
            .any(|feature| feature == "aws-unsupported:$eval");
        if uses_eval {
            continue;
        }
        n_cases += 1;
        let found = answer(&case, data);
        if passes(&case, &found) {
            n_passed += 1;
        } else {
            eprintln!(
                "{} {}\n  wanted {}\n  found  {found}",
                case["id"], case["expr"], case["expect"]
            );
        }
    }
    let percent = f64::from(n_passed) * 100.0 / f64::from(n_cases);
    eprintln!("{n_passed} of {n_cases} cases pass ({percent:.2} %)");
    assert!(percent >= WANTED_PERCENT);
}
