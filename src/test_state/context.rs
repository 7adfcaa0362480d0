//! The context object of a state that is tested: AWS's own, or what the request gives in its place.

use serde_json::{Map, Value};

use super::subject::Subject;
use super::{Refused, Request};
use crate::expr::ExecutionInfo;
use crate::value::Document;

/// The members that a request may give, by their parent; all but `Input` and the counts are strings.
const ALLOWED: &[(&str, &[&str])] = &[
    (
        "Execution",
        &[
            "Id",
            "Input",
            "Name",
            "RedriveCount",
            "RedriveTime",
            "RoleArn",
            "StartTime",
        ],
    ),
    ("State", &["EnteredTime", "Name", "RetryCount"]),
    ("StateMachine", &["Id", "Name"]),
    ("Task", &["Token"]),
];

/// What the execution is called, and its input.
pub(super) fn of(
    subject: &Subject,
    request: &Request<'_>,
) -> Result<(ExecutionInfo, Value), Refused> {
    let account = "us-east-1:111111111111";
    let mut info = ExecutionInfo {
        id: format!("arn:aws:states:{account}:express:test:test"),
        name: "test".to_string(),
        role_arn: "arn:aws:iam::111111111111:role/test".to_string(),
        start_time: request.now,
        redrive_count: None,
        state_machine_id: format!("arn:aws:states:{account}:stateMachine:test"),
        state_machine_name: "test".to_string(),
        given: None,
    };
    let Some(context) = &request.context else {
        return Ok((info, request.input.clone()));
    };
    check(subject, context).map_err(|problem| {
        Refused::request(format!("Invalid Context object provided: {problem}"))
    })?;
    let given = Document::parse(context.to_string().as_bytes());
    let given = given
        .map_err(|error| Refused::request(format!("Invalid Context object provided: {error}")))?;
    info.given = Some(given);
    Ok((info, request.input.clone()))
}

fn check(subject: &Subject, context: &Value) -> Result<(), String> {
    let members = object(context).ok_or("it must be a JSON object")?;
    for (name, value) in members {
        if name == "Map" {
            return Err("'Map' field is not supported when mocking a Context object".to_string());
        }
        let allowed = ALLOWED.iter().find(|(parent, _)| parent == name);
        let (parent, fields) = allowed.ok_or_else(|| not_allowed(name))?;
        let resource = subject.text("Resource");
        let has_token = resource.contains(".sync") || resource.ends_with(".waitForTaskToken");
        if name == "Task" && !has_token {
            let text = "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern";
            return Err(text.to_string());
        }
        let members = object(value).ok_or_else(|| format!("{parent} must be an object"))?;
        for (name, value) in members {
            if !fields.contains(&name.as_str()) {
                return Err(not_allowed(name));
            }
            let (fits, kind) = match name.as_str() {
                "Input" => continue,
                "RedriveCount" | "RetryCount" => (value.is_number(), "a number"),
                _ => (value.is_string(), "a string"),
            };
            if !fits {
                return Err(format!("{parent}.{name} must be {kind}"));
            }
        }
    }
    Ok(())
}

fn object(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object()
}

fn not_allowed(name: &str) -> String {
    format!("Field '{name}' is not allowed")
}
