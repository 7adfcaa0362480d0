//! One state alone: statuses, mocks, refusals and the steps of the data flow.

#![allow(clippy::unwrap_used)]

use expressd::test_state::{Mock, Request, test};
use serde_json::{Map, Value, json};

/// What is asked beside the state.
#[derive(Default)]
struct Asked {
    name: Option<&'static str>,
    mock: Option<Value>,
    variables: Value,
    context: Option<Value>,
    reveal: bool,
    inspect: bool,
    retries: u64,
    failed: Option<u64>,
}

fn answer(definition: Value, input: Value, asked: Asked) -> Value {
    let definition = definition.to_string();
    let mock = asked.mock.map(|mock| Mock::from_json(&mock)).transpose();
    let answer = mock.and_then(|mock| {
        test(&Request {
            definition: &definition,
            state: asked.name,
            input,
            mock,
            variables: asked.variables.as_object().cloned().unwrap_or_default(),
            context: asked.context,
            reveal_secrets: asked.reveal,
            inspect: asked.inspect,
            retries: asked.retries,
            failed_iterations: asked.failed,
            now: 1_700_000_000_000,
        })
    });
    answer.unwrap_or_else(
        |refused| json!({"exception": refused.exception, "message": refused.message}),
    )
}

#[track_caller]
fn check(definition: Value, input: Value, asked: Asked, want: Value) {
    assert_eq!(answer(definition, input, asked), want);
}

fn with(state: Value, more: Value) -> Value {
    let fields = [state, more].map(|part| part.as_object().cloned().unwrap());
    Value::Object(fields.into_iter().flatten().collect::<Map<_, _>>())
}

fn call() -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "InputPath": "$.order",
        "Parameters": {"FunctionName": "charge", "Payload.$": "$.id"},
        "ResultSelector": {"code.$": "$.StatusCode"},
        "ResultPath": "$.charged",
        "OutputPath": "$.charged",
        "Next": "Ship"
    })
}

fn result(result: Value) -> Asked {
    Asked {
        mock: Some(json!({ "result": result })),
        ..Asked::default()
    }
}

fn broken() -> Asked {
    Asked {
        mock: Some(json!({"errorOutput": {"error": "Broken", "cause": "on purpose"}})),
        inspect: true,
        ..Asked::default()
    }
}

#[test]
fn a_task_is_answered_by_its_mock_and_tells_its_steps() {
    let input = json!({"order": {"id": 7}});
    let asked = Asked {
        inspect: true,
        ..result(json!({"StatusCode": 200}))
    };
    let want = json!({
        "status": "SUCCEEDED",
        "output": {"code": 200},
        "nextState": "Ship",
        "inspectionData": {
            "input": {"order": {"id": 7}},
            "afterInputPath": {"id": 7},
            "afterParameters": {"FunctionName": "charge", "Payload": 7},
            "result": {"StatusCode": 200},
            "afterResultSelector": {"code": 200},
            "afterResultPath": {"order": {"id": 7}, "charged": {"code": 200}},
        }
    });
    check(call(), input, asked, want);
}

#[test]
fn an_error_is_retried_then_caught_then_final() {
    let input = json!({"order": {"id": 7}});
    let retry = json!({"Retry": [
        {"ErrorEquals": ["Other"], "MaxAttempts": 9},
        {"ErrorEquals": ["Broken"], "IntervalSeconds": 3, "MaxAttempts": 2, "BackoffRate": 2.0}
    ]});
    let catch = json!({"Catch": [
        {"ErrorEquals": ["Other"], "Next": "Ship"},
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.why", "Next": "Refund"}
    ]});
    let state = with(with(call(), retry), catch);

    let again = |retries| {
        let asked = Asked {
            retries,
            ..broken()
        };
        answer(state.clone(), input.clone(), asked)
    };
    let details = |answer: &Value| answer["inspectionData"]["errorDetails"].clone();
    let retried = again(1);
    assert_eq!(retried["status"], "RETRIABLE");
    assert_eq!(retried["error"], "Broken");
    assert_eq!(
        details(&retried),
        json!({"retryIndex": 1, "retryBackoffIntervalSeconds": 6})
    );

    let caught = again(2);
    assert_eq!(caught["status"], "CAUGHT_ERROR");
    assert_eq!(caught["nextState"], "Refund");
    assert_eq!(caught["cause"], "on purpose");
    assert_eq!(
        caught["output"]["why"],
        json!({"Error": "Broken", "Cause": "on purpose"})
    );
    assert_eq!(details(&caught), json!({"catchIndex": 1}));

    let failed = answer(call(), input.clone(), broken());
    assert_eq!(failed["status"], "FAILED");
    assert_eq!(failed["error"], "Broken");
    assert_eq!(details(&failed), Value::Null);
}

#[test]
fn a_state_of_a_machine_has_its_variables_and_leads_where_it_leads() {
    let machine = json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Init",
        "States": {
            "Init": {"Type": "Pass", "Assign": {"limit": 1, "odd": ""}, "Next": "Choose"},
            "Choose": {"Type": "Choice", "Default": "No", "Choices": [
                {"Condition": "{% $states.input.n > $limit %}", "Assign": {"limit": "{% $limit + 1 %}"}, "Next": "Yes"}
            ]},
            "Yes": {"Type": "Succeed"},
            "No": {"Type": "Succeed"}
        }
    });
    let asked = || Asked {
        name: Some("Choose"),
        variables: json!({"limit": 10, "odd": "it's a \\ {% 1 %}"}),
        inspect: true,
        ..Asked::default()
    };
    let above = answer(machine.clone(), json!({"n": 11}), asked());
    assert_eq!(above["nextState"], "Yes");
    assert_eq!(
        above["inspectionData"]["variables"],
        json!({"limit": 11, "odd": "it's a \\ {% 1 %}"})
    );
    let below = answer(machine, json!({"n": 10}), asked());
    assert_eq!(below["nextState"], "No");
    assert_eq!(below["inspectionData"]["variables"]["limit"], 10);
}

#[test]
fn a_map_fails_when_more_iterations_failed_than_it_tolerates() {
    let map = json!({
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Do",
            "States": {"Do": {"Type": "Pass", "End": true}}
        },
        "ToleratedFailurePercentage": 50,
        "End": true
    });
    let input = json!({"items": [1, 2, 3]});
    let failed = |failed| Asked {
        failed: Some(failed),
        ..result(json!([1, 4, 9]))
    };
    let good = json!({"status": "SUCCEEDED", "output": [1, 4, 9]});
    check(map.clone(), input.clone(), failed(1), good);
    let bad = answer(map.clone(), input, failed(2));
    assert_eq!(bad["error"], "States.ExceedToleratedFailureThreshold");
    let no_items = answer(map, json!({"items": 1}), failed(0));
    assert_eq!(no_items["status"], "FAILED");
    assert_eq!(no_items["error"], "States.Runtime");
}

#[test]
fn what_cannot_be_tested_is_refused() {
    let pass = || json!({"Type": "Pass", "End": true});
    let machine = json!({"StartAt": "A", "States": {"A": pass()}});
    let parallel = json!({"Type": "Parallel", "End": true, "Branches": [
        {"StartAt": "A", "States": {"A": pass()}}
    ]});
    let both = Some(json!({"result": 1, "errorOutput": {"error": "Broken"}}));
    let named = |name| Asked {
        name: Some(name),
        ..Asked::default()
    };
    let context = |context| Asked {
        context: Some(context),
        ..result(json!({"StatusCode": 200}))
    };
    let cases = [
        (machine.clone(), named("B"), "State not found in definition"),
        (machine, Asked::default(), "say which of its states"),
        (
            pass(),
            result(json!(1)),
            "State type 'Pass' is not supported when a mock is specified",
        ),
        (
            call(),
            Asked {
                mock: both,
                ..Asked::default()
            },
            "only one of the following fields",
        ),
        (call(), Asked::default(), "RoleArn must be specified"),
        (
            call(),
            Asked {
                reveal: true,
                ..result(json!({}))
            },
            "does not support RevealSecrets",
        ),
        (pass(), named(""), "valid min length: 1"),
        (
            call(),
            result(json!({"StatusCode": "200"})),
            "Field 'StatusCode' must be a number",
        ),
        (
            call(),
            result(json!("no JSON")),
            "Mocked result must be valid JSON",
        ),
        (
            parallel.clone(),
            Asked::default(),
            "does not support Map or Parallel",
        ),
        (parallel, result(json!([1, 2])), "same number of items"),
        (
            pass(),
            Asked {
                context: Some(json!({})),
                ..Asked::default()
            },
            "TestState does not support Context when a mock is not specified.",
        ),
        (
            call(),
            context(json!({"Execution": {"Id": 1}})),
            "Execution.Id must be a string",
        ),
        (
            call(),
            context(json!({"State": {"RetryCount": "1"}})),
            "State.RetryCount must be a number",
        ),
        (
            call(),
            context(json!({"Task": {"Token": "t"}})),
            "contains 'Task'",
        ),
        (
            pass(),
            named(
                "a name of more than eighty characters, which no state can have, and so none is looked for",
            ),
            "Member must have length less than or equal to 80",
        ),
        (
            json!({"Type": "Pass"}),
            Asked::default(),
            "SCHEMA_VALIDATION_FAILED",
        ),
    ];
    for (definition, asked, want) in cases {
        let refused = answer(definition, json!({}), asked);
        let message = refused["message"].as_str().unwrap_or_default();
        assert!(message.contains(want), "{want:?} is not in {refused}");
    }
}

#[test]
fn a_long_wait_is_jumped_over() {
    let wait = json!({"Type": "Wait", "Seconds": 31_536_000, "End": true});
    let want = json!({"status": "SUCCEEDED", "output": {"n": 1}});
    check(wait, json!({"n": 1}), Asked::default(), want);
}

#[test]
fn a_given_context_is_all_there_is() {
    let queue =
        json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true});
    let show = |path: &str| with(queue.clone(), json!({"ResultSelector": {"found.$": path}}));
    let given = || json!({"Execution": {"Id": "run", "Input": {"n": [1, 2]}}, "State": {}});
    let asked = |context| Asked {
        context: Some(context),
        ..result(json!({"MessageId": "1"}))
    };
    let found = |value: Value| json!({"status": "SUCCEEDED", "output": {"found": value}});
    for (path, context, want) in [
        ("$$", given(), given()),
        ("$$", json!({}), json!({})),
        ("$$.Execution.Input.n[1]", given(), json!(2)),
        ("$$.Execution.Input", given(), json!({"n": [1, 2]})),
        ("$$.State", given(), json!({})),
    ] {
        check(show(path), json!({}), asked(context), found(want));
    }
    for path in ["$$.State.Name", "$$.StateMachine", "$$.Task.Token"] {
        let answer = answer(show(path), json!({}), asked(given()));
        assert_eq!(answer["error"], "States.Runtime", "{path}");
    }
    let expression = with(
        queue.clone(),
        json!({"QueryLanguage": "JSONata", "Output": "{% $states.context.Execution.Id %}"}),
    );
    let want = json!({"status": "SUCCEEDED", "output": "run"});
    check(expression, json!({}), asked(given()), want);
}

#[test]
fn a_token_comes_from_the_given_context() {
    let wait = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"token.$": "$$.Task.Token"},
        "End": true
    });
    let asked = Asked {
        context: Some(json!({"Task": {"Token": "abc"}})),
        inspect: true,
        ..result(json!({"free": true}))
    };
    let answer = answer(wait, json!({}), asked);
    assert_eq!(
        answer["inspectionData"]["afterParameters"],
        json!({"token": "abc"})
    );
    assert_eq!(answer["output"], json!({"free": true}));
}

fn map(more: Value) -> Value {
    let state = json!({
        "Type": "Map",
        "ItemProcessor": {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": true}}},
        "End": true
    });
    with(state, more)
}

#[test]
fn a_map_shows_what_its_iterations_begin_with() {
    let item_selector = "{% {'n': $states.context.Map.Item.Value, 'of': $states.input.name} %}";
    let jsonata = map(json!({
        "QueryLanguage": "JSONata",
        "Items": "{% $states.input.list %}",
        "ItemSelector": item_selector
    }));
    let jsonpath = map(json!({
        "ItemsPath": "$.list",
        "ItemSelector": {"n.$": "$$.Map.Item.Value", "of.$": "$.name"}
    }));
    for state in [jsonata, jsonpath] {
        let asked = Asked {
            inspect: true,
            ..result(json!([1, 2]))
        };
        let answer = answer(state, json!({"list": [7, 8], "name": "l"}), asked);
        let want = json!([{"n": 7, "of": "l"}, {"n": 8, "of": "l"}]);
        assert_eq!(answer["inspectionData"]["afterItemSelector"], want);
    }
}

#[test]
fn a_map_fails_over_its_fields_and_shows_the_steps_before() {
    let distributed = json!({
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Item",
        "States": {"Item": {"Type": "Pass", "End": true}}
    });
    let tolerating = |field: &str| {
        map(json!({"ItemsPath": "$.list", "ItemProcessor": distributed, field: "$.bound"}))
    };
    let listed = |bound: Value| json!({"list": [1], "bound": bound});
    for (state, input, cause, shows_concurrency) in [
        (
            map(json!({})),
            json!({"a": 1}),
            "Reference path \"$\" must point to array.",
            false,
        ),
        (
            map(json!({"ItemsPath": "$.list", "MaxConcurrencyPath": "$.bound"})),
            listed(json!("many")),
            "The MaxConcurrencyPath field refers to value \"many\" which is not a valid integer: $.bound",
            false,
        ),
        (
            map(json!({"ItemsPath": "$.list", "ItemSelector": {"v.$": "$.no"}})),
            listed(json!(1)),
            "The JSONPath '$.no' specified for the field 'v.$' could not be found in the input '{\"list\":[1],\"bound\":1}'",
            true,
        ),
        (
            tolerating("ToleratedFailureCountPath"),
            listed(json!({})),
            "The ToleratedFailureCountPath field refers to value \"{}\" which is not a valid integer: $.bound",
            true,
        ),
        (
            tolerating("ToleratedFailureCountPath"),
            listed(json!(-1)),
            "ToleratedFailureCount cannot be negative.",
            true,
        ),
        (
            tolerating("ToleratedFailurePercentagePath"),
            listed(json!("half")),
            "The ToleratedFailurePercentagePath field refers to value \"half\" which is not a valid float: $.bound",
            true,
        ),
        (
            tolerating("ToleratedFailurePercentagePath"),
            listed(json!(100.5)),
            "ToleratedFailurePercentage must be between 0 and 100.",
            true,
        ),
    ] {
        let asked = Asked {
            inspect: true,
            ..result(json!([1]))
        };
        let answer = answer(state, input, asked);
        assert_eq!(answer["status"], "FAILED", "{answer}");
        assert_eq!(answer["error"], "States.Runtime");
        assert_eq!(answer["cause"], cause);
        let shown = answer["inspectionData"].get("maxConcurrency");
        assert_eq!(shown.is_some(), shows_concurrency, "{answer}");
    }
}

#[test]
fn a_caught_cause_says_nothing_of_the_machine_made_for_the_test() {
    let state = json!({
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "{% $states.input.no %}"},
        "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Fix"}],
        "End": true
    });
    let answer = answer(state, json!({}), result(json!({"StatusCode": 200})));
    let cause = "The JSONata expression '$states.input.no' specified for the field 'Arguments/FunctionName' returned nothing (undefined).";
    assert_eq!(answer["status"], "CAUGHT_ERROR");
    assert_eq!(answer["cause"], cause);
    assert_eq!(answer["output"]["Cause"], cause);
}
