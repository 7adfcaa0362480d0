//! What a history tells, in AWS's words: ids, what each event follows, and details.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use expressd::asl;
use expressd::engine::{Effect, Execution, InPlace, Limits, Now, Progress, Start, TaskReply};
use expressd::expr::ExecutionInfo;
use expressd::plan;
use serde_json::{Value, json};

/// Runs a machine whose calls are all answered alike, and gives its history.
fn history(machine: &Value, input: &Value, reply: &TaskReply) -> Vec<Value> {
    let (machine, _) = asl::parse(&machine.to_string()).unwrap();
    let plan = Arc::new(plan::compile(&machine).unwrap());
    let now = Now {
        wall: 0,
        monotonic: 0,
    };
    let start = Start {
        info: &ExecutionInfo::default(),
        seed: 1,
        limits: Limits::default(),
    };
    let mut execution = Execution::new();
    execution.keep_history(true);
    execution
        .start(&plan, input.to_string().as_bytes(), start, now)
        .unwrap();
    while execution.advance(now, &InPlace) != Progress::Done {
        for effect in execution.take_effects().collect::<Vec<_>>() {
            if let Effect::Call(call) = effect {
                execution.reply(call.id, reply.clone());
            }
        }
    }
    execution.history_json("eu-west-1").collect()
}

/// `id<previous type` of every event.
fn links(history: &[Value]) -> Vec<String> {
    let link = |event: &Value| {
        let name = event["type"].as_str().unwrap();
        format!("{}<{} {name}", event["id"], event["previousEventId"])
    };
    history.iter().map(link).collect()
}

fn jsonata(states: Value) -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": states})
}

fn nothing() -> TaskReply {
    TaskReply::Result(b"null".to_vec())
}

fn each(items: Value) -> Value {
    json!({"Type": "Map", "Items": items, "MaxConcurrency": 1, "End": true, "ItemProcessor": {
        "StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}})
}

#[test]
fn a_map_follows_its_last_iteration() {
    let told = history(
        &jsonata(json!({"A": each(json!([7, 8]))})),
        &json!({}),
        &nothing(),
    );
    let want = [
        "1<0 ExecutionStarted",
        "2<0 MapStateEntered",
        "3<2 MapStateStarted",
        "4<3 MapIterationStarted",
        "5<4 PassStateEntered",
        "6<5 PassStateExited",
        "7<6 MapIterationSucceeded",
        "8<6 MapIterationStarted",
        "9<8 PassStateEntered",
        "10<9 PassStateExited",
        "11<10 MapIterationSucceeded",
        "12<11 MapStateSucceeded",
        "13<11 MapStateExited",
        "14<13 ExecutionSucceeded",
    ];
    assert_eq!(links(&told), want);
    assert_eq!(told[2]["length"], 2);
    assert_eq!(told[10]["index"], 1);
    assert_eq!(told[10]["name"], "A");
}

#[test]
fn a_map_without_items_fails_by_name_and_is_counted() {
    let mut map = each(json!("{% $states.input.n %}"));
    map["Catch"] = json!([{"ErrorEquals": ["States.ALL"], "Next": "B"}]);
    let states =
        json!({"A": map, "B": {"Type": "Pass", "Output": "{% $states.input.no %}", "End": true}});
    let told = history(&jsonata(states), &json!({"n": 1}), &nothing());
    let want = [
        "1<0 ExecutionStarted",
        "2<0 MapStateEntered",
        "3<0 EvaluationFailed",
        "4<3 MapStateFailed",
        "5<4 MapStateExited",
        "6<5 PassStateEntered",
        "7<5 EvaluationFailed",
        "8<7 ExecutionFailed",
    ];
    assert_eq!(links(&told), want);
    assert_eq!(told[2]["location"], "Items");
    assert_eq!(told[3].get("cause"), None);
    let cause = told[7]["cause"].as_str().unwrap();
    assert!(cause.contains("(entered at the event id #6)"), "{cause}");
}

#[test]
fn a_value_that_does_not_fit_follows_the_entering() {
    let wait = json!({"A": {"Type": "Wait", "Timestamp": "{% 'soon' %}", "End": true}});
    let told = history(&jsonata(wait), &json!({}), &nothing());
    assert_eq!(links(&told)[2], "3<2 EvaluationFailed");
    let wait = json!({"A": {"Type": "Wait", "Timestamp": "{% 1 %}", "End": true}});
    let told = history(&jsonata(wait), &json!({}), &nothing());
    assert_eq!(links(&told)[2], "3<0 EvaluationFailed");
}

#[test]
fn a_call_tells_its_resource_and_limits_and_an_exit_its_variables() {
    let task = json!({"A": {
        "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage", "TimeoutSeconds": 9,
        "Arguments": {"a": "{% 1 %}"}, "Assign": {"x": "{% $states.result %}", "y": [1]}, "End": true}});
    let told = history(
        &jsonata(task),
        &json!({}),
        &TaskReply::Result(b"\"r\"".to_vec()),
    );
    let resource = json!({"resource": "sendMessage", "resourceType": "aws-sdk:sqs"});
    let with = |more: Value| {
        let mut event = resource.clone();
        for (name, value) in more.as_object().unwrap() {
            event[name] = value.clone();
        }
        event
    };
    assert_eq!(
        told[2..5],
        [
            with(json!({
                "id": 3, "previousEventId": 2, "type": "TaskScheduled", "region": "eu-west-1",
                "parameters": {"a": 1}, "timeoutInSeconds": 9
            })),
            with(json!({"id": 4, "previousEventId": 3, "type": "TaskStarted"})),
            with(json!({"id": 5, "previousEventId": 4, "type": "TaskSucceeded", "output": "r"})),
        ]
    );
    assert_eq!(
        told[5],
        json!({
            "id": 6, "previousEventId": 5, "type": "TaskStateExited", "name": "A", "output": "r",
            "assignedVariables": {"x": "r", "y": [1]}
        })
    );
}
