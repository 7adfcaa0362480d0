//! What a `Resource` may be in an Express workflow. Who answers it is decided by bindings, not here.

use super::codes;
use super::reader::{Node, Reader, shorten};
use crate::diagnostic::did_you_mean;

/// Refuses what no Express workflow can call, and ARNs that name nothing.
pub(super) fn check(reader: &mut Reader<'_>, node: &Node, resource: &str) {
    if resource.is_empty() {
        reader.error(node, codes::EMPTY, "value cannot be empty");
    } else if let Some(reason) = not_express(resource) {
        let message = format!("Express state machine does not support {reason}");
        reader.error(node, codes::NOT_EXPRESS, message);
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
        reader.error_with_help(node, codes::INVALID_RESOURCE, message, help);
    } else if !qualifier_is_valid(resource) {
        let message = format!(
            "the resource provided {:?} is not recognized: a function's version or alias has letters, digits, '-' and '_'",
            shorten(resource)
        );
        reader.error(node, codes::INVALID_RESOURCE, message);
    }
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
        Some("'.waitForTaskToken' service integration")
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
    let (service, actions) = ACTIONS.iter().find(|(name, _)| name == service)?;
    (!actions.contains(action)).then_some((*service, *actions))
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
