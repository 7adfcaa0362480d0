//! From a definition's text to a state machine, or to everything that is wrong with it.

use super::codes;
use super::graph;
use super::machine::StateMachine;
use super::reader::{Node, Reader};
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::value::Arena;
use crate::value::Constants;
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
    let limits = ParseLimits {
        depth: MAX_JSON_DEPTH,
        reject_duplicate_keys: true,
    };
    let value = document.parse(text.as_bytes(), limits).map_err(|error| {
        let position = Position {
            line: error.line,
            column: error.column,
        };
        vec![of_document(codes::NOT_JSON, error.message, Some(position))]
    })?;

    let mut reader = Reader::new(&document, text);
    let top = Node {
        value,
        pointer: String::new(),
    };
    let header = StateMachine::read(&mut reader, &top);
    graph::check(&mut reader, &top);

    let problems = reader.into_problems();
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
