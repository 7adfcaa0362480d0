//! From the input of a Task to a call of Lambda's Invoke API.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::super::function_error::wrong_parameters;
use super::super::{Call, envelope};
use crate::engine::TaskReply;
use crate::value::Arena;
use crate::value::Kind;
use crate::value::Value;

/// What is invoked, and how.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invocation {
    /// Name or ARN.
    pub(super) function: String,
    pub(super) qualifier: Option<String>,
    /// Names in lower case.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// Parameters of `lambda:invoke` that become headers.
const HEADERS: &[(&str, &str)] = &[
    ("InvocationType", "x-amz-invocation-type"),
    ("LogType", "x-amz-log-type"),
    ("ClientContext", CLIENT_CONTEXT),
];

const CLIENT_CONTEXT: &str = "x-amz-client-context";
/// Longest client context in base64, and longest name of a function as an ARN with its version.
const CONTEXT_LENGTH: usize = 3_583;
const NAME_LENGTH: usize = 300;

impl Invocation {
    /// Of a Task whose resource is the function's ARN: the input is the event.
    pub(super) fn of_function(arn: &str, call: &Call<'_>) -> Invocation {
        Invocation {
            function: arn.to_string(),
            qualifier: None,
            headers: vec![(CLIENT_CONTEXT, context(call))],
            body: call.input_json(),
        }
    }

    /// Of a `lambda:invoke`: the input says all; an error says what is wrong with it.
    pub(super) fn of_parameters(call: &Call<'_>) -> Result<Invocation, TaskReply> {
        let wrong = |field: &str| wrong_parameters(&call.arena.to_plain_json(call.input), field);
        let function = text(call.arena, call.input, "FunctionName");
        let function = function
            .ok()
            .flatten()
            .filter(|name| !name.is_empty() && name.len() <= NAME_LENGTH)
            .ok_or_else(|| wrong("FunctionName"))?;
        let qualifier = text(call.arena, call.input, "Qualifier");
        let mut headers = Vec::new();
        for (field, header) in HEADERS {
            let value = text(call.arena, call.input, field).map_err(|()| wrong(field))?;
            let printable = |value: &String| value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            match value {
                Some(value) if printable(&value) => headers.push((*header, value)),
                Some(_) => return Err(wrong(field)),
                None => {}
            }
        }
        if !headers.iter().any(|(name, _)| *name == CLIENT_CONTEXT) {
            headers.push((CLIENT_CONTEXT, context(call)));
        }
        let mut body = Vec::new();
        call.arena.print(envelope::payload(call), &mut body);
        Ok(Invocation {
            function,
            qualifier: qualifier.map_err(|()| wrong("Qualifier"))?,
            headers,
            body,
        })
    }
}

/// A member of the input, where it is a text.
fn text(arena: &Arena, input: Value, name: &str) -> Result<Option<String>, ()> {
    let found = match arena.kind(input) {
        Kind::Object => arena.get_by_name(input, name),
        _ => None,
    };
    match found {
        None => Ok(None),
        Some(value) if arena.kind(value) == Kind::Null => Ok(None),
        Some(value) => match arena.as_str(value) {
            Some(text) => Ok(Some(text.decode().into_owned())),
            None => Err(()),
        },
    }
}

/// What the function can know of the call: `context.client_context.custom` in Python.
fn context(call: &Call<'_>) -> String {
    let custom = json!({
        "idempotencyKey": call.idempotency_key(),
        "executionId": call.execution_id,
        "attempt": call.attempt,
    });
    let context = BASE64_STANDARD.encode(json!({ "custom": custom }).to_string());
    match context.len() <= CONTEXT_LENGTH {
        true => context,
        false => BASE64_STANDARD.encode("{}"),
    }
}
