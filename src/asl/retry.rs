//! What happens on an error: `Retry` and `Catch`.

use std::collections::HashSet;

use super::codes;
use super::fields::{Fields, SECONDS};
use super::reader::{Node, Reader, shorten};
use super::{Field, NullablePath, Place};
use crate::diagnostic::did_you_mean;
use crate::error_name;
use crate::expr::QueryPlace;
use crate::value::Value;

/// One entry of `Retry`; defaults are filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrier {
    /// Error names, never empty; `States.ALL` stands alone, in the last retrier.
    pub error_equals: Vec<Field<String>>,
    /// Delay before the first retry.
    pub interval_seconds: u64,
    /// 0 means that these errors are never retried.
    pub max_attempts: u64,
    /// At least 1.
    pub backoff_rate: f64,
    /// Caps the delay.
    pub max_delay_seconds: Option<u64>,
    /// How the delay is drawn.
    pub jitter_strategy: JitterStrategy,
    /// The retrier.
    pub place: Place,
}

/// How a delay is spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JitterStrategy {
    /// `NONE`: exactly the computed delay.
    #[default]
    None,
    /// `FULL`: uniformly between 0 and the computed delay.
    Full,
}

/// One entry of `Catch`.
#[derive(Clone, Debug, PartialEq)]
pub struct Catcher {
    /// Error names, never empty; `States.ALL` stands alone, in the last catcher.
    pub error_equals: Vec<Field<String>>,
    /// Where in the raw input the error output goes.
    pub result_path: NullablePath,
    /// JSONata: what the next state gets instead of the error output.
    pub output: Option<Field<Value>>,
    /// Variables to assign.
    pub assign: Option<Field<Value>>,
    /// The state that goes on.
    pub next: Field<String>,
    /// The catcher.
    pub place: Place,
}

impl Retrier {
    /// `Retry` of a state.
    pub(super) fn read_all(fields: &mut Fields<'_, '_>) -> Vec<Retrier> {
        let entries = read_entries(fields, "Retry", "a retrier");
        let mut retriers = Vec::new();
        for (node, error_equals) in entries {
            let Some(mut fields) = Fields::of(fields.reader, &node, "a retrier") else {
                continue;
            };
            fields.take("ErrorEquals");
            fields.comment();
            let jitter = fields
                .take("JitterStrategy")
                .and_then(|node| fields.reader.word(&node, &["NONE", "FULL"]));
            let integer = |field: Option<Field<u64>>| field.map(|field| field.value);
            retriers.push(Retrier {
                error_equals,
                interval_seconds: integer(fields.integer("IntervalSeconds", SECONDS)).unwrap_or(1),
                max_attempts: integer(fields.integer("MaxAttempts", 0..=99_999_999)).unwrap_or(3),
                backoff_rate: read_backoff_rate(&mut fields).unwrap_or(2.0),
                max_delay_seconds: integer(fields.integer("MaxDelaySeconds", 1..=31_622_400)),
                jitter_strategy: match jitter {
                    Some(1) => JitterStrategy::Full,
                    _ => JitterStrategy::None,
                },
                place: fields.reader.place(&node),
            });
            fields.finish();
        }
        retriers
    }
}

impl Catcher {
    /// `Catch` of a state.
    pub(super) fn read_all(fields: &mut Fields<'_, '_>) -> Vec<Catcher> {
        let entries = read_entries(fields, "Catch", "a catcher");
        let mut catchers = Vec::new();
        for (node, error_equals) in entries {
            let Some(mut fields) = Fields::of(fields.reader, &node, "a catcher") else {
                continue;
            };
            fields.take("ErrorEquals");
            fields.comment();
            let result_path = fields.result_path();
            let output = fields.value("Output", QueryPlace::Catcher);
            let assign = fields.assign(QueryPlace::Catcher);
            if let Some(next) = fields.required_string("Next") {
                catchers.push(Catcher {
                    error_equals,
                    result_path,
                    output,
                    assign,
                    next,
                    place: fields.reader.place(&node),
                });
            }
            fields.finish();
        }
        catchers
    }
}

fn read_backoff_rate(fields: &mut Fields<'_, '_>) -> Option<f64> {
    let node = fields.take("BackoffRate")?;
    let reader = &mut *fields.reader;
    let Some(number) = reader.document.as_number(node.value) else {
        reader.wrong_type(&node, "a number");
        return None;
    };
    let rate = number.as_f64();
    if rate.is_finite() && rate >= 1.0 {
        return Some(rate);
    }
    let message = format!("must be a number from 1.0, not {}", reader.spelling(&node));
    reader.error(&node, codes::OUT_OF_RANGE, message);
    None
}

/// The entries of `Retry` or `Catch` with their error names.
fn read_entries(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    owner: &str,
) -> Vec<(Node, Vec<Field<String>>)> {
    let Some(list) = fields.take(name) else {
        return Vec::new();
    };
    let reader = &mut *fields.reader;
    let nodes = reader.maybe_empty_elements(&list);
    let mut seen = HashSet::new();
    let mut entries = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let names = read_error_equals(reader, node, owner);
        let all = names.iter().find(|(_, name)| name.value == error_name::ALL);
        if let Some((at, _)) = all {
            if names.len() > 1 {
                let message = "'States.ALL' must stand alone in 'ErrorEquals'";
                reader.error(at, codes::ALL_NOT_ALONE, message);
            }
            if index + 1 < nodes.len() {
                let message = format!("'States.ALL' must stand in the last entry of '{name}'");
                reader.error(at, codes::ALL_NOT_LAST, message);
            }
        }
        // Not short-circuited: every name has to be noted.
        let fresh = names
            .iter()
            .filter(|(_, name)| seen.insert(name.value.clone()))
            .count();
        if fresh == 0 && !names.is_empty() {
            let message = format!("{owner} before this one takes all of its errors");
            reader.warning(node, codes::UNREACHABLE_ENTRY, message, None);
        }
        let names = names.into_iter().map(|(_, name)| name).collect();
        entries.push((node.clone(), names));
    }
    entries
}

fn read_error_equals(
    reader: &mut Reader<'_>,
    entry: &Node,
    owner: &str,
) -> Vec<(Node, Field<String>)> {
    let Some(list) = reader.member(entry, "ErrorEquals") else {
        if reader.is_object(entry) {
            let message = format!("the field 'ErrorEquals' is required in {owner} but was missing");
            reader.error(entry, codes::MISSING_FIELD, message);
        }
        return Vec::new();
    };
    let mut names = Vec::new();
    for node in reader.elements(&list) {
        if let Some(name) = reader.string(&node) {
            warn_of_error_name(reader, &node, &name);
            names.push((node, name));
        }
    }
    names
}

/// Errors of the language that may be named, beside `States.Http.StatusCode.…`.
const ERROR_NAMES: &[&str] = &[
    error_name::ALL,
    error_name::RUNTIME,
    error_name::TIMEOUT,
    error_name::HEARTBEAT_TIMEOUT,
    error_name::TASK_FAILED,
    error_name::PERMISSIONS,
    error_name::RESULT_PATH_MATCH_FAILURE,
    error_name::INTRINSIC_FAILURE,
    error_name::DATA_LIMIT_EXCEEDED,
    "States.ParameterPathFailure",
    "States.BranchFailed",
    "States.NoChoiceMatched",
    "States.QueryEvaluationError",
    "States.ExceedToleratedFailureThreshold",
    "States.ItemReaderFailed",
    "States.ResultWriterFailed",
    "States.Http.Socket",
];

fn warn_of_error_name(reader: &mut Reader<'_>, at: &Node, name: &str) {
    let reserved = name.to_ascii_lowercase().starts_with("states.");
    if name == error_name::RUNTIME {
        let message = "'States.Runtime' is never retried or caught";
        reader.warning(at, codes::NEVER_CAUGHT, message, None);
    } else if reserved
        && !ERROR_NAMES.contains(&name)
        && !name.starts_with("States.Http.StatusCode.")
    {
        let message = format!("no error is called {:?}", shorten(name));
        let help = did_you_mean(name, ERROR_NAMES.iter().copied());
        reader.warning(at, codes::UNKNOWN_ERROR_NAME, message, help);
    }
}
