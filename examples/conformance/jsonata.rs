//! Answers for the kind `jsonata`: `{"expr", "data"?, "bindings"?, "timelimit"?, "depth"?}`.

use std::time::{Duration, Instant};

use expressd::expr::Random;
use expressd::expr::jsonata::{Bindings, Budget, Evaluated, Program, Scope, Workspace};
use expressd::value::{Arena, Constants, ParseLimits, Value};
use serde_json::{Value as Json, json};

const LIMITS: ParseLimits = ParseLimits {
    depth: 512,
    reject_duplicate_keys: false,
};

/// 2023-11-14T22:13:20Z
const NOW: i64 = 1_700_000_000_000;

struct Variables(Vec<(String, Value)>);

impl Bindings for Variables {
    fn variable(&self, _arena: &mut Arena, name: &str, _place: usize) -> Option<Value> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value)
    }
}

/// `{"result": …}`, `{"undefined": true}` or `{"error": {"code": …}}`.
pub(crate) fn answer(case: &Json) -> Json {
    // The cases are of the official language, which has an `$eval`.
    let program = match Program::compile_official(case["expr"].as_str().unwrap_or_default()) {
        Ok(program) => program,
        Err(error) => {
            return json!({"error": {"code": error.code, "message": error.message, "position": error.position}});
        }
    };
    let mut arena = Arena::new(Constants::empty());
    let mut parse = |json: &Json| {
        arena
            .parse(json.to_string().as_bytes(), LIMITS)
            .unwrap_or(Value::NULL)
    };
    let input = case.get("data").map(&mut parse);
    let bindings = case["bindings"].as_object().into_iter().flatten();
    let variables = Variables(
        bindings
            .map(|(name, value)| (name.clone(), parse(value)))
            .collect(),
    );
    let scope = Scope {
        input,
        bindings: &variables,
        now_millis: NOW,
        random: &Random::new(1),
    };
    let start = Instant::now();
    let time_limit = Duration::from_millis(case["timelimit"].as_u64().unwrap_or(5000));
    let mut expired = || start.elapsed() > time_limit;
    let mut budget = Budget {
        expired: Some(&mut expired),
        ..Budget::default()
    };
    if let Some(depth) = case["depth"].as_u64() {
        // The case brings bounds of its own: ours stand back.
        budget.depth = depth as usize;
        budget.steps = u64::MAX;
        budget.value_bytes = usize::MAX;
        budget.total_bytes = 1 << 30;
    }
    match program.evaluate(&scope, &mut arena, &mut Workspace::default(), &mut budget) {
        Ok(Evaluated::Value(value)) => match serde_json::from_str::<Json>(&arena.to_json(value)) {
            Ok(result) => json!({"result": result}),
            Err(error) => json!({"error": {"code": "D3900", "message": error.to_string()}}),
        },
        Ok(Evaluated::Undefined) => json!({"undefined": true}),
        Ok(Evaluated::Function) => json!({"function": true}),
        Err(error) => {
            json!({"error": {"code": error.code, "message": error.message, "position": error.position, "token": error.token}})
        }
    }
}
