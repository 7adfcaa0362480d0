//! One state alone, answering as AWS's TestState does. Knows how a state is put on trial, not where requests come from.
//!
//! The one executor runs the state in a machine made for it: a Pass that brings input and variables, the state, and a stub
//! for each place it leads to. What stands between two steps of its data flow is what the state gives when the fields
//! behind the step are left out, so that machines that run for real pay nothing for being inspected.

mod context;
mod inspection;
mod mock;
mod shape;
mod subject;
mod trial;

use serde_json::{Map, Value, json};

pub use mock::Mock;
pub use shape::FieldValidation;

use crate::asl::MAX_STATE_NAME;

use subject::Subject;
use trial::{End, Trial};

/// What is to be tried, and with what.
pub struct Request<'a> {
    /// A state, or a machine of which `state` names one.
    pub definition: &'a str,
    /// Name of the state, when the definition is a machine.
    pub state: Option<&'a str>,
    /// The state's raw input.
    pub input: Value,
    /// What the state's work comes to: needed for Task, Map and Parallel.
    pub mock: Option<Mock>,
    /// Variables that are set when the state is entered.
    pub variables: Map<String, Value>,
    /// The context object, in place of the one that AWS makes; every member may be absent. Only with a mock.
    pub context: Option<Value>,
    /// Whether a request's secrets are to be shown (`revealSecrets`), which a mock has none of.
    pub reveal_secrets: bool,
    /// Whether the answer tells the steps: `DEBUG` and `TRACE`.
    pub inspect: bool,
    /// Retries that were made before (`retrierRetryCount`).
    pub retries: u64,
    /// Iterations of a Map that failed (`mapIterationFailureCount`).
    pub failed_iterations: Option<u64>,
    /// When the state is entered, milliseconds since the epoch.
    pub now: i64,
}

/// The request makes no sense: the exception that AWS's call ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// `ValidationException`, `InvalidDefinition`, or `ParamValidationError` for what AWS's clients do not even send.
    pub exception: &'static str,
    /// AWS's words, where they are known.
    pub message: String,
}

impl Refused {
    fn request(message: impl Into<String>) -> Refused {
        Refused {
            exception: "ValidationException",
            message: message.into(),
        }
    }

    fn definition(message: impl Into<String>) -> Refused {
        Refused {
            exception: "InvalidDefinition",
            message: message.into(),
        }
    }
}

/// Tries the state. The answer has the members of AWS's: `status`, `output`, `error`, `cause`, `nextState`,
/// `inspectionData`; payloads are JSON values in it and not JSON texts.
pub fn test(request: &Request<'_>) -> Result<Value, Refused> {
    if let Some(mock) = &request.mock {
        mock.check()?;
    }
    if request.mock.is_some() && request.reveal_secrets {
        let message = "TestState does not support RevealSecrets when a mock is specified.";
        return Err(Refused::request(message));
    }
    let with_a_mock = [
        (
            "MapIterationFailureCount",
            request.failed_iterations.is_some(),
        ),
        ("Context", request.context.is_some()),
    ];
    for (name, given) in with_a_mock {
        if given && request.mock.is_none() {
            return Err(Refused::request(format!(
                "TestState does not support {name} when a mock is not specified."
            )));
        }
    }
    if request.state == Some("") {
        return Err(Refused {
            exception: "ParamValidationError",
            message: "Parameter validation failed:\nInvalid length for parameter stateName, value: 0, valid min length: 1".to_string(),
        });
    }
    if request
        .state
        .is_some_and(|name| name.chars().count() > MAX_STATE_NAME)
    {
        return Err(Refused::request(format!(
            "1 validation error detected: Value at 'stateName' failed to satisfy constraint: Member must have length less than or equal to {MAX_STATE_NAME}"
        )));
    }
    let subject = Subject::find(request.definition, request.state)?;
    let reply = mock::reply_for(&subject, request)?;
    let mut trial = Trial::new(&subject, request, reply)?;
    mock::fail_container(&subject, request, &mut trial)?;

    let state = subject.tried();
    let ran = trial.run(&state)?;
    let mut answer = json!({});
    match &ran.end {
        End::Succeeded(output) => {
            let status = match ran.caught {
                true => "CAUGHT_ERROR",
                false => "SUCCEEDED",
            };
            answer["output"] = output.clone();
            answer["status"] = json!(status);
            if let Some(next) = &ran.next {
                answer["nextState"] = json!(next.name);
            }
        }
        End::Retrying(_) => answer["status"] = json!("RETRIABLE"),
        End::Failed { .. } => answer["status"] = json!("FAILED"),
    }
    // What was caught or is tried again is what the state fails with when nobody takes it.
    let failed = match &ran.end {
        End::Failed { .. } => Some(ran.end.clone()),
        End::Succeeded(_) if !ran.caught => None,
        _ => Some(trial.run(&without(&state, &["Retry", "Catch"]))?.end),
    };
    if let Some(End::Failed { error, cause }) = failed {
        for (name, text) in [("error", error), ("cause", cause)] {
            if let Some(text) = text {
                answer[name] = json!(text);
            }
        }
    }
    if request.inspect {
        answer["inspectionData"] = inspection::of(&subject, request, &trial, &ran)?;
    }
    Ok(answer)
}

/// A state without some of its fields.
fn without(state: &Map<String, Value>, fields: &[&str]) -> Map<String, Value> {
    let kept = state
        .iter()
        .filter(|(name, _)| !fields.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
