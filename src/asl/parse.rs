//! From a definition's text to a state machine, or to everything that is wrong with it.

use super::codes;
use super::graph;
use super::machine::StateMachine;
use super::reader::{Node, Reader};
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::value::Arena;
use crate::value::Constants;
use crate::value::ParseError;
use crate::value::ParseLimits;

/// Longest definition, in characters.
const MAX_DEFINITION: usize = 1_048_576;

/// Deepest JSON of a definition.
const MAX_JSON_DEPTH: usize = 512;

/// Reads and checks a definition: the machine with warnings, or all problems (warnings among them) in the order of the
/// text.
pub fn parse(text: &str) -> Result<(StateMachine, Vec<Diagnostic>), Vec<Diagnostic>> {
    if text.chars().count() > MAX_DEFINITION {
        let message = format!("a definition has at most {MAX_DEFINITION} characters");
        return Err(vec![of_document(codes::TOO_LARGE, message, None)]);
    }
    let mut document = Arena::new(Constants::empty());
    let value = document
        .parse(text.as_bytes(), limits(false))
        .map_err(|error| {
            let position = position(&error);
            vec![of_document(codes::NOT_JSON, error.message, Some(position))]
        })?;

    let mut reader = Reader::new(&document, text);
    let top = Node {
        value,
        pointer: String::new(),
    };
    let header = StateMachine::read(&mut reader, &top);
    graph::check(&mut reader, &top);

    let mut problems = reader.into_problems();
    // A state that hides another of the same name is never meant; AWS's own parser does not say which one it takes.
    if let Err(error) = Arena::new(Constants::empty()).parse(text.as_bytes(), limits(true)) {
        let at = Some(position(&error));
        problems.push(of_document(codes::DUPLICATE_FIELD, error.message, at));
        problems.sort_by_key(|problem| problem.position);
    }
    if problems
        .iter()
        .any(|problem| problem.severity == Severity::Error)
    {
        return Err(problems);
    }
    let header = header.expect("a definition without errors is an object");
    let machine = StateMachine {
        comment: header.comment,
        timeout_seconds: header.timeout_seconds,
        scope: header
            .scope
            .expect("a definition without errors has a scope"),
        text: text.to_string(),
        document,
    };
    Ok((machine, problems))
}

fn limits(reject_duplicate_keys: bool) -> ParseLimits {
    ParseLimits {
        depth: MAX_JSON_DEPTH,
        reject_duplicate_keys,
    }
}

fn position(error: &ParseError) -> Position {
    Position {
        line: error.line,
        column: error.column,
    }
}

fn of_document(code: &'static str, message: String, position: Option<Position>) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code,
        pointer: String::new(),
        position,
        message,
        help: None,
    }
}
