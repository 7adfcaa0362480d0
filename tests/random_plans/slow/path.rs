//! Definite paths.

use serde_json::{Map, Value, json};

use super::data::Scope;

/// A step of a path.
pub(super) enum Step {
    Name(String),
    Index(i64),
}

/// What a path finds.
pub(super) fn select(path: &str, scope: Scope<'_>) -> Option<Value> {
    let context = scope.context;
    if let Some(rest) = path.strip_prefix("$$.Execution.Input") {
        return follow(context.execution_input, rest);
    }
    if let Some(rest) = path.strip_prefix("$$.Map.Item.Value") {
        return follow(context.item?.1, rest);
    }
    match path {
        "$$.Map.Item.Index" => Some(json!(context.item?.0)),
        "$$.Execution.Name" => Some(json!(context.execution_name)),
        "$$.State.Name" => Some(json!(context.state_name)),
        _ if path.starts_with("$v") => {
            let end = path.find(['.', '[']).unwrap_or(path.len());
            follow(context.variables.get(&path[1..end])?, &path[end..])
        }
        _ => follow(scope.input, path.strip_prefix('$')?),
    }
}

fn follow(root: &Value, rest: &str) -> Option<Value> {
    let mut value = root;
    for step in steps(rest) {
        value = match step {
            Step::Name(name) => value.as_object()?.get(&name)?,
            Step::Index(index) => {
                let elements = value.as_array()?;
                elements.get(place(index, elements.len())?)?
            }
        };
    }
    Some(value.clone())
}

/// Writes into a value as `ResultPath` does: objects on the way are made, elements must be there.
pub(super) fn write(steps: &[Step], value: &mut Value, result: Value) -> Option<()> {
    let Some((step, rest)) = steps.split_first() else {
        *value = result;
        return Some(());
    };
    match step {
        Step::Name(name) => {
            let members = value.as_object_mut()?;
            let member = members
                .entry(name)
                .or_insert_with(|| Value::Object(Map::new()));
            write(rest, member, result)
        }
        Step::Index(index) => {
            let elements = value.as_array_mut()?;
            let place = place(*index, elements.len())?;
            write(rest, elements.get_mut(place)?, result)
        }
    }
}

/// Counts from the end what is negative.
fn place(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index + len as i64 } else { index };
    usize::try_from(index).ok()
}

/// The steps behind the dollar: `.name`, `['name']`, `[1]`.
pub(super) fn steps(mut text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    while !text.is_empty() {
        if let Some(rest) = text.strip_prefix("['") {
            let (name, rest) = rest.split_once("']").unwrap();
            steps.push(Step::Name(name.to_string()));
            text = rest;
        } else if let Some(rest) = text.strip_prefix('[') {
            let (index, rest) = rest.split_once(']').unwrap();
            steps.push(Step::Index(index.parse().unwrap()));
            text = rest;
        } else {
            let rest = text.strip_prefix('.').unwrap();
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            steps.push(Step::Name(rest[..end].to_string()));
            text = &rest[end..];
        }
    }
    steps
}
