//! What a Task, Map or Parallel is answered with instead of doing its work.

use serde_json::{Map, Value, json};

use super::subject::Subject;
use super::trial::{End, Trial};
use super::{FieldValidation, Refused, Request, inspection, shape};
use crate::engine::TaskReply;
use crate::error_name;

/// A result as JSON text, or an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mock {
    /// The result, as JSON text.
    pub result: Option<String>,
    /// Error name and cause.
    pub error: Option<(Option<String>, Option<String>)>,
    /// How the result is held against what the service answers.
    pub validation: FieldValidation,
}

impl Mock {
    /// Reads `{"result": …}` or `{"errorOutput": {"error": …, "cause": …}}`. A result that is a string is JSON text, as in
    /// AWS's request; any other value stands for itself. `fieldValidationMode` is `STRICT`, `PRESENT` or `NONE`.
    pub fn from_json(mock: &Value) -> Result<Mock, Refused> {
        let result = mock.get("result").map(|result| match result {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        });
        let text = |error: &Value, name: &str| error[name].as_str().map(str::to_string);
        let error = mock.get("errorOutput");
        let error = error.map(|error| (text(error, "error"), text(error, "cause")));
        if result.is_none() && error.is_none() {
            return Err(Refused::request("a mock has a result or an errorOutput"));
        }
        let validation = match mock.get("fieldValidationMode") {
            None => Some(FieldValidation::Strict),
            Some(mode) => mode.as_str().and_then(FieldValidation::from_name),
        };
        let validation = validation
            .ok_or_else(|| Refused::request("fieldValidationMode is STRICT, PRESENT or NONE"))?;
        Ok(Mock {
            result,
            error,
            validation,
        })
    }

    pub(super) fn check(&self) -> Result<(), Refused> {
        match (&self.result, &self.error) {
            (Some(_), Some(_)) => Err(Refused::request(
                "A test mock should have only one of the following fields: [result, errorOutput].",
            )),
            _ => Ok(()),
        }
    }
}

/// What the state's work is answered with.
pub(super) fn reply_for(
    subject: &Subject,
    request: &Request<'_>,
) -> Result<Option<TaskReply>, Refused> {
    let kind = subject.kind();
    let mocked = matches!(kind, "Task" | "Map" | "Parallel");
    let Some(mock) = &request.mock else {
        return match kind {
            "Map" | "Parallel" => Err(Refused::definition(
                "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]",
            )),
            // Without a mock AWS calls the service, for which it wants a role. Here are neither.
            "Task" => Err(Refused::request(
                "RoleArn must be specified when testing a Task state",
            )),
            _ => Ok(None),
        };
    };
    if !mocked {
        let message = format!("State type '{kind}' is not supported when a mock is specified");
        return Err(Refused::request(message));
    }
    if let Some((error, cause)) = &mock.error {
        return Ok(Some(TaskReply::Error {
            error: error.clone(),
            cause: cause.clone(),
        }));
    }
    let text = mock.result.as_deref().unwrap_or_default();
    let result: Value = serde_json::from_str(text)
        .map_err(|_| Refused::request("Mocked result must be valid JSON"))?;
    check_shape(subject, request, &result).map_err(Refused::request)?;
    if kind == "Task" {
        shape::check(subject.text("Resource"), &result, mock.validation)
            .map_err(Refused::request)?;
    }
    Ok(Some(TaskReply::Result(text.as_bytes().to_vec())))
}

/// A Map gives an array, a Parallel one with an element for each branch.
fn check_shape(
    subject: &Subject,
    request: &Request<'_>,
    result: &Value,
) -> Result<(), &'static str> {
    let items = result.as_array().map(Vec::len);
    match subject.kind() {
        "Map" if subject.state.contains_key("ResultWriter") && !result.is_object() => {
            Err("Mocked result must be a JSON object.")
        }
        "Map" if !subject.state.contains_key("ResultWriter") && items.is_none() => {
            Err("Mocked result must be an array.")
        }
        "Map" if items.is_some_and(|items| request.failed_iterations > Some(items as u64)) => Err(
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        ),
        "Parallel" if items.is_none() => Err("Mocked result must be an array."),
        "Parallel" if items != subject.state["Branches"].as_array().map(Vec::len) => Err(
            "Mocked result must contain the same number of items as number of Parallel branches.",
        ),
        _ => Ok(()),
    }
}

/// A Map that cannot find its items, or of whose iterations too many failed, fails before it has a result.
pub(super) fn fail_container(
    subject: &Subject,
    request: &Request<'_>,
    trial: &mut Trial<'_>,
) -> Result<(), Refused> {
    if subject.kind() != "Map" {
        return Ok(());
    }
    if !subject.state.contains_key("ItemReader")
        && let End::Failed { error, cause } = trial.run(&items(subject))?.end
    {
        trial.reply = Some(TaskReply::Error { error, cause });
        return Ok(());
    }
    if let Some(cause) = wrong_bound(subject, trial) {
        trial.reply = Some(TaskReply::Error {
            error: Some(error_name::RUNTIME.to_string()),
            cause: Some(cause),
        });
        return Ok(());
    }
    if let Some(TaskReply::Result(text)) = &trial.reply
        && is_exceeded(subject, request, trial, text)
    {
        trial.reply = Some(TaskReply::Error {
            error: Some(error_name::EXCEED_TOLERATED_FAILURE_THRESHOLD.to_string()),
            cause: Some("The specified tolerated failure threshold was exceeded".to_string()),
        });
    }
    Ok(())
}

/// What is wrong with a bound of failures that a path leads to.
fn wrong_bound(subject: &Subject, trial: &Trial<'_>) -> Option<String> {
    [
        ("ToleratedFailureCount", "integer"),
        ("ToleratedFailurePercentage", "float"),
    ]
    .into_iter()
    .find_map(|(field, kind)| {
        let path = subject.state.get(&format!("{field}Path"))?.as_str()?;
        let value = inspection::number(subject, trial, field)?;
        match value.as_f64() {
            Some(number) if kind == "float" => (!(0.0..=100.0).contains(&number))
                .then(|| format!("{field} must be between 0 and 100.")),
            Some(number) if number.fract() == 0.0 => {
                (number < 0.0).then(|| format!("{field} cannot be negative."))
            }
            _ => {
                let shown = match &value {
                    Value::String(text) => text.clone(),
                    value => value.to_string(),
                };
                Some(format!(
                    "The {field}Path field refers to value \"{shown}\" which is not a valid {kind}: {path}"
                ))
            }
        }
    })
}

/// The Map with iterations that do nothing: it gives the items.
pub(super) fn items(subject: &Subject) -> Map<String, Value> {
    let kept = [
        "InputPath",
        "Items",
        "ItemsPath",
        "ItemSelector",
        "Parameters",
        "MaxConcurrency",
        "MaxConcurrencyPath",
    ];
    let fields = subject
        .state
        .iter()
        .filter(|(name, _)| kept.contains(&name.as_str()));
    let mut items: Map<String, Value> = fields
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let processor = json!({"StartAt": "item", "States": {"item": {"Type": "Succeed"}}});
    items.insert("Type".into(), json!("Map"));
    items.insert("ItemProcessor".into(), processor);
    items.insert("End".into(), json!(true));
    if subject.is_jsonata {
        items.insert("QueryLanguage".into(), json!("JSONata"));
    }
    items
}

// A threshold that is not written is none, though the guide says it is 0: recorded.
fn is_exceeded(subject: &Subject, request: &Request<'_>, trial: &Trial<'_>, result: &[u8]) -> bool {
    let Some(failed) = request.failed_iterations else {
        return false;
    };
    let tolerated = |field| inspection::number(subject, trial, field)?.as_f64();
    let count = tolerated("ToleratedFailureCount");
    let percentage = tolerated("ToleratedFailurePercentage");
    let failed = failed as f64;
    let items = serde_json::from_slice::<Vec<Value>>(result).map_or(0, |items| items.len());
    let share = failed * 100.0 / items.max(1) as f64;
    count.is_some_and(|count| failed > count)
        || percentage.is_some_and(|percentage| share > percentage)
}
