//! The little JSONata that the machines speak: paths of names, `$exists`, `$count`, `=`, arrays and objects of these.
//!
//! The reader takes its text apart at every evaluation, by the shapes that the generator writes.

use serde_json::{Map, Value, json};

use super::Failure;
use super::data::Context;

/// What expressions read.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) input: &'a Value,
    pub(super) context: Context<'a>,
    /// `$states.result` or `$states.errorOutput`
    pub(super) answer: Option<&'a Value>,
}

/// What an expression yields: JSON, or a sequence that is JSON only when it is asked for.
#[derive(Clone, Debug)]
struct Yield {
    value: Value,
    is_sequence: bool,
}

/// A value of a definition in which every JSONata string stands for what it yields.
pub(super) fn fill(template: &Value, location: &str, scope: Scope<'_>) -> Result<Value, Failure> {
    match template {
        Value::Object(members) => {
            let mut filled = Map::new();
            for (name, value) in members {
                let value = fill(value, &format!("{location}/{name}"), scope)?;
                filled.insert(name.clone(), value);
            }
            Ok(Value::Object(filled))
        }
        Value::Array(elements) => {
            let elements = elements.iter().enumerate();
            let filled =
                elements.map(|(at, element)| fill(element, &format!("{location}[{at}]"), scope));
            Ok(Value::Array(filled.collect::<Result<_, _>>()?))
        }
        Value::String(text) if text.starts_with("{%") => {
            let expression = text.trim_matches(['{', '%', '}', ' ']);
            // Braces of an object at the end belong to the expression.
            let expression = match text.contains("{% {") {
                true => text[2..text.len() - 2].trim(),
                false => expression,
            };
            eval(expression, scope).ok_or_else(|| {
                failure(format!(
                    "The JSONata expression '{expression}' specified for the field '{location}' returned nothing (undefined)."
                ))
            })
        }
        literal => Ok(literal.clone()),
    }
}

/// The same for a field that wants a type.
pub(super) fn typed(
    template: &Value,
    location: &str,
    wanted: &str,
    scope: Scope<'_>,
) -> Result<Value, Failure> {
    let value = fill(template, location, scope)?;
    let got = match &value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if got == wanted {
        return Ok(value);
    }
    let text = template.as_str().unwrap();
    let expression = text[2..text.len() - 2].trim();
    Err(failure(format!(
        "The JSONata expression '{expression}' specified for the field '{location}' returned an unexpected result type. Expected '{wanted}', but was '{got}' for value: {value}"
    )))
}

pub(super) fn failure(reason: String) -> Failure {
    Failure {
        is_evaluation: true,
        ..Failure::new("States.QueryEvaluationError", super::Cause::Exact(reason))
    }
}

fn eval(expression: &str, scope: Scope<'_>) -> Option<Value> {
    let argument = |name: &str| expression.strip_prefix(name)?.strip_suffix(')');
    if let Some((left, right)) = expression.split_once(" = ") {
        let right: Value = serde_json::from_str(right).unwrap();
        return Some(json!(
            eval(left, scope).is_some_and(|left| same(&left, &right))
        ));
    }
    if let Some(path) = argument("$exists(") {
        return Some(json!(eval(path, scope).is_some()));
    }
    if let Some(path) = argument("$count(") {
        return Some(match eval(path, scope) {
            None => json!(0),
            Some(Value::Array(elements)) => json!(elements.len()),
            Some(_) => json!(1),
        });
    }
    if let Some(inner) = expression.strip_prefix("{'k': ") {
        let mut object = Map::new();
        if let Some(value) = eval(inner.strip_suffix(", 'j': 1}").unwrap(), scope) {
            object.insert("k".to_string(), value);
        }
        object.insert("j".to_string(), json!(1));
        return Some(Value::Object(object));
    }
    if let Some(inner) = expression.strip_prefix("['x', ") {
        let mut elements = vec![json!("x")];
        match eval(inner.strip_suffix(']').unwrap(), scope) {
            None => {}
            Some(Value::Array(more)) => elements.extend(more),
            Some(value) => elements.push(value),
        }
        return Some(Value::Array(elements));
    }
    path(expression, scope)
}

fn path(text: &str, scope: Scope<'_>) -> Option<Value> {
    let mut names = text.strip_prefix('$').unwrap().split('.');
    let root = match names.next().unwrap() {
        "states" => match names.next().unwrap() {
            "input" => scope.input.clone(),
            "result" | "errorOutput" => scope.answer?.clone(),
            "context" => context(scope.context),
            other => unreachable!("no machine here reads $states.{other}"),
        },
        variable => scope.context.variables.get(variable)?.clone(),
    };
    let names: Vec<&str> = names.collect();
    let mut at = Yield {
        value: root,
        is_sequence: false,
    };
    for (place, name) in names.iter().enumerate() {
        at = step(at, name, place + 1 == names.len())?;
    }
    match at.value {
        Value::Array(elements) if at.is_sequence && elements.len() == 1 => {
            elements.into_iter().next()
        }
        value => Some(value),
    }
}

/// One step of a path: over all elements of an array.
fn step(at: Yield, name: &str, is_last: bool) -> Option<Yield> {
    let inputs = match at.value {
        Value::Array(elements) => elements,
        value => vec![value],
    };
    let mut found: Vec<Yield> = inputs.iter().filter_map(|i| lookup(i, name)).collect();
    if is_last && found.len() == 1 && found[0].value.is_array() && !found[0].is_sequence {
        return found.pop();
    }
    let value = flattened(found);
    (!value.is_empty()).then_some(Yield {
        value: Value::Array(value),
        is_sequence: true,
    })
}

fn lookup(value: &Value, name: &str) -> Option<Yield> {
    match value {
        Value::Object(members) => members.get(name).map(|value| Yield {
            value: value.clone(),
            is_sequence: false,
        }),
        Value::Array(elements) => {
            let found = elements.iter().filter_map(|e| lookup(e, name)).collect();
            let value = flattened(found);
            (!value.is_empty()).then_some(Yield {
                value: Value::Array(value),
                is_sequence: true,
            })
        }
        _ => None,
    }
}

fn flattened(found: Vec<Yield>) -> Vec<Value> {
    let mut all = Vec::new();
    for one in found {
        match one.value {
            Value::Array(elements) => all.extend(elements),
            value => all.push(value),
        }
    }
    all
}

/// The part of the context object that the machines read.
fn context(context: Context<'_>) -> Value {
    let mut all = json!({
        "Execution": {"Input": context.execution_input, "Name": context.execution_name},
        "State": {"Name": context.state_name},
    });
    if let Some((index, value)) = context.item {
        all["Map"] = json!({"Item": {"Index": index, "Value": value}});
    }
    all
}

/// Numbers are equal by value.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}
