//! Holds the result that a mock gives for a Task against what the service answers.
//!
//! `shapes.json` has the answers, taken from AWS's models of its services by `scripts/response-shapes`: operations with the
//! name of a structure, and structures with their members. A member whose name ends in `!` is required. Its shape is
//! `"string"`, `"number"`, `"boolean"`, `"@structure"`, or an object of one member: `enum` with the values, `number` with
//! bounds, `array` or `object` with the shape of elements or values. Services and members that are not in it pass.

use serde_json::{Map, Value};

/// How strictly a mock's result is held against the service's answer (`fieldValidationMode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Required members are there, and all that are there have the right type.
    #[default]
    Strict,
    /// Members that are there have the right type.
    Present,
    /// Nothing is looked at.
    None,
}

impl FieldValidation {
    /// By AWS's name for it.
    pub fn from_name(name: &str) -> Option<FieldValidation> {
        match name {
            "STRICT" => Some(FieldValidation::Strict),
            "PRESENT" => Some(FieldValidation::Present),
            "NONE" => Some(FieldValidation::None),
            _ => None,
        }
    }
}

/// The first member that the service would not answer, in AWS's words.
pub(super) fn check(resource: &str, result: &Value, mode: FieldValidation) -> Result<(), String> {
    let Some((operation, is_optimised)) = operation(resource) else {
        return Ok(());
    };
    if mode == FieldValidation::None {
        return Ok(());
    }
    let shapes: Value = serde_json::from_str(include_str!("shapes.json"))
        .expect("the table of shapes is JSON, which a test reads");
    let checker = Checker {
        shapes: &shapes["shapes"],
        mode,
        // An optimised integration gives as JSON what others give as text.
        free: match (is_optimised, operation.as_str()) {
            (true, "lambda:invoke") => Some("Payload"),
            (true, "bedrock:invokeModel") => Some("Body"),
            _ => None,
        },
    };
    let found = match shapes["operations"].get(&operation) {
        None => Ok(()),
        Some(shape) => checker.value("", result, shape),
    };
    found.map_err(|problem| format!("Mock result schema validation error: {problem}"))
}

/// `lambda:invoke` of `arn:aws:states:::lambda:invoke` and of `arn:aws:states:::aws-sdk:lambda:invoke`, and whether it is the
/// former. Of a job or a token the service's own answer is not the result.
fn operation(resource: &str) -> Option<(String, bool)> {
    let parts: Vec<&str> = resource.split(':').collect();
    let (service, action, is_optimised) = match parts.as_slice() {
        ["arn", _, "states", _, _, "aws-sdk", service, action] => (service, action, false),
        ["arn", _, "states", _, _, service, action] => (service, action, true),
        _ => return None,
    };
    (!action.contains('.')).then(|| (format!("{service}:{action}"), is_optimised))
}

struct Checker<'a> {
    shapes: &'a Value,
    mode: FieldValidation,
    free: Option<&'static str>,
}

impl Checker<'_> {
    // Values are at most as deep as JSON that serde reads, 128 levels.
    fn value(&self, name: &str, value: &Value, shape: &Value) -> Result<(), String> {
        let must_be = |what: &str| Err(format!("Field '{name}' must be {what}"));
        match shape {
            Value::String(kind) => match (kind.as_str(), value) {
                ("string", Value::String(_))
                | ("number", Value::Number(_))
                | ("boolean", Value::Bool(_)) => Ok(()),
                ("string" | "number" | "boolean", _) => must_be(&format!("a {kind}")),
                (structure, Value::Object(members)) => {
                    let structure = self.shapes.get(structure.trim_start_matches('@'));
                    let fields = structure.and_then(Value::as_object);
                    fields.map_or(Ok(()), |fields| self.members(members, fields))
                }
                // The answer as a whole has no name; nothing is recorded of one that is no object.
                _ if name.is_empty() => Ok(()),
                _ => must_be("an object"),
            },
            Value::Object(detail) => match (detail.iter().next(), value) {
                (Some((kind, allowed)), Value::String(_)) if kind == "enum" => {
                    let mut names = allowed.as_array().into_iter().flatten();
                    match names.any(|name| name == value) {
                        true => Ok(()),
                        false => Err(format!("Field '{name}' is not an expected value")),
                    }
                }
                (Some((kind, bounds)), Value::Number(number)) if kind == "number" => {
                    let number = number.as_f64();
                    if number < bounds["min"].as_f64() {
                        Err(format!("Field '{name}' is less than the minimum value"))
                    } else if bounds["max"].as_f64().is_some_and(|max| number > Some(max)) {
                        Err(format!("Field '{name}' exceeds the maximum value"))
                    } else {
                        Ok(())
                    }
                }
                (Some((kind, shape)), Value::Array(elements)) if kind == "array" => elements
                    .iter()
                    .try_for_each(|element| self.value(name, element, shape)),
                (Some((kind, shape)), Value::Object(members)) if kind == "object" => members
                    .iter()
                    .try_for_each(|(name, value)| self.value(name, value, shape)),
                (Some((kind, _)), _) => must_be(match kind.as_str() {
                    "enum" => "a string",
                    "number" => "a number",
                    "array" => "an array",
                    _ => "an object",
                }),
                (None, _) => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn members(
        &self,
        members: &Map<String, Value>,
        fields: &Map<String, Value>,
    ) -> Result<(), String> {
        if self.mode == FieldValidation::Strict {
            let required = fields.keys().filter_map(|name| name.strip_suffix('!'));
            for name in required {
                if !members.contains_key(name) {
                    return Err(format!("Required field '{name}' is missing"));
                }
            }
        }
        for (name, shape) in fields {
            let name = name.trim_end_matches('!');
            if let Some(value) = members.get(name)
                && self.free != Some(name)
            {
                self.value(name, value, shape)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_cases(mode: FieldValidation, cases: &[(&str, Value, Option<&str>)]) {
        for (resource, result, want) in cases {
            let resource = format!("arn:aws:states:::{resource}");
            let found = check(&resource, result, mode).err();
            let want = want.map(|want| format!("Mock result schema validation error: {want}"));
            assert_eq!(found, want, "{resource} {result}");
        }
    }

    #[test]
    fn strict_wants_what_is_required() {
        check_cases(
            FieldValidation::Strict,
            &[
                (
                    "states:startExecution",
                    json!({"ExecutionArn": "a"}),
                    Some("Required field 'StartDate' is missing"),
                ),
                (
                    "states:startExecution",
                    json!({"ExecutionArn": "a", "StartDate": "t", "More": 1}),
                    None,
                ),
                ("states:startExecution.sync:2", json!({}), None),
                (
                    "aws-sdk:sfn:describeExecution",
                    json!({}),
                    Some("Required field 'ExecutionArn' is missing"),
                ),
                ("aws-sdk:unheard:ofIt", json!({"A": 1}), None),
                ("lambda:invoke", json!({"Payload": [1]}), None),
                (
                    "aws-sdk:lambda:invoke",
                    json!({"Payload": [1]}),
                    Some("Field 'Payload' must be a string"),
                ),
            ],
        );
    }

    #[test]
    fn present_members_have_their_types() {
        check_cases(
            FieldValidation::Present,
            &[
                ("states:startExecution", json!({}), None),
                (
                    "dynamodb:getItem",
                    json!({"Item": {"n": {"BOOL": "yes"}}}),
                    Some("Field 'BOOL' must be a boolean"),
                ),
                (
                    "dynamodb:getItem",
                    json!({"Item": {"l": {"L": [{"M": {"x": {"S": 1}}}]}}}),
                    Some("Field 'S' must be a string"),
                ),
                (
                    "dynamodb:getItem",
                    json!({"Item": []}),
                    Some("Field 'Item' must be an object"),
                ),
                (
                    "sqs:sendMessage",
                    json!({"MessageId": null}),
                    Some("Field 'MessageId' must be a string"),
                ),
                (
                    "aws-sdk:s3:getObject",
                    json!({"PartsCount": 3, "StorageClass": "GLACIER"}),
                    None,
                ),
                (
                    "events:putEvents",
                    json!({"FailedEntryCount": "0"}),
                    Some("Field 'FailedEntryCount' must be a number"),
                ),
            ],
        );
    }
}
