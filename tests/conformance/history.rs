//! Recorded histories against ours: types, ids, previous ids and details of every event.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::{EXECUTIONS, WITHOUT, runner};

/// Per cent of the histories that agree. The rest hold times that were scrubbed, a context object of former years, or the
/// role of a task, which is not told here.
const FLOOR: f64 = 97.0;

/// Whether enough agree, and what to say about it.
pub(crate) fn check(corpus: &Path) -> (bool, String) {
    let text = fs::read_to_string(corpus.join(EXECUTIONS)).unwrap();
    let cases = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let (mut all, mut different) = (0, String::new());
    let mut n_different = 0;
    for case in cases.filter(is_chosen) {
        let answer = runner::answer(&case);
        if answer["status"] != case["expect"]["status"] {
            continue;
        }
        all += 1;
        let holes = strings(&case["placeholders"]);
        if let Some(problem) = difference(&case, &answer["history"], &holes) {
            n_different += 1;
            different += &format!("{}: {problem}\n", case["id"]);
        }
    }
    let agree = all - n_different;
    let share = f64::from(agree) * 100.0 / f64::from(all.max(1));
    let summary = format!("{different}{agree} of {all} agree ({share:.1} %)");
    (share >= FLOOR, summary)
}

fn is_chosen(case: &Value) -> bool {
    let features = strings(&case["features"]);
    !WITHOUT.iter().any(|without| features.contains(without)) && case["history"].is_array()
}

fn strings(list: &Value) -> Vec<&str> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

/// The first difference. Where branches or iterations ran side by side, the order of events is AWS's affair, and so are ids.
fn difference(case: &Value, ours: &Value, holes: &[&str]) -> Option<String> {
    let theirs: Vec<_> = events(&case["history"]).map(recorded).collect();
    let ours: Vec<_> = events(ours).cloned().collect();
    let in_order = theirs.len() == ours.len()
        && theirs
            .iter()
            .zip(&ours)
            .all(|(theirs, ours)| fits_members(theirs, ours, holes));
    if in_order {
        return None;
    }
    let features = strings(&case["features"]);
    let side_by_side = features.contains(&"map") || features.contains(&"parallel");
    let without_ids = |event: &Map<String, Value>| {
        let mut event = event.clone();
        event.retain(|name, _| name != "id" && name != "previousEventId");
        event
    };
    let mut left: Vec<_> = ours.iter().map(without_ids).collect();
    for (index, event) in theirs.iter().enumerate() {
        let found = match side_by_side {
            false => ours
                .get(index)
                .is_some_and(|ours| fits_members(event, ours, holes)),
            true => {
                let event = without_ids(event);
                let found = left
                    .iter()
                    .position(|ours| fits_members(&event, ours, holes));
                found.map(|found| left.remove(found)).is_some()
            }
        };
        if !found {
            let shown = |event: &Map<String, Value>| {
                let text = Value::Object(event.clone()).to_string();
                text.chars().take(300).collect::<String>()
            };
            let ours = ours.get(index).map(shown).unwrap_or_default();
            return Some(format!("recorded {}\n  ours {ours}", shown(event)));
        }
    }
    (side_by_side && !left.is_empty() || theirs.len() != ours.len())
        .then(|| format!("{} events recorded, {} ours", theirs.len(), ours.len()))
}

fn events(history: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    let events = history.as_array().into_iter().flatten();
    events.filter_map(Value::as_object)
}

/// An event of the corpus in the words of ours.
fn recorded(event: &Map<String, Value>) -> Map<String, Value> {
    let members = event.iter().filter(|(name, _)| !name.ends_with("_raw"));
    let members = members.map(|(name, value)| match (name.as_str(), value) {
        ("prev", id) => ("previousEventId".to_string(), id.clone()),
        ("assignedVariables", Value::Object(variables)) => {
            let parsed = variables.iter().map(|(name, text)| {
                let parsed = text
                    .as_str()
                    .and_then(|text| serde_json::from_str(text).ok());
                (name.clone(), parsed.unwrap_or_else(|| text.clone()))
            });
            (name.clone(), Value::Object(parsed.collect()))
        }
        _ => (name.clone(), value.clone()),
    });
    members.collect()
}

/// Whether a value is as recorded, with the corpus's wildcards: see its README.
fn fits(expected: &Value, actual: &Value, holes: &[&str]) -> bool {
    match (expected, actual) {
        (Value::String(text), _) if holes.contains(&text.as_str()) => true,
        (Value::String(expected), Value::String(actual)) => {
            expected == actual || fits_text(expected, actual, holes) || {
                let parse = |text: &str| {
                    let is_json = text.starts_with(['{', '[']);
                    is_json.then(|| serde_json::from_str(text).ok()).flatten()
                };
                match (parse(expected), parse(actual)) {
                    (Some(expected), Some(actual)) => fits(&expected, &actual, holes),
                    _ => false,
                }
            }
        }
        (Value::Object(_) | Value::Array(_), Value::String(text)) => {
            serde_json::from_str(text).is_ok_and(|actual: Value| fits(expected, &actual, holes))
        }
        (Value::Object(expected), Value::Object(actual)) => fits_members(expected, actual, holes),
        (Value::Array(expected), Value::Array(actual)) => {
            let mut pairs = expected.iter().zip(actual);
            expected.len() == actual.len() && pairs.all(|(a, b)| fits(a, b, holes))
        }
        (Value::Number(expected), Value::Number(actual)) => expected.as_f64() == actual.as_f64(),
        _ => expected == actual,
    }
}

fn fits_members(
    expected: &Map<String, Value>,
    actual: &Map<String, Value>,
    holes: &[&str],
) -> bool {
    expected.len() == actual.len()
        && expected.iter().all(|(name, value)| {
            actual
                .get(name)
                .is_some_and(|actual| fits(value, actual, holes))
        })
}

/// Text with wildcards of the form `<something>`.
fn fits_text(expected: &str, actual: &str, holes: &[&str]) -> bool {
    let is_wild = |hole: &&&str| hole.starts_with('<') && expected.contains(**hole);
    let Some(first) = holes
        .iter()
        .filter(is_wild)
        .min_by_key(|hole| (expected.find(**hole), std::cmp::Reverse(hole.len())))
    else {
        return expected == actual;
    };
    let (before, behind) = expected.split_once(first).unwrap();
    let Some(rest) = actual.strip_prefix(before) else {
        return false;
    };
    let mut ends = rest.char_indices().map(|(end, _)| end).chain([rest.len()]);
    ends.any(|end| fits_text(behind, &rest[end..], holes))
}
