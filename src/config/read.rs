//! From the text of a config to what its keys say, or to what is wrong with them.

use super::file::File;
use super::places::Places;
use super::problem::{Document, Problem};
use super::{codes, keys};
use crate::diagnostic::{Diagnostic, Lines, Position, Severity};

/// By format: TOML, or YAML, of which JSON is a part. `text` is the document's with its references replaced.
pub(super) fn file(
    document: &Document,
    text: &str,
    toml: bool,
    places: Option<&Places>,
) -> Result<File, Vec<Problem>> {
    let parsed = match toml {
        true => from_toml(text),
        false => from_yaml(text),
    };
    parsed.map_err(|(position, message)| {
        let mut problems = unknown_keys(document, places);
        // The parser stops at the first problem, which may be one of them.
        let mut places = problems.iter().map(|problem| problem.diagnostic().position);
        if position.is_none() || !places.any(|place| place == position) {
            problems.push(document.error_at(codes::SYNTAX, "", position, message));
        }
        problems
    })
}

/// Where the parser stopped, and why.
type Stopped = (Option<Position>, String);

fn from_toml(text: &str) -> Result<File, Stopped> {
    toml::from_str(text).map_err(|found| {
        let lines = Lines::new(text);
        let position = found.span().map(|span| lines.position(span.start));
        (position, found.message().to_string())
    })
}

fn from_yaml(text: &str) -> Result<File, Stopped> {
    if text.trim().is_empty() {
        return Err((None, "the file is empty".to_string()));
    }
    serde_saphyr::from_str(text).map_err(|found| {
        let message = found.without_snippet().to_string();
        let Some(location) = found.location() else {
            return (None, message);
        };
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (line, column) = (number(location.line()), number(location.column()));
        let place = format!(" at line {line}, column {column}");
        let message = message.strip_suffix(&place).unwrap_or(&message).to_string();
        (Some(Position { line, column }), message)
    })
}

fn unknown_keys(document: &Document, places: Option<&Places>) -> Vec<Problem> {
    let schema = serde_json::to_value(schemars::schema_for!(File)).unwrap_or_default();
    let unknown = places.map(|places| keys::unknown(&schema, places));
    let problem = |unknown: keys::Unknown| {
        document.problem(Diagnostic {
            severity: Severity::Error,
            code: codes::SYNTAX,
            pointer: unknown.pointer,
            position: Some(unknown.position),
            message: format!("there is no key `{}` here", unknown.name),
            help: Some(unknown.help),
            refusal: None,
        })
    };
    unknown.into_iter().flatten().map(problem).collect()
}
