//! The fields that move data through a state.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Cause, Failure, intrinsic, path};

/// What paths read.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) input: &'a Value,
    pub(super) context: Context<'a>,
}

/// The part of the context object that the machines read.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) execution_input: &'a Value,
    pub(super) execution_name: &'a str,
    pub(super) state_name: &'a str,
    /// Index and value of the iteration.
    pub(super) item: Option<(usize, &'a Value)>,
    pub(super) variables: &'a Variables,
}

/// Workflow variables by name.
pub(super) type Variables = BTreeMap<String, Value>;

/// `InputPath`, `OutputPath`
pub(super) fn select(
    state: &Value,
    field: &str,
    input: &Value,
    context: Context<'_>,
) -> Result<Value, Failure> {
    match state.get(field) {
        None => Ok(input.clone()),
        Some(Value::Null) => Ok(Value::Object(Map::new())),
        Some(text) => {
            let text = text.as_str().unwrap();
            path::select(text, Scope { input, context }).ok_or_else(|| {
                let cause = Cause::Begins(format!("Invalid path '{text}' : "));
                Failure::new("States.Runtime", cause)
            })
        }
    }
}

/// `Parameters`, `ItemSelector`, `ResultSelector`; without the field, its input.
pub(super) fn template(state: &Value, field: &str, scope: Scope<'_>) -> Result<Value, Failure> {
    match state.get(field) {
        None => Ok(scope.input.clone()),
        Some(template) => fill(template, scope),
    }
}

fn fill(template: &Value, scope: Scope<'_>) -> Result<Value, Failure> {
    match template {
        Value::Object(members) => {
            let mut filled = Map::new();
            for (key, value) in members {
                match key.strip_suffix(".$") {
                    None => filled.insert(key.clone(), fill(value, scope)?),
                    Some(name) => {
                        let value = expression(value.as_str().unwrap(), key, scope)?;
                        filled.insert(name.to_string(), value)
                    }
                };
            }
            Ok(Value::Object(filled))
        }
        Value::Array(elements) => {
            let filled = elements.iter().map(|element| fill(element, scope));
            Ok(Value::Array(filled.collect::<Result<_, _>>()?))
        }
        literal => Ok(literal.clone()),
    }
}

/// A path or a call in the field of a template, in `ErrorPath` or `CausePath`.
fn expression(text: &str, field: &str, scope: Scope<'_>) -> Result<Value, Failure> {
    if !text.starts_with('$') {
        return intrinsic::eval(text, scope);
    }
    path::select(text, scope).ok_or_else(|| {
        let input = scope.input;
        Failure::runtime(format!(
            "The JSONPath '{text}' specified for the field '{field}' could not be found in the input '{input}'"
        ))
    })
}

/// `Assign` of a state, a rule or a catcher.
pub(super) fn assign(holder: &Value, scope: Scope<'_>) -> Result<Variables, Failure> {
    let Some(assign) = holder.get("Assign") else {
        return Ok(Variables::new());
    };
    let filled = fill(assign, scope)?;
    Ok(filled.as_object().unwrap().clone().into_iter().collect())
}

/// `Assign`, `ResultSelector`, `ResultPath` and `OutputPath`
pub(super) fn selected(
    state: &Value,
    raw: &Value,
    result: Value,
    context: Context<'_>,
) -> Result<(Value, Variables), Failure> {
    let scope = Scope {
        input: &result,
        context,
    };
    let assigned = assign(state, scope)?;
    let result = template(state, "ResultSelector", scope)?;
    let output = finish(state, raw, result, context)?;
    Ok((output, assigned))
}

/// `ResultPath` and `OutputPath`
pub(super) fn finish(
    state: &Value,
    raw: &Value,
    result: Value,
    context: Context<'_>,
) -> Result<Value, Failure> {
    let merged = result_path(state, raw, result)?;
    select(state, "OutputPath", &merged, context)
}

/// `ResultPath` of a state or a catcher.
pub(super) fn result_path(holder: &Value, raw: &Value, result: Value) -> Result<Value, Failure> {
    let text = match holder.get("ResultPath") {
        None => return Ok(result),
        Some(Value::Null) => return Ok(raw.clone()),
        Some(text) => text.as_str().unwrap(),
    };
    let mut merged = raw.clone();
    match path::write(&path::steps(&text[1..]), &mut merged, result) {
        Some(()) => Ok(merged),
        None => Err(Failure::new(
            "States.ResultPathMatchFailure",
            Cause::Exact(format!(
                "Unable to apply ReferencePath {text} to input {raw}"
            )),
        )),
    }
}

/// `ItemsPath`
pub(super) fn items(state: &Value, scope: Scope<'_>) -> Result<Vec<Value>, Failure> {
    let text = state.get("ItemsPath").map_or("$", |p| p.as_str().unwrap());
    let items = path::select(text, scope)
        .ok_or_else(|| Failure::new("States.Runtime", Cause::Begins(String::new())))?;
    match items {
        Value::Array(items) => Ok(items),
        _ => Err(Failure::runtime(format!(
            "Reference path \"{}\" must point to array.",
            text.replacen("$$", "$", 1)
        ))),
    }
}

/// What a Fail state fails with; an error when that cannot be made out.
pub(super) fn failure(
    state: &Value,
    raw: &Value,
    context: Context<'_>,
) -> Result<Failure, Failure> {
    let scope = Scope {
        input: raw,
        context,
    };
    let cause = match (state.get("Cause"), state.get("CausePath")) {
        (Some(cause), _) => Cause::Exact(cause.as_str().unwrap().to_string()),
        (None, Some(text)) => {
            let value = expression(text.as_str().unwrap(), "CausePath", scope)?;
            Cause::Exact(value.as_str().unwrap().to_string())
        }
        (None, None) => Cause::None,
    };
    Ok(Failure {
        error: state["Error"].as_str().map(str::to_string),
        cause,
        from_inside: false,
        is_evaluation: false,
    })
}
