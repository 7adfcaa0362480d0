//! What the tests of expressions share: a small world to evaluate in.

use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::ParseLimits;

use super::{
    Answer, ContextObject, ExecutionInfo, ExprError, Expression, MapItem, Random, Scope, Scratch,
    StateInfo,
};

/// `$order` is the input, everything else is not assigned.
pub(super) fn binder(name: &str) -> Option<u32> {
    (name == "order").then_some(0)
}

/// Compiles with `compile`, then calls `run` on the result with `input` as the input.
///
/// The context object has a Map iteration with index 2 over `{"k": "v"}`.
pub(super) fn with<C, R>(
    input: &str,
    compile: impl FnOnce(&mut ConstantsBuilder) -> C,
    run: impl FnOnce(C, &Scope<'_>, &mut Arena, &mut Scratch) -> R,
) -> R {
    let mut constants = ConstantsBuilder::new();
    let compiled = compile(&mut constants);
    let (name, item) = (constants.string("Check"), constants.parse(br#"{"k":"v"}"#));
    let mut arena = Arena::new(constants.finish());
    let input = arena
        .parse(input.as_bytes(), ParseLimits::default())
        .expect("the input of a test is JSON");
    let info = ExecutionInfo {
        id: "arn:id".into(),
        name: "run-1".into(),
        role_arn: "arn:role".into(),
        start_time: 1_700_548_051_545,
        redrive_count: Some(0),
        state_machine_id: "arn:machine".into(),
        state_machine_name: "orders".into(),
        given: None,
    };
    let context = ContextObject {
        execution: &info,
        execution_input: input,
        state: StateInfo {
            name,
            entered_time: 1_700_548_051_546,
            retry_count: None,
        },
        item: Some(MapItem {
            index: 2,
            value: item.expect("a constant"),
            key: None,
        }),
    };
    let scope = Scope {
        input,
        parts: &[],
        context,
        variables: &[Some(input)],
        answer: Answer::None,
        now: 1_700_548_051_547,
        random: &Random::new(7),
    };
    let mut scratch = Scratch::new();
    let result = run(compiled, &scope, &mut arena, &mut scratch);
    assert!(scratch.is_empty(), "evaluations clear the scratch");
    result
}

/// The JSON text of what an expression gives as the field `x.$`.
pub(super) fn eval(expression: &str, input: &str) -> Result<String, ExprError> {
    with(
        input,
        |constants| {
            let compiled = Expression::compile(expression, constants);
            let mut compiled = compiled.expect("the expression compiles");
            compiled.bind(&binder);
            compiled
        },
        |expression, scope, arena, scratch| {
            let value = expression.eval("x.$", scope, arena, scratch)?;
            Ok(arena.to_json(value))
        },
    )
}

/// Expression, input, result.
#[track_caller]
pub(super) fn check(cases: &[(&str, &str, &str)]) {
    for (expression, input, want) in cases {
        match eval(expression, input) {
            Ok(got) => assert_eq!(got, *want, "{expression} on {input}"),
            Err(error) => panic!("{expression} on {input}: {error}"),
        }
    }
}

/// Expression, input, error and reason.
#[track_caller]
pub(super) fn check_errors(cases: &[(&str, &str, &str, &str)]) {
    for (expression, input, error, reason) in cases {
        match eval(expression, input) {
            Ok(got) => panic!("{expression} on {input} gives {got}"),
            Err(got) => assert_eq!(
                (got.error, &*got.reason),
                (*error, *reason),
                "{expression} on {input}"
            ),
        }
    }
}
