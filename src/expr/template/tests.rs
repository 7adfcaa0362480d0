use super::*;
use crate::expr::testing::{binder, with};
use crate::value::ParseLimits;

fn doc(text: &str) -> (Arena, Value) {
    let mut doc = Arena::new(crate::value::Constants::empty());
    let value = doc.parse(text.as_bytes(), ParseLimits::default());
    (doc, value.expect("the template of a test is JSON"))
}

fn eval(template: &str, input: &str) -> Result<String, ExprError> {
    let (doc, value) = doc(template);
    with(
        input,
        |constants| {
            let compiled = Template::compile(&doc, value, constants);
            let mut compiled = compiled.expect("the template compiles");
            compiled.bind(&binder);
            compiled
        },
        |template, scope, arena, scratch| {
            let payload = template.eval(scope, arena, scratch)?;
            Ok(arena.to_json(payload))
        },
    )
}

#[test]
fn replaces_members_whose_name_ends_in_a_dollar() {
    let cases = [
        (
            r#"{"static": 1.0, "who.$": "$.user.name", "run.$": "$$.Execution.Name", "list": [{"n.$": "$.count"}, "$.count"], "msg.$": "States.Format('hi {}', $.user.name)"}"#,
            r#"{"user":{"name":"Ann"},"count":3}"#,
            r#"{"static":1.0,"who":"Ann","run":"run-1","list":[{"n":3},"$.count"],"msg":"hi Ann"}"#,
        ),
        ("{}", "1", "{}"),
        (
            r#"{"a": {"b": ["$.x", null]}}"#,
            "1",
            r#"{"a":{"b":["$.x",null]}}"#,
        ),
        (
            r#"{"a.$": "$", ".$": "$[0]", "b$": 1, "$": 2}"#,
            "[null]",
            r#"{"a":[null],"":null,"b$":1,"$":2}"#,
        ),
        (
            r#"{"a.$": "$.items[*].p", "v.$": "$order.x"}"#,
            r#"{"x":1}"#,
            r#"{"a":[],"v":1}"#,
        ),
        (
            r#"{"deep": [[{"x.$": "$"}], [2, {"y": {"z.$": "$"}}]]}"#,
            "7",
            r#"{"deep":[[{"x":7}],[2,{"y":{"z":7}}]]}"#,
        ),
    ];
    for (template, input, want) in cases {
        assert_eq!(eval(template, input).as_deref(), Ok(want), "{template}");
    }
}

/// Recorded text; the scratch is clear afterwards although members had been pushed.
#[test]
fn a_missing_path_names_its_field() {
    let error = eval(
        r#"{"a": 1, "in": [{"value.$": "$.x"}]}"#,
        r#"{"int-literal": 0}"#,
    );
    let error = error.expect_err("the path is missing");
    assert_eq!(error.error, "States.Runtime");
    assert_eq!(
        error.reason,
        r#"The JSONPath '$.x' specified for the field 'value.$' could not be found in the input '{"int-literal":0}'"#
    );
}

#[test]
fn a_template_without_paths_is_a_constant() {
    let (doc, value) = doc(r#"{"a": [1, {"b": "$.x"}]}"#);
    let mut constants = ConstantsBuilder::new();
    let template = Template::compile(&doc, value, &mut constants).expect("it compiles");
    let constant = template.constant().expect("a constant");
    assert_eq!(
        constants.arena().to_json(constant),
        r#"{"a":[1,{"b":"$.x"}]}"#
    );
}

#[test]
fn all_problems_are_found_at_once() {
    let (doc, value) =
        doc(r#"{"a": 1, "a.$": "$.x", "b/c": [{"d.$": "nope"}], "e.$": 5, "ok.$": "$"}"#);
    let problems = Template::check(&doc, value);
    let found: Vec<(&str, &str)> = problems
        .iter()
        .map(|p| (&*p.pointer, &*p.message))
        .collect();
    assert_eq!(
        found,
        [
            ("/a.$", "The field 'a' is given twice, as 'a' and as 'a.$'"),
            (
                "/b~1c/0/d.$",
                "The value for the field 'd.$' must be a valid JSONPath or a valid intrinsic function call"
            ),
            (
                "/e.$",
                "The value for the field 'e.$' must be a valid JSONPath or a valid intrinsic function call"
            ),
        ]
    );
    assert!(problems[1].detail.is_some());
}
