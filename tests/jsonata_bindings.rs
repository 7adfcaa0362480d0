//! Variables of the host: `$states.input.a.b` yields the same whether it is read directly or evaluated.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

#[path = "../benches/support/states.rs"]
mod states;

use std::cell::Cell;

use expressd::expr::Random;
use expressd::expr::jsonata::{Bindings, Budget, Evaluated, Program, Scope, Workspace};
use expressd::value::{Arena, Constants, Key, ParseLimits, Value};

use states::States;

const INPUT: &str = r#"{"a": {"b": {"c": 1.50}}, "n": null, "text": "x", "flag": true, "at": "1970-01-01T00:00:00.003Z", "big": 123456789012345678901234567890,
    "list": [{"b": 1}, {"b": [2, 3]}, {}], "one": [{"b": 1}], "empty": [],
    "deep": [[1, 2], [3]], "rows": [{"c": [[1, 2]]}, {"c": [[3], 4]}], "row": {"c": [[1, 2]]}}"#;

/// `$states` with one member, and `$order`.
struct Host {
    states: States,
    n_whole: Cell<usize>,
}

impl Bindings for Host {
    fn variable(&self, arena: &mut Arena, name: &str, place: usize) -> Option<Value> {
        if name == "order" {
            return Some(self.states.0);
        }
        let states = self.states.variable(arena, name, place)?;
        self.n_whole.set(self.n_whole.get() + 1);
        Some(states)
    }

    fn member(
        &self,
        arena: &mut Arena,
        name: &str,
        place: usize,
        key: &Key,
    ) -> Option<Option<Value>> {
        self.states.member(arena, name, place, key)
    }
}

/// The result as JSON, and how often `$states` was made.
fn evaluate(text: &str) -> (String, usize) {
    let mut arena = Arena::new(Constants::empty());
    let host = Host {
        states: States(
            arena
                .parse(INPUT.as_bytes(), ParseLimits::default())
                .unwrap(),
        ),
        n_whole: Cell::new(0),
    };
    let scope = Scope {
        input: None,
        bindings: &host,
        now_millis: 0,
        random: &Random::new(1),
    };
    let program = Program::compile_official(text).unwrap();
    let mut budget = Budget::default();
    let evaluated = program.evaluate(&scope, &mut arena, &mut Workspace::default(), &mut budget);
    let json = match evaluated {
        Ok(Evaluated::Value(value)) => arena.to_json(value),
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    };
    (json, host.n_whole.get())
}

#[test]
fn what_follows_a_read_sees_the_same_items() {
    for rest in [
        "list.(b)",
        "list.(b + 1)",
        "list[0].b",
        "list[-1]",
        "list[b = 1]",
        "list[b = 1].b",
        "list[b > 5]",
        "list[b > 5].b",
        "list[0][0].b",
        "list.b.($)",
        "list.b[0]",
        "list.b[$ > 1]",
        "list^(b[0]).b",
        "list[].b",
        "list.b[]",
        "list.[b]",
        "list.{'b': b}",
        "list{'k': $sum(b)}",
        "list@$x.b",
        "list#$i.($i)",
        "list.%.text",
        "list.*",
        "**.c",
        "one[0]",
        "one[0].b",
        "one.(b)",
        "one[b = 1]",
        "one[b = 1].b",
        "a.b[c > 1].c",
        "a.b[0].c",
        "a.b.(c + 1)",
        "a.($.b).c",
        "a.b.c[0]",
        "a['x'].b",
        "text[0]",
        "text.($)",
        "text.b.($)",
        "n[0]",
        "n.($)",
        "missing[0]",
        "missing[true].b",
        "missing.($)",
        "missing.b[0].($)",
        "empty[0]",
        "empty.($)",
        "empty^($)",
        "deep[0]",
        "deep.($)",
        "deep.($count($))",
        "deep[1][0]",
        "rows.c.($count($))",
        "rows.c[0]",
        "rows.c[0].($count($))",
        "rows.c.($)",
        "row.c.($count($))",
        "row.c[0]",
        "row.c[0][1]",
    ] {
        let (known, _) = evaluate(&format!("$states.input.{rest}"));
        let (slow, _) = evaluate(&format!("($x := {{'y': $states.input}}; $x.y.{rest})"));
        assert_eq!(known, slow, "{rest}");
        let (inner, _) = evaluate(&format!("$states.input.({rest})"));
        assert_eq!(inner, slow, "{rest}");
    }
}

#[test]
fn an_expression_is_compiled_when_it_is_called() {
    for (text, want) in [
        ("$eval('1 + 1')", "2"),
        ("$eval('[1, 2, 3]')", "[1,2,3]"),
        ("$eval('a.b.c', $order)", "1.50"),
        ("$order.a.$eval('b.c + 1')", "2.5"),
        ("$order.list.$eval('b')", "[1,2,3]"),
        (
            "$eval('$states.input.text & text', {'text': 'y'})",
            "\"xy\"",
        ),
        ("$eval('$count($)', [1, 2])", "2"),
        ("$eval('missing', {})", "Undefined"),
        ("$eval($order.missing)", "Undefined"),
        ("$map(['1', '2 + 3'], $eval)", "[1,5]"),
        ("$eval(\"$eval('2 * 3')\")", "6"),
        (
            "$eval('1 +')",
            "D3120: Syntax error in expression passed to function eval: \"Unexpected end of expression\"",
        ),
        (
            "$eval('1 + \"a\"')",
            "D3121: Dynamic error evaluating the expression passed to function eval: \"The right side of the \\\"+\\\" operator must evaluate to a number\"",
        ),
        (
            "$eval('$sum')",
            "D3121: Dynamic error evaluating the expression passed to function eval: \"functions cannot leave it\"",
        ),
        (
            "$eval(1)",
            "T0410: Argument 1 of function \"eval\" does not match function signature",
        ),
    ] {
        assert_eq!(evaluate(text).0, want, "{text}");
    }
    let (error, _) = evaluate("$eval('($f := function($n){1 + $f($n)}; $f(1))')");
    assert!(error.starts_with("U1001"), "{error}");
    assert!(
        Program::compile("$eval('1')").is_ok(),
        "AWS finds out when it is called"
    );
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
        states: States(
            arena
                .parse(INPUT.as_bytes(), ParseLimits::default())
                .unwrap(),
        ),
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
