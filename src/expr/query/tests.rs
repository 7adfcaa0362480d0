//! What a JSONata string comes to in a state.

use super::*;
use crate::expr::Template;
use crate::expr::testing::{binder, with};
use crate::value::{Constants, ParseLimits};

/// The JSON text of a value of a definition, evaluated as `Output`; or error and reason.
fn eval(template: &str, input: &str) -> Result<String, (&'static str, String)> {
    let mut doc = Arena::new(Constants::empty());
    let value = doc.parse(template.as_bytes(), ParseLimits::default());
    let value = value.expect("the template is JSON");
    with(
        input,
        |constants| {
            let compiled = Template::compile_queries(&doc, value, "Output", constants);
            let mut compiled = compiled.expect("the template compiles");
            compiled.bind(&binder);
            compiled
        },
        |template, scope, arena, scratch| match template.eval(scope, arena, scratch) {
            Ok(value) => Ok(arena.to_json(value)),
            Err(error) => Err((error.error, error.reason)),
        },
    )
}

#[test]
fn strings_between_delimiters_are_evaluated_at_any_depth() {
    let cases = [
        (r#""{% $states.input.a %}""#, r#"{"a":[1.0]}"#, "[1.0]"),
        (
            r#"{"x":["{%$order.b%}",1]}"#,
            r#"{"b":{}}"#,
            r#"{"x":[{},1]}"#,
        ),
        (r#"{"x.$":"$.a"}"#, "{}", r#"{"x.$":"$.a"}"#),
        (
            r#"[" {% 1 %}","{% 1 %} ","{% 1"]"#,
            "{}",
            r#"[" {% 1 %}","{% 1 %} ","{% 1"]"#,
        ),
        (r#""{% $states.context.Map.Item.Index %}""#, "{}", "2"),
        (r#"{"a":"{% 1 + 2 %}"}"#, "{}", r#"{"a":3}"#),
        (r#""{% {'k': $states.input.no} %}""#, "{}", "{}"),
        (r#""{% null %}""#, "{}", "null"),
    ];
    for (template, input, want) in cases {
        assert_eq!(eval(template, input).as_deref(), Ok(want), "{template}");
    }
}

#[test]
fn what_is_no_json_is_an_error_that_says_where() {
    let cases = [
        (
            r#"{"a":["{% $other %}"]}"#,
            "The JSONata expression '$other' specified for the field 'Output/a[0]' returned nothing (undefined).",
        ),
        (
            r#""{% $sum %}""#,
            "The JSONata expression '$sum' specified for the field 'Output' returned an unsupported result type.",
        ),
        (
            r#""{% $no() %}""#,
            "The JSONata expression '$no()' specified for the field 'Output' threw an error during evaluation. T1006: Attempted to invoke a non-function",
        ),
    ];
    for (template, want) in cases {
        let want = (error_name::QUERY_EVALUATION_ERROR, want.to_owned());
        assert_eq!(eval(template, "{}"), Err(want), "{template}");
    }
}

#[test]
fn a_typed_field_refuses_other_types() {
    let reason = with(
        r#"{"n":"x"}"#,
        |constants| {
            let query = Query::compile("$states.input.n", "Items", constants);
            query.expect("it compiles")
        },
        |query, scope, arena, scratch| {
            let evaluated = query.eval_as(Kind::Array, scope, arena, scratch);
            evaluated.expect_err("a string is no array").reason
        },
    );
    assert_eq!(
        reason,
        "The JSONata expression '$states.input.n' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'string' for value: \"x\""
    );
}

#[test]
fn references_to_an_input_and_to_what_is_not_there_yet_are_refused() {
    let check = |text: &str, place| -> Vec<String> {
        let problems = Query::check(text, place).into_iter();
        problems.map(|problem| problem.message).collect()
    };
    assert_eq!(
        check("phone & $$.x", QueryPlace::Before),
        [
            "Reference to 'phone' at the top level is not supported.",
            "Reference to '$$' is not supported."
        ]
    );
    assert_eq!(check("$states.result", QueryPlace::Result), [""; 0]);
    assert_eq!(
        check("$states.result", QueryPlace::Catcher),
        ["Reference to '$states.result' is not supported."]
    );
    assert_eq!(
        check("$states.errorOutput.Error", QueryPlace::Catcher),
        [""; 0]
    );
}

#[test]
fn constant_parts_are_constants_of_the_plan() {
    let mut doc = Arena::new(Constants::empty());
    let value = doc.parse(br#"[1,"{% [1..3] %}"]"#, ParseLimits::default());
    let mut constants = crate::value::ConstantsBuilder::new();
    let template = Template::compile_queries(&doc, value.expect("JSON"), "Output", &mut constants);
    let constant = template.expect("it compiles").constant();
    let constant = constant.expect("nothing is to be evaluated");
    assert_eq!(constants.arena().to_json(constant), "[1,[1,2,3]]");
    assert!(matches!(
        Query::compile("$uuid()", "Output", &mut constants)
            .map(|query| query.constant(constants.arena())),
        Ok(None)
    ));
}
