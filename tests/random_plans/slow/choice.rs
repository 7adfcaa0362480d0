//! Choice Rules.

use serde_json::Value;

use super::data::Scope;
use super::{Failure, jsonata, path};

/// The rule that holds, or else the state itself, and the state that a Choice goes to.
pub(super) fn next<'a>(state: &'a Value, scope: Scope<'_>) -> Result<(&'a Value, String), Failure> {
    for rule in state["Choices"].as_array().unwrap() {
        if holds(rule, scope)? {
            return Ok((rule, rule["Next"].as_str().unwrap().to_string()));
        }
    }
    match state["Default"].as_str() {
        Some(next) => Ok((state, next.to_string())),
        None => Err(Failure::runtime(
            "Failed to transition out of the state. The state does not point to a next state."
                .to_string(),
        )),
    }
}

/// The same for JSONata, with the name of the place.
pub(super) fn next_by_queries<'a>(
    state: &'a Value,
    scope: jsonata::Scope<'_>,
) -> Result<(&'a Value, String, String), Failure> {
    for (at, rule) in state["Choices"].as_array().unwrap().iter().enumerate() {
        let place = format!("Choices[{at}]/");
        let location = format!("{place}Condition");
        let holds = jsonata::typed(&rule["Condition"], &location, "boolean", scope)?;
        if holds == Value::Bool(true) {
            return Ok((rule, place, rule["Next"].as_str().unwrap().to_string()));
        }
    }
    let default = state["Default"].as_str().unwrap();
    Ok((state, String::new(), default.to_string()))
}

fn holds(rule: &Value, scope: Scope<'_>) -> Result<bool, Failure> {
    if let Some(rules) = rule["And"].as_array() {
        for rule in rules {
            if !holds(rule, scope)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if let Some(rules) = rule["Or"].as_array() {
        for rule in rules {
            if holds(rule, scope)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if let Some(rule) = rule.get("Not") {
        return Ok(!holds(rule, scope)?);
    }
    test(rule, scope)
}

fn test(rule: &Value, scope: Scope<'_>) -> Result<bool, Failure> {
    let variable = rule["Variable"].as_str().unwrap();
    let found = path::select(variable, scope);
    if let Some(wanted) = rule["IsPresent"].as_bool() {
        return Ok(found.is_some() == wanted);
    }
    let value = found.ok_or_else(|| invalid(variable))?;
    let mut operators = rule.as_object().unwrap().iter();
    let (operator, operand) = operators
        .find(|(name, _)| *name != "Variable" && *name != "Next" && *name != "Assign")
        .unwrap();
    let operand = match operator.strip_suffix("Path") {
        None => operand.clone(),
        Some(_) => {
            let path = operand.as_str().unwrap();
            path::select(path, scope).ok_or_else(|| invalid(path))?
        }
    };
    let wanted = operand == Value::Bool(true);
    Ok(match operator.trim_end_matches("Path") {
        "StringEquals" => value.is_string() && value == operand,
        "StringLessThan" => both(value.as_str(), operand.as_str(), |a, b| a < b),
        "NumericEquals" => both(value.as_f64(), operand.as_f64(), |a, b| a == b),
        "NumericLessThan" => both(value.as_f64(), operand.as_f64(), |a, b| a < b),
        "NumericGreaterThanEquals" => both(value.as_f64(), operand.as_f64(), |a, b| a >= b),
        "BooleanEquals" => value.is_boolean() && value == operand,
        "IsNull" => value.is_null() == wanted,
        "IsString" => value.is_string() == wanted,
        "IsNumeric" => value.is_number() == wanted,
        "IsBoolean" => value.is_boolean() == wanted,
        other => unreachable!("no machine here has the operator {other}"),
    })
}

fn both<T>(a: Option<T>, b: Option<T>, test: impl Fn(T, T) -> bool) -> bool {
    a.zip(b).is_some_and(|(a, b)| test(a, b))
}

fn invalid(path: &str) -> Failure {
    Failure::runtime(format!(
        "Invalid path '{path}': The choice state's condition path references an invalid value."
    ))
}
