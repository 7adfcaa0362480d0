//! Expressions that would not end well end with an error, within their bounds and on a thread's ordinary stack.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use expressd::expr::Random;
use expressd::expr::jsonata::{
    Budget, EvalError, Evaluated, NoBindings, Program, Scope, Workspace,
};
use expressd::value::{Arena, Constants};

fn evaluate(text: &str, budget: &mut Budget<'_>) -> Result<String, EvalError> {
    let program = Program::compile(text).unwrap();
    let mut arena = Arena::new(Constants::empty());
    let scope = Scope {
        input: None,
        bindings: &NoBindings,
        now_millis: 0,
        random: &Random::new(1),
    };
    let evaluated = program.evaluate(&scope, &mut arena, &mut Workspace::default(), budget)?;
    Ok(match evaluated {
        Evaluated::Value(value) => arena.to_json(value),
        other => format!("{other:?}"),
    })
}

#[track_caller]
fn fails(text: &str, code: &str) {
    let mut budget = Budget {
        steps: 500_000,
        ..Budget::default()
    };
    let found = evaluate(text, &mut budget).map_err(|error| error.code);
    assert_eq!(found, Err(code), "{text}");
}

#[track_caller]
fn yields(text: &str, want: &str) {
    let found = evaluate(text, &mut Budget::default()).map_err(|error| error.to_string());
    assert_eq!(found.as_deref(), Ok(want), "{text}");
}

#[test]
fn bombs_end_with_an_error() {
    fails("($f := function($n){ 1 + $f($n + 1) }; $f(0))", "U1001");
    fails("($f := function(){ $f() }; $f())", "U1001");
    fails("[1..10000000]", "D3900");
    fails("[1..10000001]", "D2014");
    fails(
        "$reduce([1..100], function($text, $_){ $text & $text }, 'x')",
        "D3900",
    );
    fails("$pad('', 100000000)", "D3900");
    fails("$range(1, 1000000, 1)", "D3900");
    fails("$power(10, 400)", "D3061");
    fails("$formatInteger(1e15, 'I')", "D3900");
    fails("$fromMillis(0, '[Y,99999999]')", "D3900");
    fails("$map([1..10000000], function($x){ $x })", "U1001");
    fails("$match($pad('', 60, 'a') & 'b', /^(a|a)*\\1c$/)", "D3151");
    fails(
        "$replace($pad('', 100000, 'a'), 'a', $pad('', 1000, 'b'))",
        "D3900",
    );
    fails("$sort([1..300000], function($a, $b){ $a > $b })", "U1001");
    fails("[1..10000000].(1)", "U1001");
}

#[test]
fn values_nested_beyond_the_stack_are_refused_not_walked() {
    for wrap in ["[[$v]]", "{'a': $v}"] {
        let nested = format!(
            "($f := function($n, $v){{ $n = 0 ? $v : $f($n - 1, {wrap}) }}; $v := $f(20000, 1); $w := $f(20000, 1); "
        );
        for use_of_it in [
            "$v)",
            "$string($v))",
            "$v = $w)",
            "$count($v.**))",
            "$v ~> |a|{}|)",
        ] {
            fails(&format!("{nested}{use_of_it}"), "U1001");
        }
        // Names look into arrays of arrays, however deep.
        if wrap.starts_with('[') {
            fails(&format!("{nested}$v.a.b)"), "U1001");
        }
    }
}

#[test]
fn endless_chains_of_closures_do_no_harm() {
    yields(
        "($f := function($n, $k){ $n = 0 ? 'done' : $f($n - 1, function(){ $k() + 1 }) }; $f(20000, function(){ 0 }))",
        "\"done\"",
    );
}

#[test]
fn ranges_are_not_written_down_to_be_counted() {
    yields("[1..10000000] ~> $count()", "10000000");
    yields("$count([1..10000000])", "10000000");
    yields("[1..10000000][0]", "1");
}

#[test]
fn loops_of_scalars_take_no_memory() {
    let mut budget = Budget {
        total_bytes: 1 << 20,
        ..Budget::default()
    };
    let text = "($sum := function($n, $total){ $n = 0 ? $total : $sum($n - 1, $total + $n) }; $sum(50000, 0))";
    assert_eq!(evaluate(text, &mut budget).unwrap(), "1250025000");
    let text = "$reduce([1..50000], function($a, $b){ $a + $b })";
    assert_eq!(evaluate(text, &mut budget).unwrap(), "1250025000");
}

#[test]
fn time_is_asked_for_now_and_then() {
    let mut n_asked = 0;
    let mut expired = || {
        n_asked += 1;
        n_asked > 10
    };
    let mut budget = Budget {
        expired: Some(&mut expired),
        ..Budget::default()
    };
    let found = evaluate("($f := function(){ $f() }; $f())", &mut budget);
    assert_eq!(found.unwrap_err().code, "U1001");
    let left = budget.steps;
    assert!(
        Budget::default().steps - left < 20 * 1024,
        "{left} steps are left"
    );
}

#[test]
fn deep_texts_are_refused_when_they_are_compiled() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{'a':", "}"),
        ("-", ""),
        ("a[", "]"),
        ("$f(", ")"),
        ("1+", ""),
    ] {
        let text = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let code = Program::compile(&text)
            .map(|_| ())
            .map_err(|error| error.code);
        assert_eq!(code, Err("S0901"), "{open}");
    }
    let chain = vec!["a"; 100_000].join(".");
    assert_eq!(
        Program::compile(&chain)
            .map(|_| ())
            .map_err(|error| error.code),
        Err("S0901")
    );
}
