//! Variables of the host: `$states.input.a.b` yields the same whether it is read directly or evaluated.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::cell::Cell;

use expressd::expr::Random;
use expressd::expr::jsonata::{Bindings, Budget, Evaluated, Program, Scope, Workspace};
use expressd::value::{Arena, Constants, Key, ParseLimits, Value};

const INPUT: &str = r#"{"a": {"b": {"c": 1.50}}, "n": null, "text": "x", "flag": true, "at": "1970-01-01T00:00:00.003Z", "big": 123456789012345678901234567890,
    "list": [{"b": 1}, {"b": [2, 3]}, {}], "one": [{"b": 1}], "empty": []}"#;

/// `$states` with one member, and `$order`.
struct Host {
    input: Value,
    n_whole: Cell<usize>,
}

impl Bindings for Host {
    fn variable(&self, arena: &mut Arena, name: &str) -> Option<Value> {
        match name {
            "states" => {
                self.n_whole.set(self.n_whole.get() + 1);
                let name = arena.string("input");
                Some(arena.object(&[(name, self.input)]))
            }
            "order" => Some(self.input),
            _ => None,
        }
    }

    fn member(&self, _arena: &mut Arena, name: &str, key: &Key) -> Option<Option<Value>> {
        (name == "states").then(|| (key.name() == "input").then_some(self.input))
    }
}

/// The result as JSON, and how often `$states` was made.
fn evaluate(text: &str) -> (String, usize) {
    let mut arena = Arena::new(Constants::empty());
    let host = Host {
        input: arena
            .parse(INPUT.as_bytes(), ParseLimits::default())
            .unwrap(),
        n_whole: Cell::new(0),
    };
    let scope = Scope {
        input: None,
        bindings: &host,
        now_millis: 0,
        random: &Random::new(1),
    };
    let program = Program::compile(text).unwrap();
    let mut budget = Budget::default();
    let evaluated = program.evaluate(&scope, &mut arena, &mut Workspace::default(), &mut budget);
    let json = match evaluated.unwrap() {
        Evaluated::Value(value) => arena.to_json(value),
        other => format!("{other:?}"),
    };
    (json, host.n_whole.get())
}

#[test]
fn reads_yield_the_same_on_every_way() {
    for (path, want) in [
        ("a.b.c", "1.50"),
        ("a.b", r#"{"c":1.50}"#),
        ("a.x.y", "Undefined"),
        ("text.x", "Undefined"),
        ("n", "null"),
        ("n.x", "Undefined"),
        ("big", "123456789012345678901234567890"),
        ("list.b", "[1,2,3]"),
        ("one.b", "1"),
        ("one", r#"[{"b":1}]"#),
        ("empty", "[]"),
        ("empty.b", "Undefined"),
        ("missing", "Undefined"),
    ] {
        for text in [
            format!("$states.input.{path}"),
            format!("$order.{path}"),
            format!("($x := $states.input; $x.{path})"),
            format!("true ? $states.input.{path}"),
            format!("$states.({}).{path}", "input"),
        ] {
            assert_eq!(evaluate(&text).0, want, "{text}");
        }
    }
}

#[test]
fn the_whole_variable_is_not_made_for_a_member() {
    assert_eq!(evaluate("$states.input.a.b.c").1, 0);
    assert_eq!(evaluate("$states.input.a.b.c + $states.input.a.b.c").1, 0);
    assert_eq!(evaluate("$keys($states)"), ("\"input\"".to_owned(), 1));
    assert_eq!(evaluate("$states.result"), ("Undefined".to_owned(), 0));
}

#[test]
fn bindings_of_the_expression_hide_those_of_the_host() {
    assert_eq!(evaluate("($order := 5; $order)").0, "5");
    assert_eq!(evaluate("($y := $order.text; $order := 5; $y)").0, "\"x\"");
    assert_eq!(
        evaluate("function($states){ $states.input }({'input': 7})").0,
        "7"
    );
}

/// The result as JSON, or the error's code.
fn outcome(text: &str) -> String {
    let mut arena = Arena::new(Constants::empty());
    let host = Host {
        input: arena
            .parse(INPUT.as_bytes(), ParseLimits::default())
            .unwrap(),
        n_whole: Cell::new(0),
    };
    let scope = Scope {
        input: None,
        bindings: &host,
        now_millis: 0,
        random: &Random::new(1),
    };
    let program = Program::compile(text).unwrap();
    let mut budget = Budget::default();
    match program.evaluate(&scope, &mut arena, &mut Workspace::default(), &mut budget) {
        Ok(Evaluated::Value(value)) => arena.to_json(value),
        Ok(other) => format!("{other:?}"),
        Err(error) => error.code.to_owned(),
    }
}

#[test]
fn conditions_hold_the_same_with_and_without_an_evaluation() {
    let mut tests = Vec::new();
    for path in [
        "a.b.c",
        "a",
        "n",
        "text",
        "big",
        "list",
        "list.b",
        "one.b",
        "missing.x",
        "flag",
        "at",
    ] {
        for operator in ["=", "!=", "<", "<=", ">", ">="] {
            for literal in [
                "1", "1.5", "-2e30", "'x'", "'y'", "''", "true", "null", "[1]",
            ] {
                tests.push(format!("$states.input.{path} {operator} {literal}"));
            }
        }
        tests.push(format!("$exists($states.input.{path})"));
        tests.push(format!("$not($states.input.{path})"));
        tests.push(format!("$not($states.input.{path} = 'x')"));
        tests.push(format!("$count($states.input.{path}) >= 1"));
        tests.push(format!("$toMillis($states.input.{path}) < 5"));
        for pattern in ["'x'", "''", "/^X/i", "/y*/", "/(?=x)x/", "1"] {
            tests.push(format!("$contains($states.input.{path}, {pattern})"));
        }
        tests.push(format!("$states.input.{path}"));
    }
    let last = tests.len();
    for index in 0..last {
        let other = tests[(index * 31 + 7) % last].clone();
        tests.push(format!("{} and {other}", tests[index]));
        tests.push(format!("{} or {other}", tests[index]));
    }
    for test in tests {
        // A block is always evaluated.
        assert_eq!(
            outcome(&test),
            outcome(&format!("($z := 1; {test})")),
            "{test}"
        );
    }
}
