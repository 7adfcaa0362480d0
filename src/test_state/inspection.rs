//! `inspectionData`: what stood between the steps of the state's data flow.
//!
//! | type | steps in JSONPath | in JSONata |
//! | --- | --- | --- |
//! | Task | afterInputPath, afterParameters, result, afterResultSelector, afterResultPath | afterArguments, result |
//! | Pass | the same without result; with `Result` no steps before it | none |
//! | Map | afterInputPath, afterItemsPath, afterItemSelector, afterResultSelector, afterResultPath | afterItemSelector |
//! | Parallel | afterResultSelector, afterResultPath | none |
//! | others | afterInputPath | none |

use serde_json::{Map, Value, json};

use super::mock::items;
use super::subject::Subject;
use super::trial::{End, Ran, Trial};
use super::{Refused, Request, without};
use crate::engine::TaskReply;

/// The steps, each where it was reached.
pub(super) fn of(
    subject: &Subject,
    request: &Request<'_>,
    trial: &Trial<'_>,
    ran: &Ran,
) -> Result<Value, Refused> {
    let mut data = Map::new();
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            data.insert(name.to_string(), value);
        }
    };
    add("input", Some(request.input.clone()));
    match subject.is_jsonata {
        true if subject.kind() == "Task" => add("afterArguments", ran.arguments.clone()),
        true => {}
        false => before_work(subject, trial, ran, &mut add),
    }
    if subject.kind() == "Task"
        && ran.arguments.is_some()
        && let Some(TaskReply::Result(text)) = &trial.reply
    {
        add("result", serde_json::from_slice(text).ok());
    }
    if subject.state.contains_key("ItemSelector") && !subject.state.contains_key("ItemReader") {
        add(
            "afterItemSelector",
            trial.value(Value::Object(items(subject))),
        );
    }
    if !subject.is_jsonata {
        after_work(subject, trial, &mut add);
    }
    if subject.kind() == "Map" && has_items(subject, trial) {
        let concurrency = number(subject, trial, "MaxConcurrency").unwrap_or_else(|| json!(0));
        add("maxConcurrency", Some(concurrency).filter(is_bound));
        for (name, field) in [
            ("toleratedFailureCount", "ToleratedFailureCount"),
            ("toleratedFailurePercentage", "ToleratedFailurePercentage"),
        ] {
            add(name, number(subject, trial, field).filter(is_bound));
        }
    }
    add("errorDetails", error_details(subject, trial, ran)?);
    add("variables", variables(subject, request, trial));
    Ok(Value::Object(data))
}

/// Whether a value can be a bound: a Map fails over any other.
fn is_bound(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number >= 0.0)
}

/// Whether a Map finds items: where it fails over them, the bounds behind them are not reached.
fn has_items(subject: &Subject, trial: &Trial<'_>) -> bool {
    if subject.state.contains_key("ItemReader") {
        return true;
    }
    let found = match (subject.is_jsonata, subject.state.get("Items")) {
        (true, Some(items)) => trial.value(json!({
            "QueryLanguage": "JSONata", "Type": "Pass", "Output": items, "End": true,
        })),
        (true, None) => trial.value(json!({"Type": "Pass", "End": true})),
        (false, _) => trial.value(select(subject, items_path(subject))),
    };
    found.is_some_and(|items| items.is_array() || subject.is_jsonata && items.is_object())
}

fn items_path(subject: &Subject) -> &str {
    let path = subject.state.get("ItemsPath").and_then(Value::as_str);
    path.unwrap_or("$")
}

/// A number of a Map: literal, at a path, or what an expression gives.
pub(super) fn number(subject: &Subject, trial: &Trial<'_>, field: &str) -> Option<Value> {
    if let Some(Value::String(path)) = subject.state.get(&format!("{field}Path")) {
        return trial.value(select(subject, path));
    }
    match subject.state.get(field)? {
        Value::String(query) => trial.value(
            json!({"QueryLanguage": "JSONata", "Type": "Pass", "Output": query, "End": true}),
        ),
        number => Some(number.clone()),
    }
}

/// A Pass that gives what a path finds in the effective input.
fn select(subject: &Subject, path: &str) -> Value {
    let mut pass = input_path(subject);
    pass["Parameters"] = json!({"found.$": path});
    pass["OutputPath"] = json!("$.found");
    pass
}

/// A Pass that gives the effective input.
fn input_path(subject: &Subject) -> Value {
    let mut pass = json!({"Type": "Pass", "End": true});
    if let Some(path) = subject.state.get("InputPath") {
        pass["InputPath"] = path.clone();
    }
    pass
}

fn before_work(
    subject: &Subject,
    trial: &Trial<'_>,
    ran: &Ran,
    add: &mut impl FnMut(&str, Option<Value>),
) {
    let effective = || trial.value(input_path(subject));
    match subject.kind() {
        "Parallel" => {}
        "Pass" if subject.state.contains_key("Result") => {
            add("result", subject.state.get("Result").cloned());
        }
        "Pass" => {
            add("afterInputPath", effective());
            add("afterParameters", trial.value(parameters(subject)));
        }
        "Task" => {
            add("afterInputPath", effective());
            add("afterParameters", ran.arguments.clone());
        }
        "Map" => {
            add("afterInputPath", effective());
            // What is no array is no step: the Map fails over it.
            let found = trial.value(select(subject, items_path(subject)));
            add("afterItemsPath", found.filter(Value::is_array));
        }
        _ => add("afterInputPath", effective()),
    }
}

/// A Pass without what follows its `Parameters`.
fn parameters(subject: &Subject) -> Value {
    let behind = ["ResultPath", "OutputPath", "Assign"];
    Value::Object(without(&subject.state, &behind))
}

fn after_work(subject: &Subject, trial: &Trial<'_>, add: &mut impl FnMut(&str, Option<Value>)) {
    if !matches!(subject.kind(), "Pass" | "Task" | "Map" | "Parallel") {
        return;
    }
    // An error that is caught has a result of its own, which is no step of the flow.
    let path = without(
        &subject.tried(),
        &["OutputPath", "Assign", "Retry", "Catch"],
    );
    let selector = without(&path, &["ResultPath"]);
    add("afterResultSelector", trial.value(Value::Object(selector)));
    add("afterResultPath", trial.value(Value::Object(path)));
}

/// Which catcher or retrier took the error.
fn error_details(
    subject: &Subject,
    trial: &Trial<'_>,
    ran: &Ran,
) -> Result<Option<Value>, Refused> {
    if let Some(index) = ran.next.as_ref().and_then(|next| next.catcher)
        && ran.caught
    {
        return Ok(Some(json!({"catchIndex": index})));
    }
    let End::Retrying(delay) = ran.end else {
        return Ok(None);
    };
    let state = subject.tried();
    let retriers = state.get("Retry").and_then(Value::as_array);
    let retriers = retriers.map_or(&[][..], Vec::as_slice);
    // The first with which it tries again: those before it do not name the error.
    for index in 0..retriers.len() {
        let mut fewer = state.clone();
        fewer.insert("Retry".into(), json!(retriers[..=index]));
        if let End::Retrying(_) = trial.run(&fewer)?.end {
            let seconds = delay / 1000;
            return Ok(Some(
                json!({"retryIndex": index, "retryBackoffIntervalSeconds": seconds}),
            ));
        }
    }
    Ok(None)
}

/// The variables after the state: those that were given, and those that it assigned.
fn variables(subject: &Subject, request: &Request<'_>, trial: &Trial<'_>) -> Option<Value> {
    let mut names: Vec<String> = request.variables.keys().cloned().collect();
    let entries = ["Choices", "Catch"].map(|field| subject.state.get(field));
    let entries = entries
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
        .flatten();
    let assigns = entries.map(|entry| &entry["Assign"]);
    let assigns = assigns.chain(subject.state.get("Assign"));
    for name in assigns.filter_map(Value::as_object).flat_map(Map::keys) {
        let name = name.trim_end_matches(".$").to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let state = subject.tried();
    let mut values = Map::new();
    for name in names {
        let stub = json!({
            "Type": "Pass",
            "Parameters": {"found.$": format!("${name}")},
            "OutputPath": "$.found",
            "End": true,
        });
        // A state that leads nowhere assigns nothing.
        let led = trial.run_until(&state, &stub).ok().map(|ran| ran.end);
        let value = match (subject.kind(), led) {
            ("Succeed" | "Fail", _) => request.variables.get(&name).cloned(),
            (_, Some(End::Succeeded(value))) => Some(value),
            _ => request.variables.get(&name).cloned(),
        };
        values.extend(value.map(|value| (name, value)));
    }
    (!values.is_empty()).then_some(Value::Object(values))
}
