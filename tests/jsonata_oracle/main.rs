//! Random JSONata against another implementation, the crate `jsonata-core`: both come to the same, and fail for the same.
//! Where the two are known to differ, `generate` says how, and leaves it out.
//!
//! `JSONATA_ORACLE=1000000 cargo test --no-default-features --test jsonata_oracle` tries more.

#![allow(clippy::unwrap_used)]

mod generate;

use expressd::expr::Random;
use expressd::expr::jsonata::{Budget, Evaluated, NoBindings, Program, Scope, Workspace};
use expressd::value::{Arena, Constants, ParseLimits};
use jsonata_core::Expression;
use jsonata_core::value::JValue;
use serde_json::Value;

use generate::Generator;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Value(Value),
    Undefined,
    Function,
    Error(String),
}

fn ours(expression: &str, input: &str) -> Answer {
    let program = match Program::compile(expression) {
        Ok(program) => program,
        Err(error) => return Answer::Error(error.code.to_string()),
    };
    let mut arena = Arena::new(Constants::empty());
    let scope = Scope {
        input: Some(
            arena
                .parse(input.as_bytes(), ParseLimits::default())
                .unwrap(),
        ),
        bindings: &NoBindings,
        now_millis: 0,
        random: &Random::new(1),
    };
    let mut budget = Budget::default();
    match program.evaluate(&scope, &mut arena, &mut Workspace::default(), &mut budget) {
        Ok(Evaluated::Value(value)) => {
            Answer::Value(plain(serde_json::from_str(&arena.to_json(value)).unwrap()))
        }
        Ok(Evaluated::Undefined) => Answer::Undefined,
        Ok(Evaluated::Function) => Answer::Function,
        Err(error) => Answer::Error(error.code.to_string()),
    }
}

fn theirs(expression: &str, input: &JValue) -> Answer {
    let compiled = match Expression::compile(expression) {
        Ok(compiled) => compiled,
        Err(error) => return Answer::Error(error.to_string()),
    };
    match compiled.evaluate(input) {
        Ok(value) if value.is_undefined() => Answer::Undefined,
        Ok(value) if value.is_function() || value.is_regex() => Answer::Function,
        Ok(value) => Answer::Value(plain(
            serde_json::from_str(&value.to_json_string().unwrap()).unwrap(),
        )),
        Err(error) => Answer::Error(error.to_string()),
    }
}

/// Numbers by their value, and not by their spelling.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(number) => serde_json::json!(number.as_f64()),
        Value::Array(elements) => elements.into_iter().map(plain).collect(),
        Value::Object(members) => {
            let members = members.into_iter();
            Value::Object(members.map(|(name, value)| (name, plain(value))).collect())
        }
        other => other,
    }
}

#[test]
fn random_expressions_come_to_the_same() {
    let input: Value = serde_json::from_str(include_str!("../jsonata/input.json")).unwrap();
    let input = input.to_string();
    let data = JValue::from_json_str(&input).unwrap();
    let (mut n_values, mut differing) = (0, Vec::new());
    for seed in 0..n_expressions() {
        let expression = Generator::new(seed).expression();
        let (ours, theirs) = (ours(&expression, &input), theirs(&expression, &data));
        let same = match (&ours, &theirs) {
            // Codes are compared by the official cases; here it is enough that both refuse.
            (Answer::Error(_), Answer::Error(_)) => true,
            _ => ours == theirs,
        };
        n_values += usize::from(matches!(ours, Answer::Value(_)));
        if !same {
            differing.push(format!(
                "{expression}\n  ours   {ours:?}\n  theirs {theirs:?}"
            ));
        }
    }
    assert!(n_values > 4_000, "only {n_values} values");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// As many as `JSONATA_ORACLE` says.
fn n_expressions() -> u64 {
    let wanted = std::env::var("JSONATA_ORACLE").ok();
    let wanted = wanted.map(|wanted| wanted.parse().expect("JSONATA_ORACLE is a number"));
    wanted.unwrap_or(5_000)
}
