//! Random JSONata against another implementation, the crate `jsonata-core`: both come to the same, and fail for the same.
//! Where the two are known to differ, `generate` says how, and leaves it out.
//!
//! `JSONATA_ORACLE=1000000 cargo test --no-default-features --test jsonata_oracle` tries more.

#![allow(clippy::unwrap_used)]

mod generate;
#[path = "../../benches/support/states.rs"]
mod states;

use expressd::expr::Random;
use expressd::expr::jsonata::{Budget, Evaluated, NoBindings, Program, Scope, Workspace};
use expressd::value::{Arena, Constants, ParseLimits};
use jsonata_core::Expression;
use jsonata_core::value::JValue;
use serde_json::Value;

use generate::Generator;
use states::States;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Value(Value),
    Undefined,
    Function,
    Error(String),
}

/// Where an expression finds the document.
#[derive(Clone, Copy, Debug)]
enum From {
    /// It is `$`.
    Context,
    /// It is `$states.input`, as for a state, and `$` is nothing.
    States,
}

fn ours(expression: &str, input: &str, from: From) -> Answer {
    let program = match Program::compile(expression) {
        Ok(program) => program,
        Err(error) => return Answer::Error(error.code.to_string()),
    };
    let mut arena = Arena::new(Constants::empty());
    let input = arena.parse(input.as_bytes(), ParseLimits::default());
    let input = input.unwrap();
    let states = States(input);
    let scope = Scope {
        input: match from {
            From::Context => Some(input),
            From::States => None,
        },
        bindings: match from {
            From::Context => &NoBindings,
            From::States => &states,
        },
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

/// The expression with the document at another place.
fn over_states(expression: &str) -> String {
    let mut text = expression
        .replace("$.order", "order")
        .replace("**", "$states.input.**");
    for name in ["order", "shelves", "grid"] {
        text = text.replace(name, &format!("$states.input.{name}"));
    }
    text
}

#[test]
fn random_expressions_come_to_the_same() {
    compare(From::Context, |seed| Generator::new(seed).expression());
}

#[test]
fn random_expressions_of_states_come_to_the_same() {
    compare(From::States, |seed| match seed % 2 {
        0 => over_states(&Generator::new(seed).expression()),
        _ => over_states(&Generator::new(seed).output()),
    });
}

fn compare(from: From, expression: impl Fn(u64) -> String) {
    let input: Value = serde_json::from_str(include_str!("../jsonata/input.json")).unwrap();
    let input = input.to_string();
    let data = JValue::from_json_str(&input).unwrap();
    let (mut n_values, mut differing) = (0, Vec::new());
    for seed in 0..n_expressions() {
        let expression = expression(seed);
        let theirs = match from {
            From::Context => theirs(&expression, &data),
            From::States => theirs(&format!("($states := {{'input': $}}; {expression})"), &data),
        };
        let ours = ours(&expression, &input, from);
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
    assert!(n_values > 3_000, "only {n_values} values");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// As many as `JSONATA_ORACLE` says.
fn n_expressions() -> u64 {
    let wanted = std::env::var("JSONATA_ORACLE").ok();
    let wanted = wanted.map(|wanted| wanted.parse().expect("JSONATA_ORACLE is a number"));
    wanted.unwrap_or(5_000)
}
