//! Task: one call of something outside.

use super::super::codes;
use super::super::fields::Fields;
use super::super::reader::schema;
use super::super::resource;
use super::super::{Catcher, Field, LiteralOrPath, NullablePath, Retrier};
use super::Transition;
use crate::value::Value;

/// A Task state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Task {
    /// What is called: an ARN or whatever a binding answers.
    pub resource: Field<String>,
    pub input_path: NullablePath,
    /// `Parameters`, a payload template, or `Arguments`.
    pub parameters: Option<Field<Value>>,
    /// Payload template over the raw result.
    pub result_selector: Option<Field<Value>>,
    pub result_path: NullablePath,
    pub output_path: NullablePath,
    /// `Credentials`, a payload template with `RoleArn`.
    pub credentials: Option<Field<Value>>,
    /// `TimeoutSeconds` or `TimeoutSecondsPath`; holds for each attempt.
    pub timeout_seconds: Option<LiteralOrPath<u64>>,
    /// `HeartbeatSeconds` or `HeartbeatSecondsPath`.
    pub heartbeat_seconds: Option<LiteralOrPath<u64>>,
    pub retry: Vec<Retrier>,
    pub catch: Vec<Catcher>,
    pub transition: Transition,
}

impl Task {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Task> {
        let resource = fields.required_string("Resource");
        if let Some(resource) = &resource
            && let Some(node) = fields.take("Resource")
        {
            resource::check(fields.reader, &node, resource);
        }
        let timeout_seconds = fields.seconds(["TimeoutSeconds", "TimeoutSecondsPath"]);
        let heartbeat_seconds = fields.seconds(["HeartbeatSeconds", "HeartbeatSecondsPath"]);
        check_heartbeat(fields, &timeout_seconds, &heartbeat_seconds);
        if timeout_seconds.is_none() {
            warn_of_no_timeout(fields);
        }
        Some(Task {
            input_path: fields.data_path("InputPath"),
            parameters: fields.payload(),
            result_selector: fields.template("ResultSelector"),
            result_path: fields.result_path(),
            output_path: fields.data_path("OutputPath"),
            credentials: read_credentials(fields),
            timeout_seconds,
            heartbeat_seconds,
            retry: Retrier::read_all(fields),
            catch: Catcher::read_all(fields),
            transition: Transition::read(fields)?,
            resource: resource?,
        })
    }
}

fn read_credentials(fields: &mut Fields<'_, '_>) -> Option<Field<Value>> {
    let credentials = fields.template_or_value("Credentials")?;
    let node = fields.take("Credentials")?;
    let role = ["RoleArn", "RoleArn.$"];
    let is_object = fields.reader.is_object(&node);
    if !is_object && !fields.language.is_jsonata() {
        fields.reader.wrong_type(&node, "an object");
    }
    let roles = role.map(|name| fields.reader.member(&node, name));
    // With `.$` it is checked with its template.
    if let Some(role) = &roles[0] {
        fields.reader.string(role);
    }
    if is_object && roles.iter().all(Option::is_none) {
        let message = "the field 'RoleArn' is required but was missing";
        let refusal = "The field 'RoleArn' is required but was missing";
        let refusal = schema(refusal, &node.location);
        fields
            .reader
            .refuse(&node, codes::MISSING_FIELD, message, None, refusal);
    }
    Some(credentials)
}

fn warn_of_no_timeout(fields: &mut Fields<'_, '_>) {
    if let Some(key) = fields.key("Resource") {
        let message = "the task has no timeout: one that hangs is ended only with its execution";
        let help = r#"give it as long as it may take: "TimeoutSeconds": 30"#.to_string();
        fields
            .reader
            .warning(&key, codes::NO_TIMEOUT, message, Some(help));
    }
}

fn check_heartbeat(
    fields: &mut Fields<'_, '_>,
    timeout: &Option<LiteralOrPath<u64>>,
    heartbeat: &Option<LiteralOrPath<u64>>,
) {
    let (Some(LiteralOrPath::Literal(timeout)), Some(LiteralOrPath::Literal(heartbeat))) =
        (timeout, heartbeat)
    else {
        return;
    };
    if heartbeat.value >= timeout.value
        && let Some(node) = fields.take("HeartbeatSeconds")
    {
        let message = format!(
            "the heartbeat of {} s must be smaller than the timeout of {} s",
            heartbeat.value, timeout.value
        );
        fields.reader.error(&node, codes::HEARTBEAT, message);
    }
}
