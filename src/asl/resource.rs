//! What a `Resource` may be in an Express workflow. Who answers it is decided by bindings, not here.

use super::codes;
use super::parse::WorkflowType;
use super::reader::{Node, Reader, schema, shorten};
use crate::diagnostic::{Refusal, did_you_mean};

/// Refuses what no Express workflow can call, and ARNs that name nothing.
pub(super) fn check(reader: &mut Reader<'_>, node: &Node, resource: &str) {
    if resource.is_empty() {
        reader.empty(node);
    } else if reader.workflow_type == WorkflowType::Express
        && let Some(reason) = not_express(resource)
    {
        let message = format!("Express state machine does not support {reason}");
        let refusal = schema(message.as_str(), &node.location);
        reader.refuse(node, codes::NOT_EXPRESS, message.trim_end(), None, refusal);
    } else if resource
        .rfind("${")
        .is_some_and(|at| !resource[at..].contains('}'))
    {
        let message = format!("the placeholder in {:?} has no end", shorten(resource));
        reader.error(node, codes::INVALID_RESOURCE, message);
    } else if let Some((service, actions)) = unknown_action(resource) {
        let message = format!(
            "the resource provided {:?} is not recognized: {service} has [{}]",
            shorten(resource),
            actions.join(", ")
        );
        let help = did_you_mean(
            resource.rsplit(':').next().unwrap_or_default(),
            actions.iter().copied(),
        );
        let refusal = not_recognized(node, resource);
        reader.refuse(node, codes::INVALID_RESOURCE, message, help, refusal);
    } else if let Some(service) = unknown_service(resource) {
        let message = format!(
            "the resource provided {:?} is not recognized: AWS has no integration {service:?}",
            shorten(resource)
        );
        let help = did_you_mean(service, SERVICES.iter().copied());
        let refusal = not_recognized(node, resource);
        reader.refuse(node, codes::INVALID_RESOURCE, message, help, refusal);
    } else if !qualifier_is_valid(resource) {
        let message = format!(
            "the resource provided {:?} is not recognized: a function's version or alias has letters, digits, '-' and '_'",
            shorten(resource)
        );
        let refusal = not_recognized(node, resource);
        reader.refuse(node, codes::INVALID_RESOURCE, message, None, refusal);
    }
}

fn not_recognized(node: &Node, resource: &str) -> Refusal {
    schema(
        format!(
            "The resource provided {resource} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
        ),
        &node.location,
    )
}

fn not_express(resource: &str) -> Option<&'static str> {
    let parts: Vec<&str> = resource.split(':').collect();
    let ["arn", _, "states", rest @ ..] = parts.as_slice() else {
        return None;
    };
    let last = parts.last().copied().unwrap_or_default();
    if matches!(rest, [_, _, "activity", ..]) {
        Some("Activity ARN")
    } else if last.ends_with(".waitForTaskToken") {
        // AWS's text ends in a blank.
        Some("'.waitForTaskToken' service integration ")
    } else if last.ends_with(".sync") || last.ends_with(".sync:2") || resource.contains(".sync:") {
        Some("'.sync' service integration")
    } else {
        None
    }
}

/// The actions of those optimised integrations whose list does not grow; of others every action is taken.
const ACTIONS: &[(&str, &[&str])] = &[
    ("apigateway", &["invoke"]),
    ("batch", &["submitJob"]),
    (
        "dynamodb",
        &["getItem", "putItem", "deleteItem", "updateItem"],
    ),
    ("ecs", &["runTask"]),
    ("events", &["putEvents"]),
    ("http", &["invoke"]),
    ("lambda", &["invoke"]),
    ("sns", &["publish"]),
    ("sqs", &["sendMessage"]),
    ("states", &["startExecution"]),
];

/// The service and its actions, where `resource` names an action that it does not have.
fn unknown_action(resource: &str) -> Option<(&'static str, &'static [&'static str])> {
    let parts: Vec<&str> = resource.split(':').collect();
    let ["arn", _, "states", _, _, service, action] = parts.as_slice() else {
        return None;
    };
    let action = &action.split('.').next().unwrap_or_default();
    let (service, actions) = ACTIONS.iter().find(|(name, _)| name == service)?;
    (!actions.contains(action)).then_some((*service, *actions))
}

/// Services with an integration of their own (guide, "Optimized integrations"); all others are called through `aws-sdk`.
const SERVICES: &[&str] = &[
    "apigateway",
    "athena",
    "batch",
    "bedrock",
    "codebuild",
    "databrew",
    "dynamodb",
    "ecs",
    "eks",
    "elasticmapreduce",
    "emr-containers",
    "emr-serverless",
    "events",
    "glue",
    "http",
    "lambda",
    "mediaconvert",
    "sagemaker",
    "sns",
    "sqs",
    "states",
];

/// The service, where `resource` names an integration that there is not.
fn unknown_service(resource: &str) -> Option<&str> {
    let parts: Vec<&str> = resource.split(':').collect();
    let ["arn", _, "states", "", "", service, _action] = parts.as_slice() else {
        return None;
    };
    (!SERVICES.contains(service) && !service.contains("${")).then_some(*service)
}

/// The part after a Lambda function's name: `$LATEST`, a version or an alias.
fn qualifier_is_valid(resource: &str) -> bool {
    let parts: Vec<&str> = resource.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "lambda", _, _, "function", _name] => true,
        ["arn", _, "lambda", _, _, "function", _name, qualifier] => {
            let of_alias = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            *qualifier == "$LATEST" || (!qualifier.is_empty() && qualifier.chars().all(of_alias))
        }
        _ => true,
    }
}
