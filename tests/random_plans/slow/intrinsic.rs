//! A few intrinsic functions. Failures have the texts of the functions' own.

use serde_json::{Value, json};

use super::data::Scope;
use super::{Cause, Failure, path};

/// The value of a call.
pub(super) fn eval(text: &str, scope: Scope<'_>) -> Result<Value, Failure> {
    let (name, args) = text.split_once('(').unwrap();
    let mut values = Vec::new();
    for arg in arguments(args.strip_suffix(')').unwrap()) {
        values.push(argument(arg, text, scope)?);
    }
    apply(name, &values).map_err(|reason| {
        let reason = format!("The function '{text}' had the following error: {reason}");
        Failure::new("States.IntrinsicFailure", Cause::Exact(reason))
    })
}

/// Cuts at the commas that stand neither in brackets nor in quotes.
fn arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut start) = (0, false, 0);
    let mut arguments = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                arguments.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text[start..].trim().is_empty() {
        arguments.push(text[start..].trim());
    }
    arguments
}

fn argument(text: &str, call: &str, scope: Scope<'_>) -> Result<Value, Failure> {
    if text.starts_with("States.") {
        return eval(text, scope);
    }
    if text.starts_with('$') {
        return path::select(text, scope).ok_or_else(|| {
            let input = scope.input;
            Failure::runtime(format!(
                "The function '{call}' had the following error: The JsonPath argument for the field '{text}' could not be found in the input '{input}'"
            ))
        });
    }
    match text.strip_prefix('\'') {
        Some(quoted) => Ok(json!(quoted.strip_suffix('\'').unwrap())),
        None => Ok(serde_json::from_str(text).unwrap()),
    }
}

fn apply(name: &str, args: &[Value]) -> Result<Value, String> {
    match name {
        "States.Array" => Ok(json!(args)),
        "States.ArrayLength" => Ok(json!(array(args, 0)?.len())),
        "States.ArrayContains" => {
            let elements = array(args, 0)?;
            Ok(json!(elements.iter().any(|value| equal(value, &args[1]))))
        }
        "States.ArrayGetItem" => {
            let (elements, index) = (array(args, 0)?, integer(args, 1)?);
            let place = usize::try_from(index).ok();
            let element = place.and_then(|place| elements.get(place));
            element.cloned().ok_or_else(|| {
                let len = elements.len();
                format!("index {index} is out of the bounds of an array of length {len}")
            })
        }
        "States.MathAdd" => Ok(json!(integer(args, 0)? + integer(args, 1)?)),
        "States.JsonToString" => Ok(json!(args[0].to_string())),
        "States.JsonMerge" => {
            let mut merged = object(args, 0)?.clone();
            let over = object(args, 1)?.clone();
            merged.extend(over);
            Ok(Value::Object(merged))
        }
        "States.Format" => {
            let mut parts = args[0].as_str().unwrap().split("{}");
            let mut text = parts.next().unwrap().to_string();
            for (part, value) in parts.zip(&args[1..]) {
                text.push_str(&java(value));
                text.push_str(part);
            }
            Ok(json!(text))
        }
        other => unreachable!("no machine here calls {other}"),
    }
}

/// Halves are rounded up.
fn integer(args: &[Value], place: usize) -> Result<i64, String> {
    match (args[place].as_i64(), args[place].as_f64()) {
        (Some(integer), _) => Ok(integer),
        (None, Some(number)) => Ok((number + 0.5).floor() as i64),
        (None, None) => Err(wrong(args, place, "a number")),
    }
}

fn array(args: &[Value], place: usize) -> Result<&Vec<Value>, String> {
    let array = args[place].as_array();
    array.ok_or_else(|| wrong(args, place, "an array"))
}

fn object(args: &[Value], place: usize) -> Result<&serde_json::Map<String, Value>, String> {
    let object = args[place].as_object();
    object.ok_or_else(|| wrong(args, place, "an object"))
}

fn wrong(args: &[Value], place: usize, wanted: &str) -> String {
    let got = args[place].to_string();
    let mut shown: String = got.chars().take(100).collect();
    if shown.len() < got.len() {
        shown.push('…');
    }
    format!("argument {} must be {wanted}, got {shown}", place + 1)
}

/// Deep equality, numbers by value.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// As Java shows values.
fn java(value: &Value) -> String {
    let list = |shown: Vec<String>| shown.join(", ");
    match value {
        Value::String(text) => text.clone(),
        Value::Array(elements) => {
            let shown = elements.iter().map(java).collect();
            format!("[{}]", list(shown))
        }
        Value::Object(members) => {
            let shown = members.iter();
            let shown = shown.map(|(name, value)| format!("{name}={}", java(value)));
            format!("{{{}}}", list(shown.collect()))
        }
        other => other.to_string(),
    }
}
